"""The split strategies: which rows may not be parted between training and validation."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gwangye.examples import entity_pairs
from gwangye.registry import Piece, Registry
from gwangye.splitting.groups import codes, deal, linked


class SplitStrategy(Piece):
    """A way to give every row of a table the one fold in which it is validated."""

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
            (rows,), int64, from 0 to ``num_folds - 1``; no fold is empty.

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


@STRATEGIES.register("sentence")
class SentenceSplit(SplitStrategy):
    """Rows of one sentence together, stratified by label.

    No sentence is read in training and asked about in validation; entity pairs still are.

    Example:
        Two rows ask about two pairs in one sentence: both in the same fold.

    References:
        None.
    """

    def groups(self, frame: pd.DataFrame) -> NDArray[np.int64]:
        """Return one group per sentence."""
        return codes(frame["sentence"])


@STRATEGIES.register("entity_pair")
class EntityPairSplit(SplitStrategy):
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
        return linked(codes(frame["sentence"]), codes(entity_pairs(frame)))


@STRATEGIES.register("subject")
class SubjectSplit(SplitStrategy):
    """Rows that share a sentence, an unordered entity pair or a subject word together, stratified.

    Every subject in validation is new to training: the strictest of these splits. With KLUE-RE
    its largest group has 2,517 rows, so more than a dozen folds cannot be even.

    Example:
        비틀즈 is the subject of two rows with unlike objects: both in the same fold.

    References:
        None.
    """

    def groups(self, frame: pd.DataFrame) -> NDArray[np.int64]:
        """Return the connected components of rows linked by sentence, pair or subject word."""
        sentences, pairs = codes(frame["sentence"]), codes(entity_pairs(frame))
        return linked(sentences, pairs, codes(frame["subject_word"]))
