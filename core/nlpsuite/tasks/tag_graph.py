"""Tagging as plain tensors.

Letters in names: B windows, T tokens, D width, L words of a window, F hashed features of a word, K tags, S states
that a word is read from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor, nn

from nlpsuite.tasks.crf import iob_names, iob_places, tag_names
from nlpsuite.tasks.graph import TaskGraph
from nlpsuite.tasks.tag_head import word_means

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nlpsuite.tasks.tag_head import TagHead, WordWindow
    from nlpsuite.tasks.task import Batch


class TagGraph(TaskGraph):
    """Scores of each tag at each word, and what tags in a row score.

    Of each word goes in where its tokens begin and end in the window, and its hashed features; words are padded with zeros.

    Args:
        head: The head, in eval mode.
        labels: The names of labels.
    """

    inputs: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "word_starts": ("batch", "words"),
        "word_ends": ("batch", "words"),
        "word_features": ("batch", "words", "features"),
    }
    outputs: ClassVar[Mapping[str, tuple[str, ...]]] = {"scores": ("batch", "words", "tag")}

    def __init__(self, head: TagHead, labels: Sequence[str]):
        super().__init__()
        self.head, self._labels = head, tuple(labels)

    def forward(self, hidden_BTD: Tensor, real_BT: Tensor, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Return scores, float32 [B, L, K]."""
        start_BL, end_BL, feature_BLF = inputs
        place_T = torch.arange(hidden_BTD.shape[1], device=hidden_BTD.device)
        within_BLT = (place_T >= start_BL[:, :, None]) & (place_T < end_BL[:, :, None])
        length_BL1 = (end_BL - start_BL).clamp(min=1)[:, :, None].to(hidden_BTD.dtype)
        words_BLS = within_BLT.to(hidden_BTD.dtype) @ self.head.read_states(hidden_BTD) / length_BL1
        dense_BLK = self.head.dense_scores(words_BLS)
        hashed = self.head.hashed
        assert hashed is not None
        hashed_BLK = hashed.scale * nn.functional.embedding(feature_BLF, hashed.weight).sum(2)
        return (dense_BLK + hashed_BLK.float(),)

    def tensors(self, batch: Batch) -> dict[str, Tensor]:
        """Return where words are, and their features."""
        held: list[WordWindow] = [window.features for window in batch.windows]
        shape = (len(held), max(1, *(each.n_words for each in held)))
        width = held[0].buckets_NF.shape[1]
        starts, ends = torch.zeros(shape, dtype=torch.int64), torch.zeros(shape, dtype=torch.int64)
        features = torch.zeros(*shape, width, dtype=torch.int64)
        for row, each in enumerate(held):
            starts[row, : each.n_words] = torch.from_numpy(each.starts_N)
            ends[row, : each.n_words] = torch.from_numpy(each.ends_N)
            features[row, : each.n_words] = torch.from_numpy(each.buckets_NF)
        return {"word_starts": starts, "word_ends": ends, "word_features": features}

    def read(self, found: Mapping[str, Tensor], batch: Batch) -> Sequence[Any]:
        """Return the scores of each window's words."""
        from nlpsuite.tasks.word_encoding import TagScores

        held: list[WordWindow] = [window.features for window in batch.windows]
        words = [scores[: each.n_words] for scores, each in zip(found["scores"], held, strict=True)]
        return TagScores.of(self.head, torch.cat(words), held)

    def facts(self) -> dict[str, Any]:
        """Return the names of tags in their order, and the scores of tags that begin, follow one another, and end."""
        names = ("first_scores", "follow_scores", "last_scores")
        return {"tags": tag_names(self._labels)} | {
            name: each.tolist() for name, each in zip(names, self.head.chain.scores(), strict=True)
        }


class TokenTagGraph(TaskGraph):
    """Scores of each tag at each token, for the head that is one layer: those of a word are the mean of its tokens'.

    Args:
        head: The head, in eval mode, portable.
        labels: The names of labels.
    """

    outputs: ClassVar[Mapping[str, tuple[str, ...]]] = {"scores": ("batch", "tokens", "tag")}

    def __init__(self, head: TagHead, labels: Sequence[str]):
        super().__init__()
        self.head, self._labels = head, tuple(labels)

    def forward(self, hidden_BTD: Tensor, real_BT: Tensor, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Return scores, float32 [B, T, 2 labels + 1]."""
        return (self.head.classify(hidden_BTD).float(),)

    def read(self, found: Mapping[str, Tensor], batch: Batch) -> Sequence[Any]:
        """Return the scores of each window's words."""
        from nlpsuite.tasks.word_encoding import TagScores

        held: list[WordWindow] = [window.features for window in batch.windows]
        scores_BTK = found["scores"][..., iob_places(len(self._labels))]
        if not sum(each.n_words for each in held):
            return TagScores.of(self.head, scores_BTK.new_zeros(0, scores_BTK.shape[2]), held)
        return TagScores.of(self.head, word_means(scores_BTK, held), held)

    def facts(self) -> dict[str, Any]:
        """Return the names of tags in their order."""
        return {"tags": iob_names(self._labels)}
