"""A linear-chain conditional random field over the tags of words, where only valid sequences of BIOES tags exist.

Lafferty et al. 2001, "Conditional Random Fields". Training sums over all valid sequences in the log domain, many
sentences at once. Tag 0 is `O`; label number i has the tags B, I, E, S as 4 i + 1 to 4 i + 4.

Letters in names: B sentences, L words, K tags (J those before).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nlpsuite.tasks.tag_schemes import Span

FORBIDDEN = -1e4
"""The score of what may not be: no sequence with it is ever likelier than one without, and sums of it stay finite."""


def n_tags(n_labels: int) -> int:
    """Return how many tags there are for so many labels."""
    return 4 * n_labels + 1


def tag_names(labels: Sequence[str]) -> list[str]:
    """Return the names of all tags, in their order."""
    return ["O", *(f"{place}-{label}" for label in labels for place in "BIES")]


def iob_names(labels: Sequence[str]) -> list[str]:
    """Return the names of tags where only beginnings are told from the rest of an entity."""
    return ["O", *(f"{place}-{label}" for label in labels for place in "BI")]


def iob_places(n_labels: int) -> list[int]:
    """Return which of the tags in `iob_names` each of all tags is: a single one begins, a last one goes on."""
    return [0, *(2 * label + place for label in range(n_labels) for place in (1, 2, 2, 1))]


def tag_numbers(spans: Iterable[Span], labels: Sequence[str], length: int) -> list[int]:
    """Return the tag of each of `length` words."""
    tags = [0] * length
    for start, end, label in spans:
        base = 4 * labels.index(label)
        if end - start == 1:
            tags[start] = base + 4
        else:
            tags[start:end] = [base + 1, *[base + 2] * (end - start - 2), base + 3]
    return tags


def allowed_tags(n_labels: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return which tags may begin a sentence (K), follow another (J, K), and end a sentence (K), as bool."""
    number_K = torch.arange(n_tags(n_labels))
    label_K, place_K = (number_K - 1) // 4, torch.where(number_K > 0, (number_K - 1) % 4, 3)
    opens_K, continues_K = place_K <= 1, (place_K == 1) | (place_K == 2)
    within_JK = opens_K[:, None] & continues_K & (label_K[:, None] == label_K)
    between_JK = ~opens_K[:, None] & ~continues_K
    return ~continues_K, within_JK | between_JK, ~opens_K


class TagChain(nn.Module):
    """Scores of tag sequences: of each tag at each word, given, and of each pair of tags in a row, learned.

    Args:
        n_labels: Labels of entities; there are 4 tags for each, and `O`.
    """

    start_K: Tensor
    follow_JK: Tensor
    end_K: Tensor

    def __init__(self, n_labels: int):
        super().__init__()
        size = n_tags(n_labels)
        self.start = nn.Parameter(torch.zeros(size))
        self.follow = nn.Parameter(torch.zeros(size, size))
        self.end = nn.Parameter(torch.zeros(size))
        for name, allowed in zip(("start_K", "follow_JK", "end_K"), allowed_tags(n_labels), strict=True):
            self.register_buffer(name, torch.where(allowed, 0.0, FORBIDDEN), persistent=False)

    def scores(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return the scores of the first tag (K), of a tag after another (J, K), and of the last tag (K), float32."""
        return (
            self.start.float() + self.start_K,
            self.follow.float() + self.follow_JK,
            self.end.float() + self.end_K,
        )

    def loss(self, emission_BLK: Tensor, tags_BL: Tensor, length_B: Tensor, whole_B2: Tensor) -> Tensor:
        """Return the negative log-likelihood of each sentence's tags, float32 (B).

        Args:
            emission_BLK: Scores of each tag at each word; what stands after a sentence's end does not count.
            tags_BL: int64, the true tags.
            length_B: int64, words in each sentence, at least one.
            whole_B2: bool, whether the sentence's start and end are here; where it was cut, any tag may stand.
        """
        # Sums over many words need the full precision that mixed-precision training would take away.
        with torch.autocast(emission_BLK.device.type, enabled=False):
            return self._loss(emission_BLK.float(), tags_BL, length_B, whole_B2)

    def _loss(self, emission_BLK: Tensor, tags_BL: Tensor, length_B: Tensor, whole_B2: Tensor) -> Tensor:
        start_K, follow_JK, end_K = self.scores()
        longest = emission_BLK.shape[1]
        start_BK, end_BK = whole_B2[:, :1] * start_K, whole_B2[:, 1:] * end_K
        inside_BL = torch.arange(longest, device=length_B.device) < length_B[:, None]

        rows = torch.arange(len(length_B), device=length_B.device)
        single_BL = emission_BLK.gather(2, tags_BL[:, :, None]).squeeze(2)
        pairs_BM = follow_JK[tags_BL[:, :-1], tags_BL[:, 1:]]
        last_B = tags_BL[rows, length_B - 1]
        truth_B = (single_BL * inside_BL).sum(1) + (pairs_BM * inside_BL[:, 1:]).sum(1)
        truth_B = truth_B + start_BK.gather(1, tags_BL[:, :1]).squeeze(1) + end_BK.gather(1, last_B[:, None]).squeeze(1)

        alpha_BK = start_BK + emission_BLK[:, 0]
        for place in range(1, longest):
            onward_BK = _log_product(alpha_BK, follow_JK) + emission_BLK[:, place]
            alpha_BK = torch.where(inside_BL[:, place, None], onward_BK, alpha_BK)
        return torch.logsumexp(alpha_BK + end_BK, 1) - truth_B


def _log_product(alpha_BK: Tensor, follow_JK: Tensor) -> Tensor:
    """Return log(exp(alpha) @ exp(follow)): a matrix product is many times quicker than a sum over (B, J, K)."""
    top_B1 = alpha_BK.detach().amax(1, keepdim=True)
    product_BK = (alpha_BK - top_B1).exp() @ follow_JK.exp()
    return product_BK.clamp_min(1e-37).log() + top_B1
