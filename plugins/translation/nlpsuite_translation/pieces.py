"""A long source in pieces that can be translated one after the other; joined, the pieces are the source itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_SENTENCE = re.compile(r"(?s).+?(?:[.!?…]+[\"'”’»)\]]*\s+|[。！？]+[”’」』）]*\s*|\n\s*|\Z)")
_CLAUSE = re.compile(r"[,;:–—]\s+|[，；：、]\s*")
_SPACE = re.compile(r"\s+")
_NO_SPACES = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uff00-\uff60]\Z")


def sentences(text: str) -> list[str]:
    """Cut a text after each sentence or line; what follows its end up to the next belongs to it."""
    return _SENTENCE.findall(text)


def cut(text: str, count: Callable[[str], int], usual: int, most: int) -> list[str]:
    """Cut a text into pieces, at the ends of sentences where that is enough.

    A text of up to `usual` tokens is one piece; of a longer one, sentences share a piece while they fit. A sentence goes
    over `usual` if it must; only one of more than `most` tokens is cut inside, near its middle: after a clause, else at a
    space, else anywhere.

    Args:
        text: The text.
        count: Tells how many tokens a text is.
        usual: Tokens that a piece should have at the most.
        most: Tokens that it may have at the most.
    """
    if count(text) <= usual:
        return [text]
    parts = [part for sentence in sentences(text) for part in _halves(sentence, count, most)]
    pieces: list[str] = []
    for part in parts:
        if pieces and (not part.strip() or count(pieces[-1] + part) <= usual):
            pieces[-1] += part
        else:
            pieces.append(part)
    return pieces


def _halves(text: str, count: Callable[[str], int], most: int) -> list[str]:
    if len(text) == 1 or count(text) <= most:
        return [text]
    at = _near_middle(text)
    return [*_halves(text[:at], count, most), *_halves(text[at:], count, most)]


def _near_middle(text: str) -> int:
    """Return where to cut a text: in its middle half if there is a clause's end or a space."""
    middle = len(text) / 2
    for pattern in (_CLAUSE, _SPACE):
        ends = [match.end() for match in pattern.finditer(text)]
        close = [end for end in ends if middle / 2 <= end <= middle * 1.5 and end < len(text)]
        if close:
            return min(close, key=lambda end: abs(end - middle))
    return len(text) // 2


def aligned(pieces: Sequence[str], target: str) -> list[str | None]:
    """Return the part of a translation that belongs to each piece of its source.

    Where sentences of both are not the same in number, or a piece is no whole sentences, there is no telling: None for each.
    """
    if len(pieces) == 1:
        return [target]
    source, translated = sentences("".join(pieces)), sentences(target)
    if len(source) != len(translated):
        return [None] * len(pieces)
    parts: list[str | None] = []
    at = 0
    for piece in pieces:
        start, taken = at, ""
        while len(taken) < len(piece):
            taken += source[at]
            at += 1
        if taken != piece:
            return [None] * len(pieces)
        parts.append("".join(translated[start:at]))
    return parts


def space_after(piece: str) -> str:
    """Return the white space that a piece ends with."""
    return piece[len(piece.rstrip()) :]


def join(texts: Sequence[str], spaces: Sequence[str]) -> str:
    """Put translated pieces together, with the white space of the source between them.

    Where the source had none, as in Chinese, a space is put in, unless the translation's own script does without.

    Args:
        texts: The translations.
        spaces: The white space after each piece of the source.
    """
    whole = ""
    for text, space in zip(texts, ["", *spaces][: len(texts)], strict=True):
        if whole and text:
            unspaced = _NO_SPACES.search(whole) is not None
            whole += "" if unspaced and space in ("", " ") else space or " "
        whole += text
    return whole
