"""Exact match and F1 of an answer, as SQuAD's official script counts them; and, for scripts without spaces, as CMRC 2018's."""

from __future__ import annotations

import re
import string
from collections import Counter
from typing import TYPE_CHECKING

from nlpsuite.api import is_unspaced

if TYPE_CHECKING:
    from collections.abc import Iterable

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_WIDE_PUNCTUATION = re.compile(r"[\u3000-\u303f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65“”‘’…·《》—]")


def normalised(text: str) -> str:
    """Return an answer in lower case, without punctuation, English articles and extra white space."""
    text = text.lower()
    if any(is_unspaced(character) for character in text):
        text = _WIDE_PUNCTUATION.sub("", text)
    return " ".join(_ARTICLES.sub(" ", text.translate(_PUNCTUATION)).split())


def answer_tokens(text: str) -> list[str]:
    """Return the words of an answer that F1 counts: set apart by spaces, each character by itself where there are none."""
    return "".join(f" {each} " if is_unspaced(each) else each for each in normalised(text)).split()


def exact(answer: str, right: str) -> float:
    """Return 1 where both are the same once normalised, else 0."""
    return float(normalised(answer) == normalised(right))


def f1(answer: str, right: str) -> float:
    """Return the F1 of an answer's words, as a bag, against those of a right one; where one has none, 1 if both have none."""
    said, true = answer_tokens(answer), answer_tokens(right)
    if not said or not true:
        return float(said == true)
    common = sum((Counter(said) & Counter(true)).values())
    # 2PR / (P + R) with P = common / said and R = common / true.
    return 2 * common / (len(said) + len(true))


def best_scores(answer: str, right: Iterable[str]) -> tuple[float, float]:
    """Return exact match and F1, each against the right answer that suits it best.

    Args:
        answer: What was said; empty for "no answer".
        right: The right answers; none where the question has no answer.
    """
    # As the official script does: an answer of nothing but articles and punctuation does not count as one.
    answers = [each for each in right if normalised(each)] or [""]
    return max(exact(answer, each) for each in answers), max(f1(answer, each) for each in answers)
