"""The split strategies: which rows may not be parted between training and validation."""

from __future__ import annotations

from abc import abstractmethod
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

    @abstractmethod
    def groups(self, frame: pd.DataFrame) -> NDArray[np.int64]:
        """Return the group of each row, (rows,), int64, from 0; a group stays in one fold."""

    def assign(self, frame: pd.DataFrame, num_folds: int, seed: int) -> NDArray[np.int64]:
        """Return the validation fold of each row.

        Args:
            frame: A canonical table.
            num_folds: Number of folds, at least 2.
            seed: Seed of the draw; the same seed gives the same folds.

        Returns:
            (rows,), int64, from 0 to ``num_folds - 1``; no fold is empty. -1: no fold validates
            the row, and all train on it.

        Raises:
            ParameterError: Fewer than two folds, or more folds than groups of rows.
        """
        return deal(self.groups(frame), frame["label"], num_folds, seed)


STRATEGIES: Registry[SplitStrategy] = Registry("split strategy")


@STRATEGIES.register("random")
class RandomSplit(SplitStrategy):
    """Each row on its own, whatever its label.

    Folds differ by one row at most in size. Sentences and entity pairs stand on both sides, so
    validation pays for what training saw.

    Example:
        10 rows, 3 folds: 4, 3 and 3 rows, drawn.

    References:
        None.
    """

    def groups(self, frame: pd.DataFrame) -> NDArray[np.int64]:
        """Return one group per row."""
        return np.arange(len(frame))

    def assign(self, frame: pd.DataFrame, num_folds: int, seed: int) -> NDArray[np.int64]:
        """Return the validation fold of each row, drawn without a look at the labels."""
        return deal(self.groups(frame), [""] * len(frame), num_folds, seed)


@STRATEGIES.register("stratified")
class StratifiedSplit(SplitStrategy):
    """Each row on its own; every fold gets its share of every label.

    The split most published KLUE-RE results rest on. It leaks as ``random`` does.

    Example:
        6 rows of x and 3 of y, 3 folds: each has 2 of x and 1 of y.

    References:
        Kohavi, 1995, "A Study of Cross-Validation and Bootstrap" (IJCAI).
    """

    def groups(self, frame: pd.DataFrame) -> NDArray[np.int64]:
        """Return one group per row."""
        return np.arange(len(frame))


class SentenceGroups(SplitStrategy):
    """What strategies have in common that keep sentences together."""

    near_duplicates: float | None = Field(
        default=NEARLY_SAME,
        ge=0.5,
        le=1,
        description="sentences of at least this similarity (Jaccard, of character trigrams; 0.5 to "
        "1) count as the same; null: only equal ones do",
    )

    def sentences(self, frame: pd.DataFrame) -> NDArray[np.int64]:
        """Return the group of each row's sentence: (rows,), int64, from 0."""
        return sentence_groups(frame["sentence"].tolist(), self.near_duplicates)


@STRATEGIES.register("sentence")
class SentenceSplit(SentenceGroups):
    """Rows of one sentence together, stratified by label.

    No sentence is read in training and asked about in validation, nor one that is nearly the same;
    entity pairs still are.

    Example:
        Two rows ask about two pairs in one sentence: both in the same fold. So are those of
        "비틀즈는 1960년에 결성됐다." and "비틀즈는 1960년에 결성됐다".

    References:
        Lee et al. 2022, arXiv 2107.06499, "Deduplicating Training Data Makes Language Models
        Better" (near duplicates).
    """

    def groups(self, frame: pd.DataFrame) -> NDArray[np.int64]:
        """Return one group per sentence."""
        return self.sentences(frame)


@STRATEGIES.register("entity_pair")
class EntityPairSplit(SentenceGroups):
    """Rows that share a sentence or an unordered entity pair together, stratified by label.

    Links are followed: where row 1 shares its sentence with row 2, and row 2 its pair of words
    with row 3, the three stay together. (비틀즈, 조지 해리슨) and (조지 해리슨, 비틀즈) are one
    pair. So no pair is known by heart in validation, as hardly any is in a test set.

    Example:
        (비틀즈, 조지 해리슨) here, (조지 해리슨, 비틀즈) in another sentence: both in one fold.

    References:
        None.
    """

    def groups(self, frame: pd.DataFrame) -> NDArray[np.int64]:
        """Return the connected components of rows linked by sentence or pair."""
        return linked(self.sentences(frame), codes(entity_pairs(frame)))


