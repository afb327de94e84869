"""The shares under which a classifier's posteriors are most likely, for many resamples at once."""

from __future__ import annotations

import numpy as np

from gwangye.evaluation.shift.resampling import Floats

TOLERANCE = 1e-7
"""A step of EM that changes no share by more ends the search."""

MAX_STEPS = 3000


def most_likely_shares(
    probabilities: Floats,
    prior: Floats,
    *,
    start: Floats,
    counts: Floats | None = None,
    known: Floats | None = None,
) -> tuple[Floats, bool]:
    """Find the fixed point of EM (Saerens et al. 2002) for each set of row counts.

    Three steps at a time: two of EM, then one along the line that they point out (scheme S3 of
    Varadhan and Roland 2008, "Simple and Globally Convergent Methods for Accelerating the
    Convergence of Any EM Algorithm", Scandinavian Journal of Statistics 35), which needs a tenth
    of the steps. The likelihood is concave in the shares: from a start without zeros, all ways
    lead to the same point.

    Args:
        probabilities: (rows, relations) posteriors under the prior.
        prior: (relations, sets) shares, a prior for each set; where it is 0, the share is.
        start: (relations, sets) shares to start from, above 0 where the prior is.
        counts: (rows, sets) how often each row counts; None counts each once, in one set.
        known: (relations,) shares that are known and stay as they are, summing to less than 1;
            NaN for the others.

    Returns:
        (relations, sets) shares, summing to 1; and whether all sets settled.
    """
    if counts is None:
        counts = np.ones((len(probabilities), 1))
    if known is None:
        known = np.full(len(prior), np.nan)
    shares = _scaled(start, known)
    running = np.arange(shares.shape[1])
    for _ in range(MAX_STEPS // 3):
        old, own, drawn = shares[:, running], prior[:, running], counts[:, running]
        once = _step(probabilities, own, drawn, old, known)
        twice = _step(probabilities, own, drawn, once, known)
        leap = _scaled(_leap(old, once, twice), known)
        shares[:, running] = _step(probabilities, own, drawn, leap, known)
        running = running[np.abs(once - old).max(axis=0) > TOLERANCE]
        if len(running) == 0:
            return shares, True
    return shares, False


def _step(
    probabilities: Floats, prior: Floats, counts: Floats, shares: Floats, known: Floats
) -> Floats:
    """Take one step of EM: the mean posterior under the shares."""
    ratio = np.divide(shares, prior, out=np.zeros_like(shares), where=prior > 0)
    evidence = probabilities @ ratio  # (rows, sets)
    # A row all of whose probability is on relations of share 0 has no say.
    weight = np.divide(counts, evidence, out=np.zeros_like(counts), where=evidence > 0)
    return _scaled(ratio * (probabilities.T @ weight), known)


def _scaled(shares: Floats, known: Floats) -> Floats:
    """Set the known shares, and scale the others to what those leave of 1.

    Of all shares that keep the known ones this is the M step's: the likelihood of a multinomial
    distribution with some probabilities fixed is largest where the others follow the counts.
    """
    free = np.isnan(known)
    scaled = np.where(free[:, None], shares, known[:, None])
    total = shares[free].sum(axis=0)
    rest = np.full_like(total, 1 - known[~free].sum())
    scaled[free] *= np.divide(rest, total, out=np.zeros_like(total), where=total > 0)
    return scaled


def _leap(old: Floats, once: Floats, twice: Floats) -> Floats:
    """Go on along the line of two steps, as far as their change of length suggests."""
    first, second = once - old, twice - once
    bend = np.linalg.norm(second - first, axis=0)
    length = np.divide(np.linalg.norm(first, axis=0), bend, out=np.ones_like(bend), where=bend > 0)
    length = np.maximum(length, 1)  # 1 is the second step itself
    ahead = old + 2 * length * first + length**2 * (second - first)
    leap: Floats = np.where(ahead > 0, ahead, twice)
    return leap
