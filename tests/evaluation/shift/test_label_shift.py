"""EM and BBSE on predictions whose answer can be worked out by hand."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest

from gwangye.errors import DataError, ParameterError
from gwangye.evaluation.shift.label_shares import ShareEstimate
from gwangye.evaluation.shift.label_shift import bbse_shares, em_shares
from gwangye.evaluation.shift.maximum_likelihood import most_likely_shares

TWO = ["no_relation", "per:title"]
THREE = ["no_relation", "per:title", "org:product"]
OPTIONS = {"resamples": 20, "seed": 0}


def rows(*kinds: tuple[int, list[float]]) -> np.ndarray:
    """Return so many rows of each kind of probabilities."""
    return np.repeat([p for _, p in kinds], [count for count, _ in kinds], axis=0)


def ids(*counts: int) -> np.ndarray:
    """Return so many rows of label 0, of label 1 and so on."""
    return np.repeat(np.arange(len(counts)), counts)


def em(target: np.ndarray, source: list[int], labels: list[str] = TWO) -> ShareEstimate:
    return em_shares(target, source, labels, **OPTIONS)


def test_em_by_hand() -> None:
    """A title has kind A (p = .8) with likelihood .8 and kind B (.2) with .2; no_relation reversed.

    So A's share is .8π + .2(1 − π); of 20 rows 13 are A, .65: π = .75. As a fixed point: with it
    A's posterior is .6/(.6 + .05) = 12/13, B's .15/(.15 + .2) = 3/7; (13·12/13 + 7·3/7)/20 = .75.
    """
    found = em(rows((13, [0.2, 0.8]), (7, [0.8, 0.2])), [50, 50])
    assert found.shares.tolist() == pytest.approx([0.25, 0.75], abs=1e-5)
    assert (found.method, found.labels) == ("em", tuple(TWO))
    assert found.converged
    assert found.identified
    assert found.target == pytest.approx({"no_relation": 0.25, "per:title": 0.75}, abs=1e-5)


def test_em_undoes_the_source_prior() -> None:
    """The same likelihood ratios 4 and 1/4 under a prior of 1/4: odds 4/3 and 1/12."""
    found = em(rows((13, [3 / 7, 4 / 7]), (7, [12 / 13, 1 / 13])), [75, 25])
    assert found.shares.tolist() == pytest.approx([0.25, 0.75], abs=1e-5)


def test_em_ends_at_a_share_of_0_or_1() -> None:
    """19 of 20 rows are A, more than the .8 that titles alone explain."""
    found = em(rows((19, [0.2, 0.8]), (1, [0.8, 0.2])), [50, 50])
    assert found.shares.tolist() == pytest.approx([0, 1], abs=1e-5)


def test_fast_em_finds_the_fixed_point_of_plain_em() -> None:
    generator = np.random.default_rng(0)
    true = generator.choice(4, 300, p=[0.6, 0.2, 0.15, 0.05])
    probabilities = np.array([generator.dirichlet(1 + 2 * np.eye(4)[label]) for label in true])
    prior = np.array([0.3, 0.3, 0.3, 0.1])
    plain = prior
    for _ in range(5000):
        posterior = probabilities * plain / prior
        plain = (posterior / posterior.sum(axis=1, keepdims=True)).mean(axis=0)
    fast, settled = most_likely_shares(probabilities, prior[:, None], start=prior[:, None])
    assert settled
    np.testing.assert_allclose(fast[:, 0], plain, atol=1e-5)
    # the case says something: the answer is neither the prior nor at an end
    assert np.abs(plain - prior).max() > 0.1
    assert plain.min() > 0.001


def test_em_counts_are_as_good_as_rows() -> None:
    few, prior = rows((1, [0.2, 0.8]), (1, [0.8, 0.2])), np.array([[0.5, 0.25], [0.5, 0.75]])
    counts = np.array([[13.0, 1.0], [7.0, 0.0]])
    found, _ = most_likely_shares(few, prior, start=prior, counts=counts)
    assert found[:, 0].tolist() == pytest.approx([0.25, 0.75], abs=1e-5)
    # one row, likelihood .2/.25 : .8/.75 for title: only titles
    assert found[:, 1].tolist() == pytest.approx([0, 1], abs=1e-4)


def bbse(
    validation: np.ndarray, true: np.ndarray, target: np.ndarray, labels: list[str], soft: bool
) -> ShareEstimate:
    return bbse_shares(validation, true, target, labels, soft=soft, **OPTIONS)


SURE = np.array([[0.9, 0.1], [0.1, 0.9]])  # predicts no_relation, title


def test_hard_bbse_by_hand() -> None:
    """8 of 10 no_relation rows and 4 of 5 titles are predicted so: C = [[.8, .2], [.2, .8]].

    Title is predicted for 13 of 20 target rows: .2·(1 − q) + .8·q = .65, q = .75.
    """
    validation = SURE[[0] * 8 + [1] * 2 + [0] + [1] * 4]
    target = SURE[[0] * 7 + [1] * 13]
    found = bbse(validation, ids(10, 5), target, TWO, soft=False)
    assert found.shares.tolist() == pytest.approx([0.25, 0.75], abs=1e-6)
    assert found.method == "bbse_hard"
    assert found.identified
    # the columns (.8, .2) and (.2, .8), with cosine .32/.68 = 8/17: sqrt((1 + 8/17)/(1 − 8/17))
    assert found.condition == pytest.approx((25 / 9) ** 0.5)


def test_hard_bbse_of_three_relations_counts_the_most_probable_one() -> None:
    """A predictor that is always right, though never sure: the target's own counts."""
    unsure = np.array([[0.5, 0.3, 0.2], [0.2, 0.5, 0.3], [0.2, 0.3, 0.5]])
    found = bbse(unsure[ids(3, 4, 5)], ids(3, 4, 5), unsure[ids(5, 3, 2)], THREE, soft=False)
    assert found.shares.tolist() == pytest.approx([0.5, 0.3, 0.2])
    assert found.condition == pytest.approx(1)


