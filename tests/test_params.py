"""params.yaml's typed model: what ships is right, and every fault is told with its remedy."""

from __future__ import annotations

import copy
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from gwangye.errors import ParameterError
from gwangye.params import Params, load_params

ROOT = Path(__file__).parents[1]
SHIPPED = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))


def changed(path: str, value: Any, of: dict[str, Any] = SHIPPED) -> dict[str, Any]:
    """The shipped parameters, or others, with one value set."""
    values = copy.deepcopy(of)
    *parents, last = path.split(".")
    section = values
    for key in parents:
        section = section[key]
    section[last] = value
    return values


def test_shipped_parameters_are_right() -> None:
    params = load_params(ROOT / "params.yaml")
    assert params.members() == ["entity_start", "bilstm", "bigru"]
    assert params.variant("bilstm").loss_name == "focal"
    assert params.variant("bilstm").head_name == "bilstm"


def test_checking_imports_neither_torch_nor_transformers() -> None:
    code = (
        "import sys; from pathlib import Path; from gwangye.params import load_params; "
        "load_params(Path('params.yaml')); print({'torch', 'transformers'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert result.stdout == "set()\n", result.stderr


def test_overrides_of_a_variant_go_over_its_section() -> None:
    values = changed("variants.bilstm.loss", {"section": "losses.weighted_focal", "gamma": 3.5})
    values["variants"]["bilstm"]["train"] = {"learning_rate": 0.00001}
    variant = Params.from_mapping(values).variant("bilstm")
    assert variant.loss.model_dump()["gamma"] == 3.5
    assert variant.loss.class_weights == "effective_number"
    assert variant.train["learning_rate"] == 0.00001
    assert variant.train["num_train_epochs"] == SHIPPED["train"]["num_train_epochs"]


# what the checkpoint folder is named after must tell these apart: resuming from the weights of
# another configuration would pass unnoticed
@pytest.mark.parametrize(
    ("path", "value"),
    [("loss.gamma", 2.5), ("variants.bilstm.head.hidden_size", 7), ("train.learning_rate", 0.1)],
)
def test_dump_of_a_variant_holds_every_option(path: str, value: Any) -> None:
    shipped = Params.from_mapping(SHIPPED).variant("bilstm").model_dump()
    dumped = Params.from_mapping(changed(path, value)).variant("bilstm").model_dump()
    assert dumped != shipped
    assert dumped["loss"]["gamma"] == (2.5 if path == "loss.gamma" else 1.0)


def test_option_of_another_loss_is_left_aside() -> None:
    """`-S loss.name=cross_entropy` alone is enough, although `loss.gamma` stands there."""
    params = Params.from_mapping(changed("loss.name", "cross_entropy"))
    assert "gamma" not in params.variant("bigru").loss.model_dump()


# parameter set, its value, what the message must say
FAULTS = [
    ("sed", 1, "key 'sed' is unknown. Did you mean 'seed'?"),
    ("seed", -1, "seed: Input should be greater than or equal to 0 (found: -1)"),
    ("data.on_invalid", "dropp", "data.on_invalid: Input should be 'error' or 'drop'"),
    ("data.max_train_examples", 0, "data.max_train_examples: Input should be greater than or"),
    ("data.trian", "x", "data: key 'trian' is unknown. Did you mean 'train'?"),
    ("encoder.name", "klue/roberta", "encoder: key 'name' is unknown. Allowed: "),
    ("data.duplicates", "remove", "data.duplicates: Input should be 'keep' or 'drop'"),
    ("data.contradictions", True, "data.contradictions: Input should be 'keep' or 'drop'"),
    ("pretrain", {"pretrained": {}}, "pretrain.pretrained: the name is the encoder stage's."),
    ("pretrain", {"Tapt": {}}, "pretrain.Tapt: a name has lower-case letters"),
    (
        "pretrain",
        {"tapt": {"max_len": 1}},
        "pretrain.tapt: key 'max_len' is unknown. Did you mean 'max_length'",
    ),
    ("pretrain", {"tapt": {"train": {"layer_decay": 1}}}, "pretrain.tapt.train.layer_decay is unk"),
    ("variants.bilstm.encoder", "tapt", "variants.bilstm.encoder: there is no encoder 'tapt'."),
    ("variants.bilstm.seeds", [1, 1], "variants.bilstm.seeds names a seed twice: [1, 1]"),
    ("variants.bilstm.seeds", [], "variants.bilstm.seeds: List should have at least 1 item"),
    ("variants.bilstm.seeds", [-1], "variants.bilstm.seeds.0: Input should be greater than or"),
    ("augment", {"aeda": {"probability": 2}}, "augment.aeda.probability: Input should be less"),
    ("augment", {"adea": {}}, "augment.adea: there is no such augmentation. Did you mean 'aeda'?"),
    ("variants.bilstm.augment", {"eda": {}}, "variants.bilstm.augment.eda: there is no such"),
    ("train.head_learning_rate", 0, "train.head_learning_rate: Input should be greater than 0"),
    ("train.layer_decay", 1.5, "train.layer_decay: Input should be less than or equal to 1"),
    ("train.layer_decay", 0, "train.layer_decay: Input should be greater than 0"),
    ("train.adversarial", {"name": "fgsm"}, "train.adversarial.name: adversarial training 'fgsm'"),
    ("train.averaging", {"name": "ema", "decay": 2}, "train.averaging.decay: Input should be less"),
    ("train.averaging", "ema", "train.averaging: Input should be a valid dictionary"),
    ("encoder.num_hidden_layers", 0, "encoder.num_hidden_layers: Input should be greater"),
    ("split.folds", [10], "split.folds holds 10, but split.num_folds is 10 and split.num_rep"),
    ("split.num_repeats", 0, "split.num_repeats: Input should be greater than or equal to 1"),
    ("split.folds", [0, 0], "split.folds names a fold twice: [0, 0]"),
    ("split.folds", [], "split.folds: List should have at least 1 item"),
    ("split.num_folds", 1, "split.num_folds: Input should be greater than or equal to 2"),
    ("split.strategy", {"name": "pairs"}, "split.strategy.name: split strategy 'pairs' is unknown"),
    ("loss.name", "fokal", "loss.name: loss 'fokal' is unknown. Did you mean 'focal'?"),
    ("loss.gama", 2, "loss.gama is unknown. Did you mean 'gamma'?"),
    ("loss.gamma", -1, "loss.gamma: Input should be greater than or equal to 0 (found: -1)"),
    ("losses.My-Loss", {"name": "focal", "gamma": "x"}, "losses.My-Loss.gamma: Input should be a"),
    ("inputs.Punct", {"name": "none"}, "inputs.Punct: a name has lower-case letters"),
    ("inputs.typed_punct.name", "punct", "inputs.typed_punct.name: "),
    ("inputs.typed_punct.max_len", 9, "inputs.typed_punct.max_len is unknown. Did you mean"),
    ("train.learning_rat", 1, "train.learning_rat is unknown. Did you mean 'learning_rate'?"),
    ("train.learning_rate", 0, "train.learning_rate: Input should be greater than 0 (found: 0)"),
    ("train.learning_rate", "fast", "train.learning_rate: Input should be a valid number"),
    ("train.output_dir", "x", "train.output_dir cannot be set: the stage keeps its checkpoints"),
    ("train.save_strategy", "steps", "they must be the same"),
    ("train.bf16", "yes", "train.bf16"),
    ("variants.encoders", SHIPPED["variants"]["bigru"], "variants.encoders: the name is taken"),
    ("variants.bilstm.input", "typed", "variants.bilstm.input: there is no input 'typed'"),
    ("variants.bilstm.heads", {}, "variants.bilstm: key 'heads' is unknown. Did you mean 'head'?"),
    ("variants.bilstm.head", {"name": "lstm"}, "variants.bilstm.head.name: head 'lstm' is unknown"),
    ("variants.bilstm.head", {}, "variants.bilstm.head.name is missing. Allowed: "),
    ("variants.bilstm.loss", {}, "'section' is missing: `loss`, or `losses.<name>`"),
    ("variants.bilstm.loss.section", "los", "there is no section 'los'. Did you mean 'loss'?"),
    ("variants.bilstm.train", {"lr": 1}, "variants.bilstm.train.lr is unknown."),
    ("inputs.typed_punct.name", "none", "head 'entity_start' reads the entities, but "),
    ("ensemble.name", "sofd", "ensemble.name: ensemble 'sofd' is unknown. Did you mean 'soft'?"),
    ("ensemble.members", ["bilstn"], "'bilstn' is not a variant. Did you mean 'bilstm'?"),
    (
        "ensemble.members",
        ["bilstm/1"],
        "'bilstm/1' is no seed of several of variants.bilstm, which",
    ),
    ("ensemble.name", "stacking", "ensemble.name: stacking learns from out-of-fold predictions, b"),
    ("ensemble.members", [], "ensemble.members is []: name one or more variants, each once."),
    ("evaluate.num_errors", -1, "evaluate.num_errors: Input should be greater than or equal to 0"),
]


@pytest.mark.parametrize(("path", "value", "message"), FAULTS)
def test_fault_is_told(path: str, value: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=re.escape(message)):
        Params.from_mapping(changed(path, value))


def with_values(*changes: tuple[str, Any]) -> dict[str, Any]:
    values = SHIPPED
    for path, value in changes:
        values = changed(path, value, values)
    return values


def test_repeats_have_folds_of_their_own() -> None:
    values = with_values(("split.num_repeats", 3), ("split.folds", [0, 10, 20]))
    assert Params.from_mapping(values).split.folds == [0, 10, 20]
    message = "split.num_repeats 3: allowed are 0 to 29"
    with pytest.raises(ParameterError, match=message):
        Params.from_mapping(changed("split.folds", [30], values))


def test_stacking_with_several_folds() -> None:
    values = with_values(("ensemble.name", "stacking"), ("split.folds", [0, 1]))
    assert Params.from_mapping(values).ensembler().learns


def test_seeds_of_a_variant() -> None:
    values = with_values(("variants.bilstm.seeds", [1, 2]))
    params = Params.from_mapping(values)
    assert params.variant("bilstm").seeds == [1, 2]
    assert params.variant("bigru").seeds == [SHIPPED["seed"]]
    members = Params.from_mapping(changed("ensemble.members", ["bilstm/2", "bigru"], values))
    assert members.members() == ["bilstm/2", "bigru"]
    with pytest.raises(ParameterError, match="which is trained with 1, 2. Name the variant alone"):
        Params.from_mapping(changed("ensemble.members", ["bilstm/3"], values))


def test_pretrained_encoder_of_a_variant() -> None:
    values = with_values(
        ("pretrain", {"tapt": {"train": {"num_train_epochs": 1}}}),
        ("variants.bilstm.encoder", "tapt"),
    )
    params = Params.from_mapping(values)
    assert params.variant("bilstm").encoder == "tapt"
    assert params.pretrain["tapt"].mlm_probability == 0.15


def test_augmentations_of_a_variant_go_over_the_shared_ones() -> None:
    values = with_values(
        ("augment", {"aeda": {"probability": 0.3}, "random_deletion": {}}),
        ("variants.bilstm.augment", {"aeda": {"probability": 0}, "entity_mask": {}}),
    )
    params = Params.from_mapping(values)
    chances = {name: piece.probability for name, piece in params.variant("bilstm").augment.items()}
    assert chances == {"entity_mask": 0.5, "random_deletion": 0.1, "aeda": 0.0}
    assert list(params.variant("bigru").augment) == ["random_deletion", "aeda"]


def test_swapped_roles_must_be_shown() -> None:
    values = with_values(
        ("inputs.plain", {"name": "none"}),
        ("variants.bilstm.head", {"name": "cls"}),
        ("variants.bilstm.input", "plain"),
        ("variants.bilstm.augment", {"entity_swap": {}}),
    )
    message = "variants.bilstm.augment.entity_swap changes the roles of the entities, but inputs.pl"
    with pytest.raises(ParameterError, match=message):
        Params.from_mapping(values)
    asked = changed("inputs.plain", {"name": "none", "query": {"name": "question"}}, values)
    assert "entity_swap" in Params.from_mapping(asked).variant("bilstm").augment


WEIGHTS = {"no_relation": 1.0, "per:title": 2.0}
OF_RELATIONS = [
    (("loss.class_weights", WEIGHTS), "loss.class_weights: relation 'per:origin' has no weight"),
    (
        ("variants.bilstm.augment", {"entity_swap": {"labels": {"per:titel": "per:title"}}}),
        "variants.bilstm.augment.entity_swap.labels: there is no relation 'per:titel'. Did",
    ),
]


@pytest.mark.parametrize(("change", "message"), OF_RELATIONS)
def test_what_is_said_of_relations_is_checked_against_them(
    tmp_path: Path, change: tuple[str, Any], message: str
) -> None:
    labels = ["no_relation", "per:title", "per:origin"]
    params = Params.from_mapping(changed(*change))
    with pytest.raises(ParameterError, match=re.escape(message)):
        params.check_labels(labels)
    # with a list of relations at hand, before any work
    (tmp_path / "labels.json").write_text(str(labels).replace("'", '"'), encoding="utf-8")
    with pytest.raises(ParameterError, match=re.escape(message)):
        Params.from_mapping(with_values(("data.labels", str(tmp_path / "labels.json")), change))
    Params.from_mapping(SHIPPED).check_labels(labels)


def test_early_stopping_needs_evaluations() -> None:
    values = changed("train.eval_strategy", "no")
    values["train"]["save_strategy"] = "no"
    with pytest.raises(ParameterError, match="early_stopping_patience needs evaluations"):
        Params.from_mapping(values)


def test_override_is_checked_together_with_the_shared_section() -> None:
    values = changed("variants.bilstm.train", {"eval_strategy": "no", "save_strategy": "no"})
    with pytest.raises(ParameterError, match="variants.bilstm.train.early_stopping_patience needs"):
        Params.from_mapping(values)


def test_override_of_one_of_a_pair_that_the_shared_section_completes() -> None:
    values = changed("train.eval_strategy", "steps")
    values["train"]["save_strategy"] = "steps"
    values["variants"]["bilstm"]["train"] = {"save_strategy": "steps"}
    assert Params.from_mapping(values).variant("bilstm").train["eval_strategy"] == "steps"


def test_unknown_variant_names_the_nearest() -> None:
    with pytest.raises(ParameterError, match=r"variants.bilstn does not exist. Did you mean 'bil"):
        load_params(ROOT / "params.yaml").variant("bilstn")


def test_missing_file_says_where_to_run(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"Run from the folder that holds params\.yaml"):
        load_params(tmp_path / "params.yaml")


@pytest.mark.parametrize(("text", "message"), [("a: [", "is not YAML"), ("- a", "holds list, not")])
def test_file_that_holds_no_parameters(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "params.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ParameterError, match=message):
        load_params(tmp_path / "params.yaml")


@pytest.mark.parametrize("written", ["1e-05", "1.0e-5", "0.00001", "1E-5"])
def test_floats_of_yaml_1_2(tmp_path: Path, written: str) -> None:
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    text = re.sub(r"(?m)^  learning_rate: .*$", f"  learning_rate: {written}", text)
    (tmp_path / "params.yaml").write_text(text, encoding="utf-8")
    assert load_params(tmp_path / "params.yaml").train["learning_rate"] == 0.00001
