"""Heads: from the encoder's token states to one score per relation.

The classes here are options only, so that parameters are checked without torch; the modules are
in :mod:`gwangye.model.heads.modules`.
"""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from gwangye.options import Piece, Registry

if TYPE_CHECKING:
    from torch import nn


class HeadOptions(Piece, abc.ABC):
    """Base of all heads' options."""

    module: ClassVar[str]
    """The class in :mod:`gwangye.model.heads.modules`."""
    dropout: float = Field(0.1, ge=0, lt=1, description="dropout rate in training")

    @property
    def needs_entities(self) -> bool:
        """Whether the head reads the entities' positions."""
        return True

    def build(self, hidden_size: int, num_labels: int) -> nn.Module:
        """Return the module: (hidden_states, attention_mask, entity_positions) → logits."""
        from gwangye.model.heads import modules

        module: nn.Module = getattr(modules, self.module)(hidden_size, num_labels, self)
        return module


HEADS: Registry[HeadOptions] = Registry("head")


@HEADS.register("cls")
class Cls(HeadOptions):
    """The first token's state.

    Not for encoders trained with mean pooling, such as the default one: after its first four
    layers this state varies by 2 % of its length between sentences, the mean of all tokens by 41 %.

    Example:
        [CLS] → linear

    References:
        Devlin et al. 2019, arXiv 1810.04805
    """

    module: ClassVar[str] = "FirstTokenHead"
    needs_entities: ClassVar[bool] = False


@HEADS.register("entity_start")
class EntityStart(HeadOptions):
    """The states of both entities' opening markers, subject first.

    Example:
        "@ 비틀즈 @의 # 조지 해리슨 #": the states of the first "@" and the first "#" → linear

    References:
        Baldini Soares et al. 2019, arXiv 1906.03158
    """

    module: ClassVar[str] = "OpeningMarkersHead"


@HEADS.register("entity_start_end")
class EntityStartEnd(HeadOptions):
    """The states of both entities' opening and closing markers.

    Example:
        "@ 비틀즈 @ 의 # 조지 해리슨 #": the states of both "@" and both "#" → linear

    References:
        None
    """

    module: ClassVar[str] = "BothMarkersHead"


@HEADS.register("entity_mean")
class EntityMean(HeadOptions):
    """The mean state of each entity's tokens, without its markers.

    Example:
        "@ 비틀즈 @ 의 # 조지 해리슨 #": mean of 비틀즈, mean of 조지 해리슨 → linear

    References:
        None
    """

    module: ClassVar[str] = "EntityMeanHead"


@HEADS.register("rbert")
class RBert(HeadOptions):
    """R-BERT: the first token and both entities' means, each through tanh and a dense layer.

    The two entities share one dense layer.

    Example:
        W0·tanh([CLS]), W1·tanh(mean 비틀즈), W1·tanh(mean 조지 해리슨) → linear

    References:
        Wu & He 2019, arXiv 1905.08284
    """

    module: ClassVar[str] = "RBertHead"


class Recurrent(HeadOptions, abc.ABC):
    """Options of the recurrent heads."""

    module: ClassVar[str] = "RecurrentHead"
    network: ClassVar[str]
    """The class in :mod:`torch.nn`."""
    hidden_size: int = Field(192, ge=1, description="width in each direction")
    num_layers: int = Field(1, ge=1, description="recurrent layers")
    pooling: Literal["entity_start", "last", "max"] = Field(
        "entity_start",
        description="outputs at the opening markers, final states (last), or the maximum",
    )

    @property
    def needs_entities(self) -> bool:
        """Whether the outputs at the markers are read."""
        return self.pooling == "entity_start"


@HEADS.register("bilstm")
class BiLSTM(Recurrent):
    """A bidirectional LSTM over the encoder's top layer.

    Sequences are packed, so padding is never read.

    Example:
        states of all tokens → BiLSTM → outputs at both opening markers → linear

    References:
        Hochreiter & Schmidhuber 1997
    """

    network: ClassVar[str] = "LSTM"


@HEADS.register("bigru")
class BiGRU(Recurrent):
    """A bidirectional GRU over the encoder's top layer.

    Sequences are packed, so padding is never read.

    Example:
        states of all tokens → BiGRU → outputs at both opening markers → linear

    References:
        Cho et al. 2014, arXiv 1406.1078
    """

    network: ClassVar[str] = "GRU"


@HEADS.register("attention")
class Attention(HeadOptions):
    """A weighted mean of all token states, with learnt weights.

    Example:
        softmax(v·tanh(W·h)) over the tokens → weighted mean → linear

    References:
        Yang et al. 2016, Hierarchical Attention Networks for Document Classification
    """

    module: ClassVar[str] = "AttentionHead"
    needs_entities: ClassVar[bool] = False
    attention_size: int = Field(128, ge=1, description="width of the layer that scores the tokens")
