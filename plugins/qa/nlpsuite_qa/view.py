"""A context as the features see it: computed once for all of its questions.

Letters in shapes: T tokens, W words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nlpsuite.api import split_words
from nlpsuite_qa.words import N_SHAPES, know_word, sentence_numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nlpsuite.api import Tokenizer
    from nlpsuite_qa.rarity import Rarity


@dataclass(frozen=True, slots=True)
class TokenSpans:
    """Which characters each token stands for, white space at its ends left out; a token of white space has none.

    Attributes:
        begin_T: int32, the first character.
        end_T: int32, the one after the last.
    """

    begin_T: NDArray[np.int32]
    end_T: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class ContextView:
    """A context in tokens and words.

    Attributes:
        ids_T: int32 token ids.
        spans: The tokens' characters.
        word_T: int32, the word that each token begins in; W for a token of white space.
        edges_T2: uint8, whether the token begins and ends a word.
        keys: The index of each different word, case aside.
        stems: The same for stems.
        key_W: int32, the index of each word's key.
        stem_W: int32, the same for stems.
        rarity_W: float32, 0 to 1.
        shape_WF: uint8, shapes, and whether the word is first in its sentence and whether it comes more than once.
        sentence_W: int32, the sentence of each word.
    """

    ids_T: NDArray[np.int32]
    spans: TokenSpans
    word_T: NDArray[np.int32]
    edges_T2: NDArray[np.uint8]
    keys: dict[str, int]
    stems: dict[str, int]
    key_W: NDArray[np.int32]
    stem_W: NDArray[np.int32]
    rarity_W: NDArray[np.float32]
    shape_WF: NDArray[np.uint8]
    sentence_W: NDArray[np.int32]


def view_context(text: str, tokenizer: Tokenizer, rarity: Rarity) -> ContextView:
    """Look at a context.

    Raises:
        UserError: The text holds a lone surrogate.
    """
    ids, offsets = tokenizer.encode_with_offsets(text)
    spans = trimmed(text, np.array(offsets, np.int32).reshape(-1, 2))
    words = split_words(text)
    known = [know_word(text[start:end]) for start, end in words]
    keys: dict[str, int] = {}
    stems: dict[str, int] = {}
    key_W = np.array([keys.setdefault(word.key, len(keys)) for word in known], np.int32)
    stem_W = np.array([stems.setdefault(word.stem, len(stems)) for word in known], np.int32)
    sentence_W = np.array(sentence_numbers(text, words), np.int32)
    first_W = np.diff(sentence_W, prepend=-1) > 0
    often_W = np.bincount(key_W, minlength=1)[key_W] > 1
    shape_WF = np.array([word.shape for word in known], np.uint8).reshape(len(known), N_SHAPES)
    word_T, edges_T2 = _words_of_tokens(spans, np.array(words, np.int32).reshape(-1, 2))
    return ContextView(
        ids_T=np.array(ids, np.int32),
        spans=spans,
        word_T=word_T,
        edges_T2=edges_T2,
        keys=keys,
        stems=stems,
        key_W=key_W,
        stem_W=stem_W,
        rarity_W=np.array([rarity.of(word.key) for word in known], np.float32),
        shape_WF=np.column_stack([shape_WF, first_W, often_W]).astype(np.uint8),
        sentence_W=sentence_W,
    )


def trimmed(text: str, offsets_T2: NDArray[np.int32]) -> TokenSpans:
    """Return the characters of tokens without the white space at their ends."""
    places = np.arange(len(text), dtype=np.int32)
    blank = np.fromiter((character.isspace() for character in text), bool, len(text))
    # For each place the next one that is not white space, and the end of the last one before it.
    after = np.minimum.accumulate(np.where(blank, len(text), places)[::-1])[::-1]
    before = np.maximum.accumulate(np.where(blank, 0, places + 1))
    begin_T, end_T = offsets_T2[:, 0], offsets_T2[:, 1]
    if not len(text):
        return TokenSpans(begin_T, end_T)
    first_T = after[np.minimum(begin_T, len(text) - 1)].astype(np.int32)
    last_T = before[np.maximum(end_T - 1, 0)].astype(np.int32)
    none_T = first_T >= end_T
    return TokenSpans(np.where(none_T, begin_T, first_T), np.where(none_T, begin_T, last_T))


def _words_of_tokens(spans: TokenSpans, words_W2: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    count = len(words_W2)
    if not count:
        return np.zeros(len(spans.begin_T), np.int32), np.zeros((len(spans.begin_T), 2), np.uint8)
    word_T = (np.searchsorted(words_W2[:, 0], spans.begin_T, side="right") - 1).astype(np.int32)
    last_T = np.searchsorted(words_W2[:, 0], spans.end_T - 1, side="right") - 1
    begins_T = words_W2[word_T.clip(0), 0] == spans.begin_T
    ends_T = words_W2[last_T.clip(0), 1] == spans.end_T
    blank_T = spans.begin_T >= spans.end_T
    edges_T2 = np.column_stack([begins_T & ~blank_T, ends_T & ~blank_T]).astype(np.uint8)
    return np.where(blank_T | (word_T < 0), count, word_T).astype(np.int32), edges_T2
