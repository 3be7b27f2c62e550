"""What each token of a context has to do with a question: overlap of words near and far, and the shape of its own word.

Small backbones learn such overlap slowly by themselves. Features of this kind carried the logistic regression of Rajpurkar et
al. 2016 (SQuAD) and the reader of Chen et al. 2017 (DrQA). Letters in shapes: T tokens, W words, Q words of the question.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nlpsuite.api import split_words
from nlpsuite_qa.words import know_word

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nlpsuite_qa.rarity import Rarity
    from nlpsuite_qa.view import ContextView

_REACHES = (2, 5, 10, 20)
_CONTENT = 0.35
"""A match of a word at least so rare counts as one of content; commoner ones are mostly grammar."""
N_FEATURES = 22
"""Columns of `match`: overlap of the word, of its neighbourhood and of its sentence; rarity; shape; edges of words."""


def match(view: ContextView, question: str, rarity: Rarity) -> NDArray[np.uint8]:
    """Compare a context with a question.

    Args:
        view: The context.
        question: The question.
        rarity: How rare words are.

    Returns:
        Features of each token, (T, N_FEATURES), in steps of 1 / 255.
    """
    words = [know_word(question[start:end]) for start, end in split_words(question)]
    own_Q = np.array([0.0 if word.shape[-1] else rarity.of(word.key) for word in words], np.float32)
    same_W = _places([view.keys.get(word.key, -1) for word in words], view.key_W, len(view.keys))
    alike_W = _places([view.stems.get(word.stem, -1) for word in words], view.stem_W, len(view.stems))
    alike_W = np.where(same_W >= 0, same_W, alike_W)
    columns_W = _overlap(view, same_W >= 0, alike_W, own_Q)
    per_word = np.zeros((len(view.key_W) + 1, columns_W.shape[1] + view.shape_WF.shape[1]), np.uint8)
    per_word[:-1, : columns_W.shape[1]] = np.round(255 * columns_W.clip(0, 1))
    per_word[:-1, columns_W.shape[1] :] = 255 * view.shape_WF
    return np.hstack([per_word[view.word_T], 255 * view.edges_T2])


def _places(indices: list[int], index_W: NDArray[np.int32], count: int) -> NDArray[np.int32]:
    """Return for each word of the context the first word of the question with the same index, or -1."""
    first = np.full(count + 1, -1, np.int32)
    first[indices[::-1]] = np.arange(len(indices) - 1, -1, -1, dtype=np.int32)
    first[count] = -1
    # An index of -1 wrote to the last place, which no word of the context has.
    return first[index_W]


def _overlap(
    view: ContextView, same_W: NDArray[np.bool_], alike_W: NDArray[np.int32], own_Q: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the columns on overlap, (W, 12)."""
    count = len(same_W)
    if not count or not len(own_Q):
        return np.zeros((count, 12), np.float32)
    weight_W = np.where(alike_W >= 0, own_Q[alike_W], 0).astype(np.float32)
    everything = max(float(own_Q.sum()), 1e-3)
    sums = np.concatenate([[0.0], weight_W.cumsum(dtype=np.float64)])
    places = np.arange(count)
    near = [
        (sums[np.minimum(places + reach + 1, count)] - sums[np.maximum(places - reach, 0)]) / everything
        for reach in _REACHES
    ]
    content_W = weight_W >= _CONTENT
    left = places - np.maximum.accumulate(np.where(content_W, places, -1000))
    right = np.minimum.accumulate(np.where(content_W, places, count + 1000)[::-1])[::-1] - places
    # A word that comes twice in a sentence counts once there.
    pair = view.sentence_W.astype(np.int64) * (len(own_Q) + 1) + alike_W + 1
    _, first = np.unique(pair, return_index=True)
    once = np.zeros(count, np.float32)
    once[first] = weight_W[first]
    in_sentence = np.bincount(view.sentence_W, once)
    share_W = in_sentence[view.sentence_W] / everything
    best_W = in_sentence[view.sentence_W] >= max(float(in_sentence.max()), 1e-6)
    return np.column_stack(
        [same_W, alike_W >= 0, weight_W, *near, 3 / (3 + left), 3 / (3 + right), share_W, best_W, view.rarity_W]
    ).astype(np.float32)
