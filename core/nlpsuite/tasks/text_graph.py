"""Text classification as plain tensors.

Letters in names: B windows, T tokens, D width, C classes, N n-grams of a window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor, nn

from nlpsuite.tasks.graph import TaskGraph

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nlpsuite.tasks.ngram_scores import NgramScores
    from nlpsuite.tasks.ngrams import NgramBag
    from nlpsuite.tasks.task import Batch
    from nlpsuite.tasks.text_head import TextHead

NGRAM_KEYS = "ngram_keys"


class TextGraph(TaskGraph):
    """Class scores of texts.

    Args:
        head: The head, in eval mode.
        mix: What the scores of the backbone and those of n-grams are multiplied by.
        facts: The names of labels, and whether a text may have several.
    """

    outputs: ClassVar[Mapping[str, tuple[str, ...]]] = {"logits": ("batch", "label")}

    def __init__(self, head: TextHead, mix: tuple[float, float], facts: Mapping[str, Any]):
        super().__init__()
        self.pooled = head.pooled
        self.mix, self._facts = mix, dict(facts)

    def forward(self, hidden_BTD: Tensor, real_BT: Tensor, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Return logits, float32 [B, C]."""
        return (self.mix[0] * self.pooled(hidden_BTD, real_BT).float(),)

    def read(self, found: Mapping[str, Tensor], batch: Batch) -> Sequence[Any]:
        """Return the logits as `TextClassification.decode` has them: before its two factors."""
        scores_BC = found["logits"] / self.mix[0]
        return list(torch.stack((scores_BC, torch.zeros_like(scores_BC)), 1).unbind(0))

    def facts(self) -> dict[str, Any]:
        """Return the names of labels, and whether a text may have several."""
        return self._facts


class TextNgramGraph(TextGraph):
    """Class scores of texts, those of n-grams among them.

    Of each known n-gram of a text goes in its place among the known ones, and 1 + ln(how often it is there); both are padded with
    zeros.

    Args:
        head: The head, in eval mode, with n-grams.
        ngrams: Its part that scores n-grams.
        mix: What the scores of the backbone and those of n-grams are multiplied by.
        facts: The names of labels, and whether a text may have several.
    """

    inputs: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "ngram_places": ("batch", "ngrams"),
        "ngram_counts": ("batch", "ngrams"),
    }

    def __init__(self, head: TextHead, ngrams: NgramScores, mix: tuple[float, float], facts: Mapping[str, Any]):
        super().__init__(head, mix, facts)
        self.ngrams = ngrams

    def forward(self, hidden_BTD: Tensor, real_BT: Tensor, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Return logits, float32 [B, C]."""
        (pooled_BC,) = super().forward(hidden_BTD, real_BT)
        place_BN, count_BN = inputs
        weight_BNC = nn.functional.embedding(place_BN, self.ngrams.weight_FC)
        idf_BN = self.ngrams.idf_F[place_BN]
        length_B1 = (count_BN * idf_BN).square().sum(1, keepdim=True).clamp(min=1e-12).sqrt()
        scores_BC = self.ngrams.bias_C + (weight_BNC * count_BN[:, :, None]).sum(1) / length_B1
        return (pooled_BC + self.mix[1] * scores_BC,)

    def tensors(self, batch: Batch) -> dict[str, Tensor]:
        """Return the known n-grams of each window's row."""
        found = [self._known(window.features.bag) for window in batch.windows]
        # One at the least: an axis without length is none in some runtimes.
        longest = max(1, *(len(places) for places, _ in found))
        place_BN = torch.zeros(len(found), longest, dtype=torch.int64)
        count_BN = torch.zeros(len(found), longest)
        for row, (places, counts) in enumerate(found):
            place_BN[row, : len(places)] = places
            count_BN[row, : len(counts)] = counts
        return {"ngram_places": place_BN, "ngram_counts": count_BN}

    def _known(self, bag: NgramBag) -> tuple[Tensor, Tensor]:
        keys_F = self.ngrams.keys_F
        keys_N, count_N = torch.from_numpy(bag.keys), torch.from_numpy(bag.counts)
        place_N = torch.searchsorted(keys_F, keys_N).clamp_(max=len(keys_F) - 1)
        known_N = keys_F[place_N] == keys_N
        return place_N[known_N], count_N[known_N]

    def facts(self) -> dict[str, Any]:
        """Return the names of labels, and the keys of the known n-grams in the order of their places."""
        return super().facts() | {NGRAM_KEYS: self.ngrams.keys_F.tolist()}
