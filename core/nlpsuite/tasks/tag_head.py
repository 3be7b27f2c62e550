"""The head of tagging tasks: for every word a score for each tag, from the backbone's states and the word's own form.

Small backbones know little of names and spelling, so hashed features of a word and its neighbours are added straight into the
scores; a convolution over a word's characters can stand beside the states.

Letters in names: B windows, T tokens, N words of all windows, L words of a window, F hashed features, C characters, D width,
E character width, K tags.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from torch import Tensor, nn

from nlpsuite.tasks.crf import TagChain, n_tags
from nlpsuite.tasks.word_features import NO_FEATURE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Pooling = Literal["first", "last", "mean", "max", "ends"]


@dataclass(frozen=True, slots=True)
class WordWindow:
    """What a window holds of its words; goes in `Window.features`.

    Attributes:
        first: The row's word that the window begins with.
        whole: Whether the row's start, and its end, are in the window.
        starts_N: int32, where in the window's tokens each word begins.
        ends_N: int32, where it ends; always behind its start.
        buckets_NF: int32, from `WordFeatures`.
        characters_NC: int32, from `word_characters`.
    """

    first: int
    whole: tuple[bool, bool]
    starts_N: NDArray[np.int32]
    ends_N: NDArray[np.int32]
    buckets_NF: NDArray[np.int32]
    characters_NC: NDArray[np.int32]

    @property
    def n_words(self) -> int:
        """How many words."""
        return len(self.starts_N)


class HashedTags(nn.Module):
    """Scores of tags from a word's hashed features: the sum of one row of weights for each, zero to begin with.

    `scale` multiplies output and learning rate, as in `HashedLinear`. In training features are hidden by chance, so that
    others learn to do without them.

    Args:
        buckets: Rows of weights; that of `NO_FEATURE` stays zero.
        size: K.
        scale: What the sums are multiplied by.
        dropout: Share of features that are hidden in training.
    """

    def __init__(self, buckets: int, size: int, scale: float, dropout: float):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(buckets, size))
        self.scale, self.dropout = scale, dropout

    def forward(self, buckets_NF: Tensor) -> Tensor:
        """Return scores, [N, K]."""
        if self.training and self.dropout:
            hidden_NF = torch.rand(buckets_NF.shape, device=buckets_NF.device) < self.dropout
            buckets_NF = buckets_NF.masked_fill(hidden_NF, NO_FEATURE)
        summed: Tensor = nn.functional.embedding_bag(buckets_NF, self.weight, mode="sum", padding_idx=NO_FEATURE)
        return self.scale * summed


class CharacterWords(nn.Module):
    """A vector for each word from its characters: embedding, convolution over three, maximum (Ma and Hovy 2016).

    Args:
        width: Of the vectors.
        rows: Rows of the embedding; characters beyond share them.
    """

    def __init__(self, width: int, rows: int = 1024):
        super().__init__()
        self.rows = rows
        self.embed = nn.Embedding(rows, 32, padding_idx=0)
        self.convolve = nn.Conv1d(32, width, kernel_size=3, padding=1)
        nn.init.normal_(self.embed.weight, std=0.3)
        with torch.no_grad():
            self.embed.weight[0] = 0

    def forward(self, characters_NC: Tensor) -> Tensor:
        """Return vectors, [N, E]."""
        rows_NC = torch.where(characters_NC > 0, (characters_NC - 1) % (self.rows - 1) + 1, 0)
        rows_UC, place_N = torch.unique(rows_NC, dim=0, return_inverse=True)
        features_UEC = self.convolve(self.embed(rows_UC).transpose(1, 2))
        peak_UE: Tensor = features_UEC.masked_fill((rows_UC == 0).unsqueeze(1), -10.0).amax(2)
        vectors_UE: Tensor = torch.tanh(peak_UE)
        return vectors_UE[place_N]


class TagHead(nn.Module):
    """Scores of BIOES tags for every word, and the chain that makes valid sequences of them.

    Args:
        hidden_size: D of the backbone.
        n_labels: Labels of entities.
        buckets: Rows of the hashed features' weights.
        scale: Of the hashed features.
        pooling: How the states of a word's tokens become one.
        characters: Width of the vectors from characters; 0: none.
        dropout: Share of features dropped in training.
        hashed_dropout: Share of hashed features hidden in training.
    """

    def __init__(
        self,
        hidden_size: int,
        n_labels: int,
        *,
        buckets: int,
        scale: float,
        pooling: Pooling,
        characters: int,
        dropout: float,
        hashed_dropout: float,
    ):
        super().__init__()
        self.pooling = pooling
        self.dropout = nn.Dropout(dropout)
        width = hidden_size * (2 if pooling == "ends" else 1) + characters
        self.characters = CharacterWords(characters) if characters else None
        self.dense = nn.Linear(width, hidden_size)
        self.classify = nn.Linear(hidden_size, n_tags(n_labels))
        self.hashed = HashedTags(buckets, n_tags(n_labels), scale, hashed_dropout)
        self.chain = TagChain(n_labels)
        nn.init.zeros_(self.classify.weight)
        nn.init.zeros_(self.classify.bias)

    def forward(self, hidden_BTD: Tensor, windows: Sequence[WordWindow]) -> Tensor:
        """Return the scores of each tag for all words, window after window, float32 [N, K]."""
        device = hidden_BTD.device
        if not sum(window.n_words for window in windows):
            return hidden_BTD.new_zeros(0, self.classify.out_features, dtype=torch.float32)
        words_ND = self._pool(hidden_BTD, windows)
        if self.characters is not None:
            characters_NC = _tensor([window.characters_NC for window in windows], device)
            words_ND = torch.cat((words_ND, self.characters(characters_NC).to(words_ND.dtype)), 1)
        features_ND = nn.functional.gelu(self.dense(self.dropout(words_ND)))
        dense_NK = self.classify(self.dropout(features_ND)).float()
        hashed_NK = self.hashed(_tensor([window.buckets_NF for window in windows], device))
        scores_NK: Tensor = dense_NK + hashed_NK.float()
        return scores_NK

    def loss(self, emission_NK: Tensor, windows: Sequence[WordWindow], tags: Sequence[NDArray[np.int64]]) -> Tensor:
        """Return the negative log-likelihood of each window's tags, float32 [B]."""
        device = emission_NK.device
        lengths = [window.n_words for window in windows]
        emission_BLK = nn.utils.rnn.pad_sequence(list(torch.split(emission_NK, lengths)), batch_first=True)
        tags_BL = nn.utils.rnn.pad_sequence([torch.from_numpy(each) for each in tags], batch_first=True).to(device)
        whole_B2 = torch.tensor([window.whole for window in windows], device=device)
        return self.chain.loss(emission_BLK, tags_BL, torch.tensor(lengths, device=device), whole_B2)

    def _pool(self, hidden_BTD: Tensor, windows: Sequence[WordWindow]) -> Tensor:
        longest = hidden_BTD.shape[1]
        starts_N = np.concatenate([window.starts_N + row * longest for row, window in enumerate(windows)])
        ends_N = np.concatenate([window.ends_N + row * longest for row, window in enumerate(windows)])
        flat_MD = hidden_BTD.flatten(0, 1)
        first_N, last_N = (torch.from_numpy(each).to(flat_MD.device) for each in (starts_N, ends_N - 1))
        if self.pooling == "first":
            return flat_MD[first_N]
        if self.pooling == "last":
            return flat_MD[last_N]
        if self.pooling == "ends":
            return torch.cat((flat_MD[first_N], flat_MD[last_N]), 1)
        counts_N = ends_N - starts_N
        word_M = np.repeat(np.arange(len(counts_N)), counts_N)
        token_M = np.arange(counts_N.sum()) + np.repeat(starts_N - (np.cumsum(counts_N) - counts_N), counts_N)
        states_MD = flat_MD[torch.from_numpy(token_M).to(flat_MD.device)]
        place_M = torch.from_numpy(word_M).to(flat_MD.device)
        pooled_ND = states_MD.new_zeros(len(counts_N), states_MD.shape[1])
        if self.pooling == "max":
            index_MD = place_M[:, None].expand_as(states_MD)
            return pooled_ND.scatter_reduce(0, index_MD, states_MD, "amax", include_self=False)
        counts_N1 = torch.from_numpy(counts_N).to(flat_MD.device)[:, None]
        return pooled_ND.index_add(0, place_M, states_MD) / counts_N1


def _tensor(arrays: Sequence[NDArray[np.int32]], device: torch.device) -> Tensor:
    return torch.from_numpy(np.concatenate(arrays)).to(device)
