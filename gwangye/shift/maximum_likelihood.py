"""The shares under which a classifier's posteriors are most likely, for many resamples at once."""

from __future__ import annotations

import numpy as np

from gwangye.shift.resampling import Floats

TOLERANCE = 1e-7
"""A step of EM that changes no share by more ends the search."""

MAX_STEPS = 3000


def most_likely_shares(
    probabilities: Floats, prior: Floats, *, start: Floats, counts: Floats | None = None
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

    Returns:
        (relations, sets) shares, summing to 1; and whether all sets settled.
    """
    if counts is None:
        counts = np.ones((len(probabilities), 1))
    shares = start / start.sum(axis=0)
    running = np.arange(shares.shape[1])
    for _ in range(MAX_STEPS // 3):
        old, own, drawn = shares[:, running], prior[:, running], counts[:, running]
        once = _step(probabilities, own, drawn, old)
        twice = _step(probabilities, own, drawn, once)
        shares[:, running] = _step(probabilities, own, drawn, _leap(old, once, twice))
        running = running[np.abs(once - old).max(axis=0) > TOLERANCE]
        if len(running) == 0:
            return shares, True
    return shares, False


def _step(probabilities: Floats, prior: Floats, counts: Floats, shares: Floats) -> Floats:
    """Take one step of EM: the mean posterior under the shares."""
    ratio = np.divide(shares, prior, out=np.zeros_like(shares), where=prior > 0)
    evidence = probabilities @ ratio  # (rows, sets)
    # A row all of whose probability is on relations of share 0 has no say.
    weight = np.divide(counts, evidence, out=np.zeros_like(counts), where=evidence > 0)
    new = ratio * (probabilities.T @ weight)
    total: Floats = new.sum(axis=0)
    return new / total


def _leap(old: Floats, once: Floats, twice: Floats) -> Floats:
    """Go on along the line of two steps, as far as their change of length suggests."""
    first, second = once - old, twice - once
    bend = np.linalg.norm(second - first, axis=0)
    length = np.divide(np.linalg.norm(first, axis=0), bend, out=np.ones_like(bend), where=bend > 0)
    length = np.maximum(length, 1)  # 1 is the second step itself
    ahead = old + 2 * length * first + length**2 * (second - first)
    leap: Floats = np.where(ahead > 0, ahead, twice)
    return leap
