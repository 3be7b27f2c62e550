"""Labels that run from less to more: numbers, numbers with a word beside them, stars, and names of polarity."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

NUMBER = r"[+-]?[0-9]+([.][0-9]+)?"
_WORDED = re.compile(r"(?P<before>[^\W\d_]*)[\s_-]*(?P<number>[0-9]+([.][0-9]+)?)[\s_-]*(?P<after>[^\W\d_]*)")
_STARS = re.compile("(★+)☆*|(⭐️?)+")

_NAMES = (
    # From worst to best, with a row for each language or scale: seven ranks, set apart by bars.
    "very negative, strongly negative, extremely negative | negative, neg | somewhat negative, slightly negative, weakly negative"
    "| neutral, neu, mixed | somewhat positive, slightly positive, weakly positive | positive, pos"
    "| very positive, strongly positive, extremely positive",
    "terrible, awful | bad, poor || average, ok, okay, fair || good | excellent, great",
    "strongly disagree | disagree | somewhat disagree | undecided, neither agree nor disagree | somewhat agree | agree"
    "| strongly agree",
    "very dissatisfied, very unsatisfied | dissatisfied, unsatisfied || neither satisfied nor dissatisfied || satisfied"
    "| very satisfied",
    "very bearish | bearish |||| bullish | very bullish",
    "n+ | n |||| p | p+",
    "非常负面, 很负面 | 负面, 消极, 差评, 负向, 贬义 | 较负面 | 中性, 中立, 中评, 一般"
    "| 较正面 | 正面, 积极, 好评, 正向, 褒义 | 非常正面, 很正面",
    "非常負面 | 負面, 消極, 差評, 負評, 負向 || 普通 || 正面, 積極, 好評, 正評 | 非常正面",
    "非常差, 很差 | 差 |||| 好 | 非常好, 很好",
    "とてもネガティブ, 非常に悪い | ネガティブ, 否定的, 否定, 悪い | ややネガティブ | ニュートラル, 中立的, ふつう"
    "| ややポジティブ | ポジティブ, 肯定的, 肯定, 良い | とてもポジティブ, 非常に良い",
    "매우 부정 | 부정, 부정적 || 중립, 중립적 || 긍정, 긍정적 | 매우 긍정",
    "sehr negativ, sehr schlecht | negativ, schlecht | eher negativ | gemischt, mittel | eher positiv | positiv, gut"
    "| sehr positiv, sehr gut",
    "très négatif, très négative | négatif, négative, mauvais | plutôt négatif | neutre, mitigé | plutôt positif"
    "| positif, positive, bon | très positif, très positive",
    "muy negativo, muy negativa, muy malo | negativo, negativa, malo | algo negativo | neutro, neutra, mixto | algo positivo"
    "| positivo, positiva, bueno | muy positivo, muy positiva, muy bueno",
    "molto negativo, molto negativa | negativo | abbastanza negativo | neutrale, misto | abbastanza positivo | positivo"
    "| molto positivo, molto positiva",
    "muito negativo, muito negativa | negativo, ruim || misto || positivo, bom | muito positivo, muito positiva",
    "zeer negatief, heel negatief | negatief, slecht | enigszins negatief | neutraal, gemengd | enigszins positief"
    "| positief, goed | zeer positief, heel positief",
    "очень негативный, очень отрицательный | негативный, негативная, негативное, негативно, негатив, отрицательный,"
    "отрицательная, отрицательное, отрицательно | скорее негативный | нейтральный, нейтральная, нейтральное, нейтрально,"
    "нейтрал | скорее позитивный | позитивный, позитивная, позитивное, позитивно, позитив, положительный, положительная,"
    "положительное, положительно | очень позитивный, очень положительный",
    "| negatywny, negatywna || neutralny, neutralna || pozytywny, pozytywna |",
    "| olumsuz, negatif || nötr, tarafsız, netral || olumlu, pozitif, positif |",
    "| سلبي || محايد || إيجابي |",
    "| नकारात्मक || तटस्थ || सकारात्मक |",
)


def _plain(name: str) -> str:
    """Return a name without case and accents, and with one space between its words."""
    letters = "".join(each for each in unicodedata.normalize("NFKD", name) if not unicodedata.combining(each))
    return re.sub(r"[\s_-]+", " ", letters).strip().casefold()


_POLARITY = {
    _plain(name): rank
    for scale in _NAMES
    for rank, names in enumerate(scale.split("|"))
    for name in names.split(",")
    if name.strip()
}


def has_known_order(names: Iterable[str]) -> bool:
    """Whether labels run from less to more: each has a place of its own among numbers, stars, or names of polarity."""
    listed = list(names)
    places = _places(listed)
    return places is not None and len(set(places)) == len(listed)


def natural_order(names: Iterable[str]) -> list[str]:
    """Sort label names: numbers by size, names of polarity from negative to positive, all else with `2` before `10`."""
    unsorted = sorted(set(names))
    places = _places(unsorted)
    if places is None:
        return sorted(unsorted, key=_natural_key)
    return [name for _, name in sorted(zip(places, unsorted, strict=True))]


def _places(names: Sequence[str]) -> list[float] | None:
    """Return where each name stands on the scale that all of them are of, or None."""
    if all(re.fullmatch(NUMBER, name) for name in names):
        return [float(name) for name in names]
    plain = [_plain(name) for name in names]
    if all(name in _POLARITY for name in plain):
        return [float(_POLARITY[name]) for name in plain]
    if all(_STARS.fullmatch(name) for name in names):
        return [float(name.count("★") + name.count("⭐")) for name in names]
    return _worded(plain)


def _worded(names: Sequence[str]) -> list[float] | None:
    """Return the numbers in names like `1 star` and `5 stars`, if the same word stands beside them all.

    A word may have an ending in the one that it lacks in the other.
    """
    found = [match for name in names if (match := _WORDED.fullmatch(name))]
    if len(found) < len(names):
        return None
    for side in ("before", "after"):
        words = {match[side] for match in found}
        shortest = min(words, key=len, default="")
        # The stem of a short word is the word itself: `q` and `quarter` are two.
        stem = shortest[: max(2, len(shortest) - 2)]
        # An empty stem is that of no word at all.
        if not all(word.startswith(stem) and len(word) <= len(shortest) + 4 * bool(stem) for word in words):
            return None
    return [float(match["number"]) for match in found]


def _natural_key(name: str) -> list[tuple[int, int, str]]:
    parts = re.findall(r"[0-9]+|[^0-9]+", name.casefold())
    return [(0, int(part), "") if part[0] in "0123456789" else (1, 0, part) for part in parts]
