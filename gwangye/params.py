"""The typed model of ``params.yaml``: everything is checked here before any work is done.

Unknown keys fail with the nearest known one; names are looked up in the registries; pairs of
options that do not go together fail with the reason and the remedy. Nothing here imports torch or
transformers, so every stage can afford the whole check.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Field, ValidationError

from gwangye.data.labels import read_labels
from gwangye.data.options import Data, Split
from gwangye.data.splitting import STRATEGIES, SplitStrategy
from gwangye.encoders.options import Encoder
from gwangye.errors import ParameterError, did_you_mean
from gwangye.evaluation.options import Evaluate
from gwangye.evaluation.robustness import RobustnessOptions
from gwangye.evaluation.targets import TargetOptions
from gwangye.inputs.markers.input_form import InputForm
from gwangye.options import Section, Seed, explain
from gwangye.prediction.ensembling import ENSEMBLES, Ensemble
from gwangye.training.arguments import check_training_arguments
from gwangye.training.augmentation import build_augmentations, for_task
from gwangye.training.losses import LOSSES
from gwangye.training.pretraining import Pretraining
from gwangye.training.variants import ResolvedVariant, Variant, resolve

NAME = re.compile(r"[a-z][a-z0-9_]*")
# Folders beside the variants' own, which a variant's outputs would overwrite.
RESERVED_NAMES = {"encoders", "ensemble", "submission"}
PRETRAINED = "pretrained"
"""What the encoder stage's encoder is called; the others are those of `pretrain`."""


class Params(Section):
    """All of params.yaml, checked.

    Use :meth:`from_mapping` or :func:`load_params`; both raise
    :class:`~gwangye.errors.ParameterError` with one line per fault.
    """

    seed: Seed
    data: Data
    encoder: Encoder
    pretrain: dict[str, Pretraining] = Field(default_factory=dict)
    split: Split
    inputs: dict[str, dict[str, Any]]
    loss: dict[str, Any]
    losses: dict[str, dict[str, Any]] = Field(default_factory=dict)
    train: dict[str, Any]
    augment: dict[str, Any] = Field(default_factory=dict)
    variants: Annotated[dict[str, Variant], Field(min_length=1)]
    ensemble: dict[str, Any]
    target: TargetOptions = TargetOptions()
    evaluate: Evaluate = Evaluate()
    robustness: RobustnessOptions = RobustnessOptions()

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Params:
        """Check a whole parameter mapping.

        Raises:
            ParameterError: Anything in it is unknown, missing, out of range or contradictory.
        """
        try:
            params = cls(**values)
        except ValidationError as error:
            raise ParameterError(explain(error, "")) from error
        params.check()
        return params

    def check(self) -> None:
        """Build every piece once and check what goes with what."""
        _check_names("inputs", self.inputs)
        _check_names("variants", self.variants)
        _check_names("pretrain", self.pretrain)
        if PRETRAINED in self.pretrain:
            raise ParameterError(
                f"pretrain.{PRETRAINED}: the name is the encoder stage's. Choose another."
            )
        for name in self.pretrain:
            self.pretrain[name].check(f"pretrain.{name}")
        self.split_strategy()
        check_training_arguments(self.train, "train")
        build_augmentations(self.augment, "augment")
        LOSSES.build(self.loss, "loss")
        for name in self.losses:
            LOSSES.build(self.losses[name], f"losses.{name}")
        for name in self.inputs:
            self.input_form(name)
        for name in self.variants:
            self._check_variant(name)
        self._check_ensemble()
        if self.data.labels is not None and Path(self.data.labels).is_file():
            self.check_labels(read_labels(Path(self.data.labels)))

    def check_labels(self, labels: Sequence[str]) -> None:
        """Check what the parameters say of single relations, once these are known.

        Raises:
            ParameterError: A class weight is missing or is of no relation, or an augmentation
                names a relation that does not exist.
        """
        for name in self.variants:
            variant, where = self.variant(name), f"variants.{name}"
            variant.loss.check_labels(labels, f"{where}.loss")
            for_task(variant.augment, labels, f"{where}.augment")

    def split_strategy(self) -> SplitStrategy:
        """Return the split strategy that ``split.strategy`` names."""
        return STRATEGIES.build(self.split.strategy, "split.strategy")

    def input_form(self, name: str) -> InputForm:
        """Return the input form ``inputs.<name>``."""
        if name not in self.inputs:
            raise ParameterError(f"inputs.{name} does not exist. {did_you_mean(name, self.inputs)}")
        return InputForm.from_params(self.inputs[name], f"inputs.{name}")

    def members(self) -> list[str]:
        """Return the names of the ensemble's members."""
        members: list[str] = self.ensemble.get("members") or []
        if not members or len(set(members)) < len(members):
            raise ParameterError(
                f"ensemble.members is {members}: name one or more variants, each once."
            )
        return members

    def ensembler(self) -> Ensemble:
        """Return how the members' probabilities are combined."""
        choice = {key: value for key, value in self.ensemble.items() if key != "members"}
        return ENSEMBLES.build(choice, "ensemble")

    def variant(self, name: str) -> ResolvedVariant:
        """Return a variant with its head, its loss and its training arguments looked up.

        Raises:
            ParameterError: There is no such variant, or something it names does not exist.
        """
        if name not in self.variants:
            raise ParameterError(
                f"variants.{name} does not exist. {did_you_mean(name, self.variants)}"
            )
        return resolve(
            name,
            self.variants[name],
            seed=self.seed,
            losses={
                "loss": self.loss,
                **{f"losses.{key}": self.losses[key] for key in self.losses},
            },
            train=self.train,
            augment=self.augment,
        )

    def _check_variant(self, name: str) -> None:
        where = f"variants.{name}"
        if name in RESERVED_NAMES:
            raise ParameterError(f"{where}: the name is taken by the pipeline. Choose another.")
        if self.variants[name].input not in self.inputs:
            hint = did_you_mean(self.variants[name].input, self.inputs)
            raise ParameterError(
                f"{where}.input: there is no input '{self.variants[name].input}'. {hint}"
            )
        self._check_encoder(name)
        variant = self.variant(name)
        if len(set(variant.seeds)) < len(variant.seeds):
            raise ParameterError(f"{where}.seeds names a seed twice: {variant.seeds}")
        # with the shared section below it: a pair of arguments may be split between the two
        check_training_arguments(variant.train, f"{where}.train")
        form = self.input_form(variant.input)
        if variant.head.needs_entities and not form.marks_entities:
            raise ParameterError(
                f"{where}: head '{variant.head_name}' reads the entities, but "
                f"inputs.{variant.input} does not mark them. Use head `cls`, or an input form "
                "with markers."
            )
        if "entity_swap" in variant.augment and not form.tells_roles:
            raise ParameterError(
                f"{where}.augment.entity_swap changes the roles of the entities, but "
                f"inputs.{variant.input} shows the encoder no roles: the same text would stand "
                "for two relations. Remove it, or use an input form with markers or a query."
            )

    def _check_encoder(self, name: str) -> None:
        encoders = [PRETRAINED, *self.pretrain]
        if self.variants[name].encoder not in encoders:
            raise ParameterError(
                f"variants.{name}.encoder: there is no encoder '{self.variants[name].encoder}'. "
                f"{did_you_mean(self.variants[name].encoder, encoders)} Every name but "
                f"'{PRETRAINED}' is one of `pretrain`."
            )

    def _check_ensemble(self) -> None:
        self.ensembler()
        for member in self.members():
            name, _, seed = member.partition("/")
            if name not in self.variants:
                hint = did_you_mean(name, self.variants)
                raise ParameterError(f"ensemble.members: '{member}' is not a variant. {hint}")
            seeds = [str(seed) for seed in self.variant(name).seeds]
            if seed and (seed not in seeds or len(seeds) == 1):
                raise ParameterError(
                    f"ensemble.members: '{member}' is no seed of several of variants.{name}, "
                    f"which is trained with {', '.join(seeds)}. Name the variant alone for the "
                    f"mean over its seeds, or set variants.{name}.seeds."
                )
        if self.ensemble["name"] == "stacking" and len(self.split.folds) < 2:
            raise ParameterError(
                "ensemble.name: stacking learns from out-of-fold predictions, but split.folds is "
                f"{self.split.folds}: with one fold it would be scored on the rows it learnt from. "
                f"Train more folds, e.g. split.folds: {list(range(self.split.num_folds))}, or use "
                "`soft` or `weighted`."
            )