def test_soft_bbse_by_hand() -> None:
    """Title gets .3 on average where there is none, .6 where there is; .525 in the target.

    .3·(1 − q) + .6·q = .525, q = .75. All predictions of validation are no_relation but titles'.
    """
    validation = rows((5, [0.6, 0.4]), (5, [0.8, 0.2]), (3, [0.4, 0.6]))
    target = rows((1, [0.5, 0.5]), (1, [0.45, 0.55]))
    found = bbse(validation, ids(10, 3), target, TWO, soft=True)
    assert found.shares.tolist() == pytest.approx([0.25, 0.75], abs=1e-6)
    assert found.method == "bbse_soft"


def test_bbse_never_gives_a_negative_share() -> None:
    """Title is predicted for 19 of 20 rows: the inverse gives (.95 − .2)/.6 = 1.25, and −.25."""
    validation = SURE[[0] * 8 + [1] * 2 + [0] + [1] * 4]
    found = bbse(validation, ids(10, 5), SURE[[0] + [1] * 19], TWO, soft=False)
    assert found.shares.tolist() == pytest.approx([0, 1])
    assert found.low.min() >= 0
    assert found.high.max() <= 1


def test_bbse_projection_is_least_squares_and_no_clipping() -> None:
    """C = [[.6, .2, 0], [.2, .6, 0], [.2, .2, 1]], μ = (.1, .5, .4): its inverse is no answer.

    It gives (−.125, .875, .25); clipped and scaled, (0, .778, .222).
    With q = (0, b, 1 − b) the residual is (.2b − .1, .6b − .5, .6 − .8b); its square is least
    where .2(.2b − .1) + .6(.6b − .5) − .8(.6 − .8b) = 1.04b − .8 = 0.
    """
    validation = np.array([[0.6, 0.2, 0.2], [0.2, 0.6, 0.2], [0, 0, 1]])
    target = np.array([[0.1, 0.5, 0.4]])
    found = bbse(validation, ids(1, 1, 1), target, THREE, soft=True)
    assert found.shares.tolist() == pytest.approx([0, 0.7692, 0.2308], abs=1e-4)


