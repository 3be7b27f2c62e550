"""The head of tagging tasks: for every word a score for each tag, from the backbone's states and the word's own form.

A word is read from the states of its tokens and from those before them: the backbone learned to predict a token at the place
before it, so that is where it says what it expects a word to be.

Small backbones know little of names and spelling, so hashed features of a word and its neighbours are added straight into the
scores.

Letters in names: B windows, T tokens, M tokens of all words, N words of all windows, L words of a window, F hashed features,
D width, K tags.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from nlpsuite.tasks.crf import TagChain, iob_places, n_tags
from nlpsuite.tasks.hashed import HashedLinear

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class WordWindow:
    """What a window holds of its words; goes in `Window.features`.

    Attributes:
        first: The row's word that the window begins with.
        whole: Whether the row's start, and its end, are in the window.
        starts_N: int32, where in the window's tokens each word begins.
        ends_N: int32, where it ends; always behind its start.
        buckets_NF: int32, from `WordFeatures`.
    """

    first: int
    whole: tuple[bool, bool]
    starts_N: NDArray[np.int32]
    ends_N: NDArray[np.int32]
    buckets_NF: NDArray[np.int32]

    @property
    def n_words(self) -> int:
        """How many words."""
        return len(self.starts_N)


class TagHead(nn.Module):
    """Scores of BIOES tags for every word, and the chain that makes valid sequences of them.

    Args:
        hidden_size: D of the backbone.
        n_labels: Labels of entities.
        buckets: Rows of the hashed features' weights.
        scale: Of the hashed features.
        dropout: Share of features dropped in training.
        hashed_dropout: Share of hashed features hidden in training.
        portable: Whether the head is one linear layer, as other tools have it, that scores O and B- and I- of each label: then
            hashed features count for nothing, and of tags in a row it is known only which may follow one another.
    """

    def __init__(
        self,
        hidden_size: int,
        n_labels: int,
        *,
        buckets: int,
        scale: float,
        dropout: float,
        hashed_dropout: float,
        portable: bool = False,
    ):
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.dense = None if portable else nn.Linear(2 * hidden_size, hidden_size)
        self.classify = nn.Linear(hidden_size, 2 * n_labels + 1 if portable else n_tags(n_labels))
        self.hashed = None if portable else HashedLinear(buckets, n_tags(n_labels), scale, hashed_dropout)
        self.chain = TagChain(n_labels).requires_grad_(not portable)
        self.spread = iob_places(n_labels) if portable else None
        nn.init.zeros_(self.classify.weight)
        nn.init.zeros_(self.classify.bias)

    def forward(self, hidden_BTD: Tensor, windows: Sequence[WordWindow]) -> Tensor:
        """Return the scores of each tag for all words, window after window, float32 [N, K]."""
        device = hidden_BTD.device
        if not sum(window.n_words for window in windows):
            return hidden_BTD.new_zeros(0, len(self.chain.start), dtype=torch.float32)
        dense_NK = self.dense_scores(word_means(self.read_states(hidden_BTD), windows))
        if self.hashed is None:
            return dense_NK
        hashed_NK = self.hashed(_tensor([window.buckets_NF for window in windows], device))
        scores_NK: Tensor = dense_NK + hashed_NK.float()
        return scores_NK

    def read_states(self, hidden_BTD: Tensor) -> Tensor:
        """Return each token's state and that of the token before it, [B, T, 2D]; portable: its own, [B, T, D]."""
        if self.dense is None:
            return hidden_BTD
        # Words never begin with a window's first token, which begins the text.
        before_BTD = nn.functional.pad(hidden_BTD, (0, 0, 1, 0))[:, :-1]
        return torch.cat((hidden_BTD, before_BTD), dim=-1)

    def dense_scores(self, words_ND: Tensor) -> Tensor:
        """Return the scores of each tag by what `read_states` says of a word, [..., 2D or D], float32 [..., K]."""
        words_ND = self.dropout(words_ND)
        if self.dense is not None:
            words_ND = self.dropout(nn.functional.gelu(self.dense(words_ND)))
        scores: Tensor = self.classify(words_ND).float()
        return scores if self.spread is None else scores[..., self.spread]

    def loss(self, emission_NK: Tensor, windows: Sequence[WordWindow], tags: Sequence[NDArray[np.int64]]) -> Tensor:
        """Return the negative log-likelihood of each window's tags, float32 [B]."""
        device = emission_NK.device
        lengths = [window.n_words for window in windows]
        emission_BLK = nn.utils.rnn.pad_sequence(list(torch.split(emission_NK, lengths)), batch_first=True)
        tags_BL = nn.utils.rnn.pad_sequence([torch.from_numpy(each) for each in tags], batch_first=True).to(device)
        whole_B2 = torch.tensor([window.whole for window in windows], device=device)
        return self.chain.loss(emission_BLK, tags_BL, torch.tensor(lengths, device=device), whole_B2)


def word_means(hidden_BTD: Tensor, windows: Sequence[WordWindow]) -> Tensor:
    """Return the mean state of each word's tokens, [N, D]."""
    longest = hidden_BTD.shape[1]
    starts_N = np.concatenate([window.starts_N + row * longest for row, window in enumerate(windows)])
    counts_N = np.concatenate([window.ends_N - window.starts_N for window in windows])
    flat_MD, device = hidden_BTD.flatten(0, 1), hidden_BTD.device
    word_M = torch.from_numpy(np.repeat(np.arange(len(counts_N)), counts_N)).to(device)
    token_M = np.arange(counts_N.sum()) + np.repeat(starts_N - (np.cumsum(counts_N) - counts_N), counts_N)
    states_MD = flat_MD[torch.from_numpy(token_M).to(device)]
    sums_ND = states_MD.new_zeros(len(counts_N), states_MD.shape[1]).index_add(0, word_M, states_MD)
    return sums_ND / torch.from_numpy(counts_N).to(device)[:, None]


def _tensor(arrays: Sequence[NDArray[np.int32]], device: torch.device) -> Tensor:
    return torch.from_numpy(np.concatenate(arrays)).to(device)
