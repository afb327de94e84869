"""How a sweep searches (`search`) and which trials it gives up early (`pruning`).

The pieces and their options are Optuna's under its own names (https://optuna.readthedocs.io).
Optuna is imported only where a search begins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from gwangye.options import Piece, Registry

if TYPE_CHECKING:
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler

Count = Annotated[int, Field(ge=1)]


class Search(Piece):
    """A way through the space."""


SEARCHES: Registry[Search] = Registry("search")


@SEARCHES.register("grid")
class GridSearch(Search):
    """Every combination of the lists, in their order; the last parameter changes first."""


class SampledSearch(Search):
    """Trials that are drawn one after the other."""

    optuna: ClassVar[str]
    trials: Count = Field(description="How many, those that are given up included.")
    seed: int = Field(0, ge=0, description="Another seed draws other trials.")

    def sampler(self, number: int) -> BaseSampler:
        """Return Optuna's sampler for a trial: it depends on the seed and the trial's number."""
        import numpy as np
        import optuna

        seed = int(np.random.SeedSequence([self.seed, number]).generate_state(1)[0])
        options = self.model_dump(exclude={"trials", "seed"})
        sampler: BaseSampler = getattr(optuna.samplers, self.optuna)(seed=seed, **options)
        return sampler


@SEARCHES.register("random")
class RandomSearch(SampledSearch):
    """Drawn at random, whatever the scores (Bergstra & Bengio, JMLR 13, 2012)."""

    optuna = "RandomSampler"


@SEARCHES.register("tpe")
class TpeSearch(SampledSearch):
    """Drawn where good scores are denser than bad ones (Bergstra et al., NIPS 2011)."""

    optuna = "TPESampler"
    n_startup_trials: Annotated[int, Field(ge=0)] = Field(
        10, description="So many are drawn at random first."
    )


@SEARCHES.register("gp")
class GaussianProcessSearch(SampledSearch):
    """Drawn where a Gaussian process expects the most: for few and expensive trials."""

    optuna = "GPSampler"
    n_startup_trials: Count = Field(10, description="So many are drawn at random first.")


class Pruning(Piece):
    """Which trials are given up. A step is an evaluation during training, counted from 1."""

    optuna: ClassVar[str]

    def pruner(self) -> BasePruner:
        """Return Optuna's pruner."""
        import optuna

        pruner: BasePruner = getattr(optuna.pruners, self.optuna)(**self.model_dump())
        return pruner


PRUNINGS: Registry[Pruning] = Registry("pruning")


@PRUNINGS.register("none")
class NoPruning(Pruning):
    """All trials are trained to their end."""

    optuna = "NopPruner"


@PRUNINGS.register("median")
class MedianPruning(Pruning):
    """Those whose best evaluation so far is worse than the median of the others at that step."""

    optuna = "MedianPruner"
    n_startup_trials: Annotated[int, Field(ge=0)] = Field(
        5, description="None is given up before so many have finished."
    )
    n_warmup_steps: Annotated[int, Field(ge=0)] = Field(
        0, description="None is given up at its first so many evaluations."
    )


@PRUNINGS.register("hyperband")
class HyperbandPruning(Pruning):
    """Those outside the best third at 1, 3, 9, … evaluations (Li et al., JMLR 18, 2018)."""

    optuna = "HyperbandPruner"
    min_resource: Count = Field(1, description="Evaluations that every trial has.")
    max_resource: Count | Literal["auto"] = Field(
        "auto", description="Evaluations of a whole training; auto: of the first that finishes."
    )
    reduction_factor: Annotated[int, Field(ge=2)] = Field(3, description="One in so many goes on.")