def test_intervals_of_a_perfect_predictor_are_those_of_a_share() -> None:
    """Of 400 target rows 30 % are titles: 1.96·sqrt(.3·.7/400) = .045; validation adds nothing."""
    target, validation = np.eye(2)[ids(280, 120)], np.eye(2)[ids(50, 50)]
    options = {"resamples": 1000, "seed": 0}
    for found in (
        em_shares(target, [5000, 5000], TWO, **options),
        bbse_shares(validation, ids(50, 50), target, TWO, soft=False, **options),
        bbse_shares(validation, ids(50, 50), target, TWO, soft=True, **options),
    ):
        assert found.shares.tolist() == pytest.approx([0.7, 0.3], abs=1e-6)
        assert found.low[1] == pytest.approx(0.255, abs=0.008)
        assert found.high[1] == pytest.approx(0.345, abs=0.008)
        assert found.low[0] == pytest.approx(1 - found.high[1], abs=1e-6)


def test_validation_rows_are_resampled_too() -> None:
    """The target's rows are all alike, so all width is validation's; few rows of it, more width."""
    target = rows((50, [0.45, 0.55]))
    widths = []
    for many in (1, 16):
        validation = rows(
            (5 * many, [0.6, 0.4]),
            (5 * many, [0.8, 0.2]),
            (5 * many, [0.2, 0.8]),
            (5 * many, [0.4, 0.6]),
        )
        found = bbse_shares(
            validation, ids(10 * many, 10 * many), target, TWO, soft=True, resamples=300, seed=0
        )
        assert found.shares[1] == pytest.approx(0.625)  # .3 + .4·q = .55
        widths.append(found.high[1] - found.low[1])
    assert 3 < widths[0] / widths[1] < 5.5  # sqrt(16) = 4
    few, many = (
        em_shares(rows((13, [0.2, 0.8]), (7, [0.8, 0.2])), source, TWO, resamples=300, seed=0)
        for source in ([5, 5], [50_000, 50_000])
    )
    assert few.high[1] - few.low[1] > many.high[1] - many.low[1] + 0.02


def test_estimates_are_decided_by_the_seed() -> None:
    target = rows((13, [0.2, 0.8]), (7, [0.8, 0.2]))
    calls: list[Callable[[int], ShareEstimate]] = [
        lambda seed: em_shares(target, [50, 50], TWO, resamples=30, seed=seed),
        lambda seed: bbse_shares(
            target, ids(7, 13), target, TWO, soft=True, resamples=30, seed=seed
        ),
    ]
    for call in calls:
        first, again, other = call(1), call(1), call(2)
        np.testing.assert_array_equal(first.low, again.low)
        assert not np.array_equal(first.low, other.low)
        np.testing.assert_array_equal(first.shares, other.shares)


def test_missing_class_gets_nothing() -> None:
    """org:product has no labelled row, though the model gives it some probability."""
    target = rows((13, [0.2, 0.7, 0.1]), (7, [0.7, 0.2, 0.1]))
    validation = rows((10, [0.8, 0.1, 0.1]), (5, [0.2, 0.7, 0.1]))
    for found in (
        em(target, [50, 50, 0], THREE),
        bbse(validation, ids(10, 5), target, THREE, soft=True),
        bbse(validation, ids(10, 5), target, THREE, soft=False),
    ):
        assert found.shares[2] == found.low[2] == found.high[2] == 0
        assert found.shares.sum() == pytest.approx(1)
        assert 0 < found.shares[1] < 1


def test_constant_predictor_knows_nothing() -> None:
    constant = np.tile([0.7, 0.2, 0.1], (40, 1))
    for soft in (True, False):
        found = bbse(constant, ids(20, 15, 5), constant, THREE, soft)
        # every q explains it; the one nearest to validation's shares is these themselves
        assert found.shares.tolist() == pytest.approx([0.5, 0.375, 0.125])
        assert not found.identified
        assert found.condition == np.inf
    found = em(constant, [70, 20, 10], THREE)
    assert found.shares.tolist() == pytest.approx([0.7, 0.2, 0.1])
    assert not found.identified
    # constant, but not at the prior: the likelihood is highest where it overrates most, 4-fold
    found = em(constant, [70, 5, 25], THREE)
    assert found.shares.tolist() == pytest.approx([0, 1, 0], abs=1e-4)
    assert not found.identified


