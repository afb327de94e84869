"""The split strategies: which rows may not be parted between training and validation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from gwangye.data.splitting.groups import NEVER, codes, connected, deal, linked
from gwangye.data.splitting.matching import draw_matched, read_target
from gwangye.data.splitting.similarity import NEARLY_SAME, sentence_groups
from gwangye.errors import ParameterError
from gwangye.examples import entity_pairs
from gwangye.options import Piece, Registry


class SplitStrategy(Piece):
    """A way to give every row of a table the one fold in which it is validated, if any."""

    def groups(self, frame: pd.DataFrame) -> NDArray[np.int64]:
        """Return the group of each row, (rows,), int64, from 0; a group stays in one fold.

        Each row is a group of its own where a strategy does not say otherwise.
        """
        return np.arange(len(frame))

    def assign(self, frame: pd.DataFrame, num_folds: int, seed: int) -> NDArray[np.int64]:
        """Return the validation fold of each row of a canonical table; the seed decides the draw.

        Returns:
            (rows,), int64, from 0 to ``num_folds - 1``; no fold is empty. -1: no fold validates
            the row, and all train on it.

        Raises:
            ParameterError: More folds than groups of rows.
        """
        return deal(self.groups(frame), frame["label"], num_folds, seed)


STRATEGIES: Registry[SplitStrategy] = Registry("split strategy")


@STRATEGIES.register("random")
class RandomSplit(SplitStrategy):
    """Rows are dealt at random.

    Fold sizes differ by at most one row. Sentences and entity pairs appear in both parts, so
    validation scores are too high.

    Example:
        10 rows, 3 folds: 4, 3 and 3 rows, drawn.

    References: None
    """

    def assign(self, frame: pd.DataFrame, num_folds: int, seed: int) -> NDArray[np.int64]:
        """Return the validation fold of each row, drawn without a look at the labels."""
        return deal(self.groups(frame), [""] * len(frame), num_folds, seed)


@STRATEGIES.register("stratified")
class StratifiedSplit(SplitStrategy):
    """Rows are dealt at random; every fold gets its share of every label.

    Most published KLUE-RE results use it. It leaks as ``random`` does.

    Example:
        6 rows of x and 3 of y, 3 folds: each has 2 of x and 1 of y.

    References:
        Kohavi, 1995, "A Study of Cross-Validation and Bootstrap" (IJCAI).
    """


@STRATEGIES.register("sentence")
class SentenceSplit(SplitStrategy):
    """Rows of one sentence stay together; stratified by label.

    No sentence, or nearly equal one, appears in both parts; entity pairs do.

    Example:
        Rows of "비틀즈는 1960년에 결성됐다." and "비틀즈는 1960년에 결성됐다": one fold.

    References:
        Lee et al. 2022, arXiv 2107.06499, "Deduplicating Training Data Makes Language Models
        Better" (near duplicates).
    """

    near_duplicates: float | None = Field(
        default=NEARLY_SAME,
        ge=0.5,
        le=1,
        description="sentences of at least this similarity (Jaccard of character trigrams, 0.5 to "
        "1) count as the same; null: only equal ones",
    )

    def groups(self, frame: pd.DataFrame) -> NDArray[np.int64]:
        """Return one group per sentence."""
        return sentence_groups(frame["sentence"].tolist(), self.near_duplicates)


@STRATEGIES.register("entity_pair")
class EntityPairSplit(SentenceSplit):
    """Rows that share a sentence or an unordered entity pair stay together; stratified.

    Links are followed: if row 1 shares its sentence with row 2, and row 2 its pair with row 3, all
    three stay together. So no validation pair is seen in training, as hardly any test pair is.

    Example:
        (비틀즈, 조지 해리슨) here, (조지 해리슨, 비틀즈) in another sentence: one fold.

    References: None
    """

    def groups(self, frame: pd.DataFrame) -> NDArray[np.int64]:
        """Return the connected components of rows linked by sentence or pair."""
        return linked(super().groups(frame), codes(entity_pairs(frame)))


@STRATEGIES.register("subject")
class SubjectSplit(EntityPairSplit):
    """Rows that share a sentence, an entity pair or a subject word stay together; stratified.

    Every validation subject is new to training as a subject. KLUE-RE's largest group has 2,520
    rows, so more than a dozen folds cannot be even.

    Example:
        비틀즈 is the subject of two rows with different objects: one fold.

    References: None
    """

    def groups(self, frame: pd.DataFrame) -> NDArray[np.int64]:
        """Return the connected components of rows linked by sentence, pair or subject word."""
        return linked(super().groups(frame), codes(frame["subject_word"]))


@STRATEGIES.register("entity")
class EntitySplit(SentenceSplit):
    """Rows that share a sentence or any entity word, in either role, stay together; stratified.

    Every validation entity is new to training. Words such as 대한민국 link most rows. A group that
    is larger than an even fold (all rows / folds) is trained on in all folds and never validated
    (fold -1). In KLUE-RE that is one group of 21,193 rows; the other 11,277 of 32,470 (35 %), with
    rare entities, are validated.

    Example:
        비틀즈 is the subject of one row and the object of another: one fold.

    References: None
    """

    def groups(self, frame: pd.DataFrame) -> NDArray[np.int64]:
        """Return the connected components of rows linked by sentence or either word."""
        words = codes([*frame["subject_word"], *frame["object_word"]])
        subjects, objects = words[: len(frame)], words[len(frame) :]
        joined = connected(subjects, objects, int(words.max(initial=-1)) + 1)
        return linked(super().groups(frame), joined[subjects])

    def assign(self, frame: pd.DataFrame, num_folds: int, seed: int) -> NDArray[np.int64]:
        """Return the validation fold of each row; -1 in groups larger than an even fold.

        Raises:
            ParameterError: More folds than groups that can be validated.
        """
        groups = self.groups(frame)
        small = np.bincount(groups)[groups] * num_folds <= len(frame)
        count = len(np.unique(groups[small]))
        if count < num_folds:
            raise ParameterError(
                f"split.num_folds: {num_folds} folds cannot be made: of these {len(frame)} rows "
                f"{len(frame) - int(small.sum())} hang together by their entity words in groups "
                f"larger than a fold, and the others form only {count} groups. Lower "
                "split.num_folds, or choose split.strategy.name: entity_pair."
            )
        fold = np.full(len(frame), NEVER, dtype=np.int64)
        fold[small] = deal(
            codes(groups[small].tolist()), frame["label"][small].tolist(), num_folds, seed
        )
        return fold


@STRATEGIES.register("target_matched")
class TargetMatchedSplit(EntityPairSplit):
    """As ``entity_pair``, but the labels of every fold follow a given distribution.

    Folds are of equal size, as large as the labels and groups allow. Rows left over, and rows of
    labels outside the target, are trained on in all folds and never validated (fold -1). Each
    repeat draws anew. A label that is rare here and frequent in the target makes folds small.

    KLUE-RE, ten folds, 60 % no_relation (29 % in training), other labels in proportion: 1,451 or
    1,452 rows per fold, 45 % of all rows, within 0.006 of the target (total variation;
    ``entity_pair``: 0.31).

    Example:
        Target {"no_relation": 0.6, "per:title": 0.4}, two folds, 30 and 10 rows of these: each
        fold has 8 of no_relation and 5 of per:title; 14 rows are left over.

    References: None
    """

    target: str = Field(description="path of a JSON file {label: share or count}")
    tolerance: float = Field(
        default=0.01,
        ge=0,
        lt=1,
        description="share of a fold's rows (0 to 1) that may be missing because their label ran "
        "out; higher: folds larger, and farther from the target",
    )

    def assign(self, frame: pd.DataFrame, num_folds: int, seed: int) -> NDArray[np.int64]:
        """Return the validation fold of each row; -1 where it is left over.

        Raises:
            ParameterError: The target cannot be read or has a label that no row has; more folds
                than groups, or too few rows to follow the target.
        """
        return draw_matched(
            self.groups(frame),
            frame["label"].tolist(),
            read_target(Path(self.target)),
            num_folds,
            tolerance=self.tolerance,
            seed=seed,
        )
