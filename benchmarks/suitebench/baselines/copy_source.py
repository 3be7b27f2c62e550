"""Translation by leaving the text as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def measure(folder: Path, test: str) -> dict[str, float]:
    """Score the English side of a test set as if it were German.

    Args:
        folder: Holds `<test>.en` and `<test>.de`.
        test: The name of the test set.
    """
    source, target = ((folder / f"{test}.{side}").read_text(encoding="utf-8").splitlines() for side in ("en", "de"))
    return bleu(source, target)


def bleu(translations: list[str], references: list[str]) -> dict[str, float]:
    """Return sacreBLEU's BLEU and chrF, and BLEU of text that is tokenised and lower-cased."""
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    return {
        "test/bleu": BLEU().corpus_score(translations, [references]).score,
        "test/bleu_tokenised_lowercased": BLEU(lowercase=True).corpus_score(translations, [references]).score,
        "test/chrf": CHRF().corpus_score(translations, [references]).score,
    }