@STRATEGIES.register("subject")
class SubjectSplit(SentenceGroups):
    """Rows that share a sentence, an unordered entity pair or a subject word together, stratified.

    Every subject in validation is new to training, as a subject. With KLUE-RE the largest group
    has 2,520 rows, so ten folds have 3,209 to 3,579 rows, and more than a dozen cannot be even.

    Example:
        비틀즈 is the subject of two rows with unlike objects: both in the same fold.

    References:
        None.
    """

    def groups(self, frame: pd.DataFrame) -> NDArray[np.int64]:
        """Return the connected components of rows linked by sentence, pair or subject word."""
        sentences, pairs = self.sentences(frame), codes(entity_pairs(frame))
        return linked(sentences, pairs, codes(frame["subject_word"]))


@STRATEGIES.register("entity")
class EntitySplit(SentenceGroups):
    """Rows that share a sentence or any entity word, in either role, together; stratified.

    Every entity in validation is new to training: the strictest of these splits. Most rows hang
    together by words such as 대한민국; a group with more rows than an even fold (all rows /
    folds) would make one fold the largest part of the data, so it is trained on in all folds and
    never validated (fold -1). With KLUE-RE that is one group of 21,193 rows: 11,277 of 32,470 rows
    (35 %) can be validated, 1,127 or 1,128 in each of ten folds, and all have rare entities.

    Example:
        비틀즈 is the subject of one row and the object of another: both in the same fold.

    References:
        None.
    """

    def groups(self, frame: pd.DataFrame) -> NDArray[np.int64]:
        """Return the connected components of rows linked by sentence or either word."""
        words = codes([*frame["subject_word"], *frame["object_word"]])
        subjects, objects = words[: len(frame)], words[len(frame) :]
        joined = connected(subjects, objects, int(words.max(initial=-1)) + 1)
        return linked(self.sentences(frame), joined[subjects])

    def assign(self, frame: pd.DataFrame, num_folds: int, seed: int) -> NDArray[np.int64]:
        """Return the validation fold of each row; -1 in groups larger than an even fold.

        Raises:
            ParameterError: Fewer than two folds, or more folds than groups that can be validated.
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
    """Grouped as ``entity_pair``; every fold's labels follow a given distribution.

    Folds are as large as the labels' supply and the groups allow, at most rows / num_folds, and
    equal in size. Rows that are left over are trained on in all folds and never validated (fold
    -1), and so are rows of labels that the target leaves out. Each repeat of a split draws anew.

    With KLUE-RE, ten folds, and 60 % no_relation with the other labels in proportion (in training
    it has 29 %), each fold has 1,451 or 1,452 rows, 45 % of all rows are validated, and the total
    variation distance of a fold's labels to the target is at most 0.006 (``entity_pair``: 0.31).
    No more than 1,589 rows per fold could be had, as no_relation has 9,534. A label that is rare
    here and frequent in the target makes the folds small.

    Example:
        Target {"no_relation": 0.6, "per:title": 0.4}, two folds, 30 rows of no_relation and 10 of
        per:title: each fold has 8 of no_relation and 5 of per:title; 14 rows are left over.

    References:
        None.
    """

    target: str = Field(description="path of a JSON file {label: share or count}")
    tolerance: float = Field(
        default=0.01,
        ge=0,
        lt=1,
        description="share of a fold's rows (0 to 1) that may be missing because their label ran "
        "out; more makes folds larger and farther from the target",
    )

    def assign(self, frame: pd.DataFrame, num_folds: int, seed: int) -> NDArray[np.int64]:
        """Return the validation fold of each row; -1 where it is left over.

        Raises:
            ParameterError: The target cannot be read or has a label that no row has; fewer than
                two folds, more folds than groups, or too few rows to follow the target.
        """
        return draw_matched(
            self.groups(frame),
            frame["label"].tolist(),
            read_target(Path(self.target)),
            num_folds,
            tolerance=self.tolerance,
            seed=seed,
        )