def test_relation_never_predicted_makes_hard_bbse_unidentified() -> None:
    """Both rows of org:product are predicted as title: nothing tells the two apart."""
    validation = np.eye(3)[[0] * 4 + [1] * 4 + [1] * 2]
    found = bbse(validation, ids(4, 4, 2), np.eye(3)[[0] * 4 + [1] * 6], THREE, soft=False)
    assert not found.identified
    # title and product together .6; nearest to validation's .4 and .2: exactly these
    assert found.shares.tolist() == pytest.approx([0.4, 0.4, 0.2], abs=1e-4)


def test_row_whose_relations_all_have_share_0_does_no_harm() -> None:
    """The last row is surely a product, of which the source has none."""
    found = em(np.array([[0.9, 0.1, 0], [0.1, 0.9, 0], [0, 0, 1.0]]), [5, 5, 0], THREE)
    assert found.shares.tolist() == pytest.approx([0.5, 0.5, 0])


def test_empty_parts() -> None:
    some, none = SURE, np.zeros((0, 2))
    with pytest.raises(DataError, match="no target rows to estimate shares from"):
        em(none, [1, 1])
    with pytest.raises(DataError, match="no target rows to estimate shares from"):
        bbse(some, ids(1, 1), none, TWO, soft=True)
    with pytest.raises(DataError, match="no labelled validation rows to estimate shares from"):
        bbse(none, ids(), some, TWO, soft=True)


def test_wrong_inputs() -> None:
    for source in ([1, 1, 1], [-1, 2], [0, 0]):
        with pytest.raises(DataError, match="expected 2 counts, at least 0 and not all 0, got"):
            em(SURE, source)
    with pytest.raises(DataError, match="Row 0 holds no probabilities"):
        em(SURE * 3, [1, 1])
    with pytest.raises(DataError, match="Row 0 holds no probabilities"):
        bbse(SURE * 3, ids(1, 1), SURE, TWO, soft=True)
    with pytest.raises(DataError, match="Row 0 holds no probabilities"):
        bbse(SURE, ids(1, 1), SURE * 3, TWO, soft=True)
    with pytest.raises(DataError, match="2 rows and 3 relations"):
        em(SURE, [1, 1, 1], THREE)
    with pytest.raises(DataError, match="3 rows and 2 relations"):
        bbse(SURE, ids(1, 2), SURE, TWO, soft=True)
    with pytest.raises(DataError, match="Row 1 has label id 2"):
        bbse(SURE, np.array([0, 2]), SURE, TWO, soft=True)
    with pytest.raises(ParameterError, match="resamples: 0"):
        em_shares(SURE, [1, 1], TWO, resamples=0, seed=0)
    with pytest.raises(ParameterError, match="resamples: 0"):
        bbse_shares(SURE, ids(1, 1), SURE, TWO, soft=True, resamples=0, seed=0)


# --- shares that are known from elsewhere -----------------------------------------------------


def sure(*counts: int) -> np.ndarray:
    """Return so many rows that are surely of label 0, of label 1 and so on."""
    return np.eye(len(counts))[ids(*counts)]


def test_em_estimates_what_the_known_shares_leave() -> None:
    """Of 20 sure rows 10, 6 and 4: with .2 known for the first, the others share .8 as 6 : 4."""
    found = em_shares(sure(10, 6, 4), [5, 5, 5], THREE, **OPTIONS, known={"no_relation": 0.2})
    assert found.shares.tolist() == pytest.approx([0.2, 0.48, 0.32])
    assert (found.low[0], found.high[0]) == (0.2, 0.2)
    assert found.low[1] < 0.48 < found.high[1]


def test_em_with_a_known_share_is_the_likeliest_of_those_that_keep_it() -> None:
    """Found by trying all shares in steps of .001; the first kind of row speaks for two labels."""
    target = rows((14, [0.6, 0.3, 0.1]), (4, [0.2, 0.2, 0.6]), (7, [0.2, 0.7, 0.1]))
    found = em_shares(target, [1, 1, 1], THREE, **OPTIONS, known={"org:product": 0.3})
    tried = [np.array([q, 0.7 - q, 0.3]) for q in np.arange(0, 0.7005, 0.001)]
    best = max(tried, key=lambda shares: np.log(target @ shares).sum())
    assert found.shares.tolist() == pytest.approx(best.tolist(), abs=0.001)
    assert 0.01 < found.shares[0] < 0.69