def load_params(path: Path) -> Params:
    """Read and check a parameter file.

    Raises:
        ParameterError: The file is missing, is not YAML, or holds a fault.
    """
    if not path.is_file():
        raise ParameterError(f"{path} does not exist. Run from the folder that holds params.yaml.")
    return Params.from_mapping(read_values(path.read_text(encoding="utf-8"), str(path)))


def read_values(text: str, where: str) -> dict[str, Any]:
    """Read the YAML of a parameter file, unchecked; ``where`` is what messages call it.

    Raises:
        ParameterError: The text is not YAML, or not a mapping.
    """
    try:
        values = yaml.load(text, Loader=_Yaml12Loader)
    except yaml.YAMLError as error:
        raise ParameterError(f"{where} is not YAML: {error}") from error
    if not isinstance(values, dict):
        raise ParameterError(f"{where} holds {type(values).__name__}, not sections of parameters.")
    return values


class _Yaml12Loader(yaml.SafeLoader):
    """SafeLoader with YAML 1.2's floats.

    `dvc exp run -S lr=1e-5` writes `1e-05`, without a dot, which YAML 1.1 reads as a string.
    """


_Yaml12Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)[eE][-+]?[0-9]+$"),
    list("-+.0123456789"),
)


def _check_names(section: str, names: Mapping[str, Any]) -> None:
    for name in names:
        if not NAME.fullmatch(name):
            raise ParameterError(
                f"{section}.{name}: a name has lower-case letters, digits and '_' and starts "
                "with a letter, since it becomes a file name and a parameter path."
            )
