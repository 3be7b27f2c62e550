"""Words into windows of tokens with what a tag head needs of each word, and the head's scores back into one tag a word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nlpsuite.tasks.crf_decode import ChainScores, best_tags, span_confidences, tag_spans
from nlpsuite.tasks.tag_head import WordWindow
from nlpsuite.tasks.task import Window
from nlpsuite.tasks.word_features import WordFeatures
from nlpsuite.tasks.word_windows import best_windows, word_windows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from nlpsuite.tasks.tag_head import TagHead
    from nlpsuite.tasks.tag_schemes import Span
    from nlpsuite.tasks.task import TaskContext

_KEPT = 1 << 18


@dataclass(frozen=True, slots=True)
class TagScores:
    """What a tag head says of a window.

    Attributes:
        emission_NK: Scores of each tag at each of the window's words, float64.
        chain: Scores of tags in a row.
    """

    emission_NK: NDArray[np.float64]
    chain: ChainScores

    @classmethod
    def of(cls, head: TagHead, emission_NK: Tensor, windows: Sequence[WordWindow]) -> list[TagScores]:
        """Take apart what a head said of several windows."""
        chain = ChainScores.of(head.chain)
        scores_NK = emission_NK.detach().cpu().double().numpy()
        ends = np.cumsum([window.n_words for window in windows])[:-1]
        return [cls(each, chain) for each in np.split(scores_NK, ends)]


class WordEncoder:
    """Turns words into windows.

    Each word is encoded by itself, with the space before it where there is one, so that no token belongs to two words.
    Of a word of more tokens than a quarter of the context the backbone reads the first and the last; its tag and its
    other features are those of the whole word.

    Args:
        context: Tokenizer, context and where to say things.
        buckets: For the hashed features.
        overlap: The share of a window that the next one repeats, for long inputs.
    """

    def __init__(self, context: TaskContext, *, buckets: int, overlap: float):
        self._context, self._overlap = context, overlap
        self._features = WordFeatures(buckets)
        self._ids: dict[tuple[str, bool], list[int]] = {}
        self._most = max(1, context.context // 4)
        self._said = False

    def __call__(
        self, words: Sequence[str], spaces: Sequence[bool], tags: NDArray[np.int64] | None = None
    ) -> list[Window]:
        """Return windows that together hold all words; without words, one empty window.

        Args:
            words: The words, none of them empty.
            spaces: Whether there is a space before each.
            tags: The number of each word's tag, if known.
        """
        pieces = [self._pieces(word, space) for word, space in zip(words, spaces, strict=True)]
        lengths = [len(each) for each in pieces]
        spans = word_windows(lengths, self._context.context - 2, self._overlap)
        buckets_NF = self._features(words)
        best = best_windows(lengths, spans)
        bos, eos = self._context.tokenizer.bos_id, self._context.tokenizer.eos_id
        windows = []
        for number, (first, end) in enumerate(spans):
            ids = [bos, *(index for each in pieces[first:end] for index in each), eos]
            ends_N = (1 + np.cumsum(lengths[first:end])).astype(np.int32)
            starts_N = ends_N - np.array(lengths[first:end], np.int32)
            held = WordWindow(
                first,
                (first == 0, end == len(words)),
                starts_N,
                ends_N,
                buckets_NF[first:end],
            )
            weight = best.count(number) / len(words) if words else 1.0
            windows.append(
                Window(ids, None if tags is None else tags[first:end], weight, sum(lengths[:first]), 0, held)
            )
        return windows

    def _pieces(self, word: str, space: bool) -> list[int]:
        known = self._ids.get((word, space))
        if known is not None:
            return known
        tokenizer = self._context.tokenizer
        ids = tokenizer.encode_inside(" " + word if space else word) or tokenizer.encode(" ") or [tokenizer.eos_id]
        if len(ids) > self._most:
            if not self._said:
                what = f"a word of {len(ids)} tokens, {word[:20]!r}...; of such words the backbone reads the first and last"
                self._context.report.say(f"{what} {self._most} tokens, and the head all of it")
                self._said = True
            half = (self._most + 1) // 2
            ids = ids[:half] + ids[len(ids) - (self._most - half) :]
        if len(self._ids) >= _KEPT:
            self._ids.clear()
        self._ids[word, space] = ids
        return ids


def decode_tags(
    windows: Sequence[Window], outputs: Sequence[TagScores], labels: Sequence[str]
) -> tuple[list[Span], list[float]]:
    """Return the entities of a row's words and the probability of each.

    A word in several windows has the scores of the window where it is seen best; one valid sequence is then found for
    the whole row.

    Args:
        windows: The row's windows, as `WordEncoder` made them.
        outputs: What the head says of each.
        labels: The names of labels.
    """
    held: list[WordWindow] = [window.features for window in windows]
    spans = [(each.first, each.first + each.n_words) for each in held]
    lengths = [0] * spans[-1][1]
    for each in held:
        lengths[each.first : each.first + each.n_words] = (each.ends_N - each.starts_N).tolist()
    emission_LK = outputs[0].emission_NK
    if len(windows) > 1:
        best = best_windows(lengths, spans)
        emission_LK = np.stack(
            [outputs[number].emission_NK[word - spans[number][0]] for word, number in enumerate(best)]
        )
    chain = outputs[0].chain
    tags = best_tags(emission_LK, chain)
    entities = tag_spans(tags, labels)
    return entities, span_confidences(emission_LK, chain, tags, entities)
