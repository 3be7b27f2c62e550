"""The best valid sequence of tags for a sentence, and the probability of each of its entities, in float64 on the CPU.

Letters in names: L words, K tags (J those before).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nlpsuite.tasks.crf import FORBIDDEN
from nlpsuite.tasks.tag_schemes import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from nlpsuite.tasks.crf import TagChain

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ChainScores:
    """The learned scores of a `TagChain`, as arrays; what is forbidden is minus infinity.

    Attributes:
        start_K: Of the first tag.
        follow_JK: Of a tag after another.
        end_K: Of the last tag.
    """

    start_K: Floats
    follow_JK: Floats
    end_K: Floats

    @classmethod
    def of(cls, chain: TagChain) -> ChainScores:
        """Take the scores of a chain."""
        arrays = [scores.detach().cpu().double().numpy() for scores in chain.scores()]
        return cls(*(np.where(each < FORBIDDEN / 2, -np.inf, each) for each in arrays))


def best_tags(emission_LK: Floats, chain: ChainScores) -> list[int]:
    """Return the valid sequence with the highest score (Viterbi 1967).

    Args:
        emission_LK: Scores of each tag at each word; no word gives no tag.
        chain: Scores of tags in a row.
    """
    if not len(emission_LK):
        return []
    columns_KJ = np.ascontiguousarray(chain.follow_JK.T)
    from_LK = np.empty(emission_LK.shape, np.int64)
    best_K = chain.start_K + emission_LK[0]
    every = np.arange(emission_LK.shape[1])
    for place in range(1, len(emission_LK)):
        scores_KJ = columns_KJ + best_K
        from_LK[place] = chosen_K = scores_KJ.argmax(1)
        best_K = scores_KJ[every, chosen_K] + emission_LK[place]
    tags = [int((best_K + chain.end_K).argmax())]
    for place in range(len(emission_LK) - 1, 0, -1):
        tags.append(int(from_LK[place, tags[-1]]))
    return tags[::-1]


def tag_spans(tags: Sequence[int], labels: Sequence[str]) -> list[Span]:
    """Return the spans of a valid sequence of tag numbers."""
    spans: list[Span] = []
    start = 0
    for place, tag in enumerate(tags):
        if tag and (tag - 1) % 4 in (0, 3):
            start = place
        if tag and (tag - 1) % 4 in (2, 3):
            spans.append(Span(start, place + 1, labels[(tag - 1) // 4]))
    return spans


def span_confidences(
    emission_LK: Floats, chain: ChainScores, tags: Sequence[int], spans: Sequence[Span]
) -> list[float]:
    """Return the probability of each span: the share of all valid sequences, by weight, that hold this very entity.

    It is exact: the sum over what may stand before and after the span, by the forward and backward algorithm, with the
    tags inside it fixed (Culotta and McCallum 2004, "Confidence Estimation for Information Extraction").

    Args:
        emission_LK: Scores of each tag at each word.
        chain: Scores of tags in a row.
        tags: The best tags.
        spans: The spans they stand for.
    """
    if not spans:
        return []
    alpha_LK, total = _forward(emission_LK, chain.start_K, chain.follow_JK, chain.end_K)
    beta_LK, _ = _forward(emission_LK[::-1], chain.end_K, chain.follow_JK.T, chain.start_K)
    beta_LK = beta_LK[::-1]
    confidences = []
    for start, end, _ in spans:
        log_p = alpha_LK[start, tags[start]] - emission_LK[start, tags[start]] + beta_LK[end - 1, tags[end - 1]]
        for place in range(start, end - 1):
            log_p += emission_LK[place, tags[place]] + chain.follow_JK[tags[place], tags[place + 1]]
        confidences.append(float(np.exp(min(0.0, log_p - total))))
    return confidences


def _forward(emission_LK: Floats, start_K: Floats, follow_JK: Floats, end_K: Floats) -> tuple[Floats, float]:
    """Return the log of the summed weight of all ways to each word's tag, its own score included, and of all ways."""
    columns_KJ = np.ascontiguousarray(follow_JK.T)
    alpha_LK = np.empty(emission_LK.shape)
    alpha_LK[0] = alpha_K = start_K + emission_LK[0]
    for place in range(1, len(emission_LK)):
        alpha_LK[place] = alpha_K = _log_sum(columns_KJ + alpha_K) + emission_LK[place]
    return alpha_LK, float(_log_sum((alpha_K + end_K)[None])[0])


def _log_sum(scores_KJ: Floats) -> Floats:
    """Return log(sum(exp(scores))) of each row; in each something is possible."""
    top_K = scores_KJ.max(1)
    total_K: Floats = top_K + np.log(np.exp(scores_KJ - top_K[:, None]).sum(1))
    return total_K