@pytest.mark.parametrize("soft", [True, False])
def test_bbse_estimates_what_the_known_shares_leave(soft: bool) -> None:
    """The nearest to (.3, .2) that sums to .8 is (.45, .35)."""
    found = bbse_shares(
        sure(4, 4, 4),
        ids(4, 4, 4),
        sure(10, 6, 4),
        THREE,
        soft=soft,
        known={"no_relation": 0.2},
        **OPTIONS,
    )
    assert found.shares.tolist() == pytest.approx([0.2, 0.45, 0.35], abs=1e-6)
    assert (found.low[0], found.high[0]) == (0.2, 0.2)


def test_bbse_takes_out_what_the_known_relations_explain() -> None:
    """Half of the titles are taken for no relation: (.5, .2, .3) predicted, .3 of it are .3 titles.

    With .4 known for titles, .2 of them are predicted so and .2 as no relation; .5 − .2 = .3 and
    .3 remain for the others, which is what they are.
    """
    found = bbse_shares(
        sure(6, 2, 4),
        np.array([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]),
        sure(5, 2, 3),
        THREE,
        soft=False,
        known={"per:title": 0.4},
        **OPTIONS,
    )
    assert found.shares.tolist() == pytest.approx([0.3, 0.4, 0.3], abs=1e-6)


def test_a_known_relation_without_labelled_rows_keeps_its_share() -> None:
    """.4 is known of products; the two others share .6 as 3 : 1."""
    known = {"org:product": 0.4}
    by_em = em_shares(sure(3, 1, 0), [5, 5, 0], THREE, **OPTIONS, known=known)
    by_bbse = bbse_shares(
        sure(4, 4, 0), ids(4, 4), sure(3, 1, 0), THREE, soft=True, known=known, **OPTIONS
    )
    for found in (by_em, by_bbse):
        assert found.shares.tolist() == pytest.approx([0.45, 0.15, 0.4], abs=1e-6)
        assert found.high.sum() > 1 > found.low.sum()
        assert (found.low[2], found.high[2]) == (0.4, 0.4)


def test_all_shares_may_be_known() -> None:
    known = {"no_relation": 0.5, "per:title": 0.3, "org:product": 0.2}
    by_em = em_shares(sure(1, 1, 1), [1, 1, 1], THREE, **OPTIONS, known=known)
    by_bbse = bbse_shares(
        sure(1, 1, 1), ids(1, 1, 1), sure(1, 1, 1), THREE, soft=True, known=known, **OPTIONS
    )
    for found in (by_em, by_bbse):
        assert found.shares.tolist() == pytest.approx([0.5, 0.3, 0.2])


@pytest.mark.parametrize(
    ("known", "message"),
    [
        ({"per:titel": 0.1}, "known: no relation 'per:titel'. Did you mean 'per:title'?"),
        ({"per:title": 1.2}, "known.per:title is 1.2. Allowed: a share from 0 to 1."),
        ({"per:title": 0.7, "org:product": 0.5}, "known: the shares sum to 1.2. Allowed: at most"),
        (
            {"no_relation": 0.5, "per:title": 0.3},
            "known: shares of all 2 relations that have labelled rows, but they sum to 0.8. Leave",
        ),
        ({"org:product": 1.0}, "known: the shares leave nothing to the relations that have lab"),
    ],
)
def test_known_shares_that_cannot_be(known: dict[str, float], message: str) -> None:
    with pytest.raises(ParameterError, match=re.escape(message)):
        em_shares(sure(3, 1, 0), [5, 5, 0], THREE, **OPTIONS, known=known)
    with pytest.raises(ParameterError, match=re.escape(message)):
        bbse_shares(
            sure(4, 4, 0), ids(4, 4), sure(3, 1, 0), THREE, soft=True, known=known, **OPTIONS
        )
