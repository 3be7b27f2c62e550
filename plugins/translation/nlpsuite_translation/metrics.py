"""Scores of translations: BLEU, chrF, and the perplexity of the reference. All are made of sums over the corpus."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from nlpsuite.api import RunningSums, TaskMetrics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nlpsuite.api import Row

ORDERS = 4
"""BLEU's longest n-gram, in tokens."""
CHARACTERS = 6
"""chrF's longest n-gram, in characters."""
BETA = 2
"""The weight of recall in chrF."""
_PARTS = [f"{part}{order}" for part in ("correct", "total") for order in range(ORDERS)] + ["said_length", "true_length"]


class TranslationMetrics(TaskMetrics):
    """Running scores of predictions `{"translation": text, "target_loss": nats, "target_tokens": count, ...}`.

    `bleu` (Papineni et al. 2002, as sacreBLEU computes it, Post 2018), `chrf` (chrF2, Popović 2015),
    `bleu_tokenised_lowercased` (the same BLEU after lower-casing both sides: the kind in most tables of Multi30k),
    `perplexity` of the reference's tokens, and `bits_per_byte` of the reference, which does not depend on the tokenizer.
    Predictions without a translation count for the last two alone, those without a loss for the others.

    Args:
        tokenizer: sacreBLEU's tokenizer.
    """

    def __init__(self, tokenizer: str):
        self._bleu = BLEU(tokenize=tokenizer)
        # What sacreBLEU warns of, text that seems to be tokenised already, is for the user to judge from the signature.
        self._lower = BLEU(tokenize=tokenizer, lowercase=True, force=True)
        self._bleu._force = True
        self._chrf = CHRF()
        names = [f"{kind}_{part}" for kind in ("bleu", "lower") for part in _PARTS]
        names += [f"chrf_{part}{order}" for order in range(CHARACTERS) for part in ("said", "true", "both")]
        self._sums = RunningSums([*names, "translated", "unfinished", "nats", "tokens", "bytes", "without_loss"])

    def update(self, rows: Sequence[Row], predictions: Sequence[Mapping[str, Any]]) -> None:
        """Count rows, each with a reference as target, and their predictions."""
        pairs = zip(rows, predictions, strict=True)
        told = [(each["translation"], str(row.target)) for row, each in pairs if "translation" in each]
        if told:
            said, true = zip(*told, strict=True)
            for kind, bleu in (("bleu", self._bleu), ("lower", self._lower)):
                score = bleu.corpus_score(said, [true])
                values = (*score.counts, *score.totals, score.sys_len, score.ref_len)
                self._sums.update({f"{kind}_{part}": value for part, value in zip(_PARTS, values, strict=True)})
            for one, other in told:
                self._sums.update(_character_matches(one, other))
        unfinished = sum(not each.get("complete", True) for each in predictions)
        self._sums.update({"translated": len(told), "unfinished": unfinished})
        for row, each in zip(rows, predictions, strict=True):
            tokens = each.get("target_tokens", 0)
            size = len(str(row.target).strip().encode(errors="replace")) if tokens else 0
            self._sums.update(
                {"nats": each.get("target_loss", 0.0), "tokens": tokens, "bytes": size, "without_loss": not tokens}
            )

    def compute(self) -> dict[str, float]:
        """Return the scores, over the rows of all processes: BLEU and chrF from 0 to 100."""
        sums = self._sums.compute()
        scores: dict[str, float] = {}
        if sums["translated"]:
            scores["bleu"] = _bleu(sums, "bleu")
            scores["chrf"] = _chrf(sums)
            scores["bleu_tokenised_lowercased"] = _bleu(sums, "lower")
        if sums["tokens"]:
            scores["perplexity"] = math.exp(min(700.0, sums["nats"] / sums["tokens"]))
            scores["bits_per_byte"] = sums["nats"] / math.log(2) / max(1.0, sums["bytes"])
        return scores

    def notes(self) -> Mapping[str, str]:
        """Return the signatures of the scores, and how many rows a score leaves out or was cut short in."""
        notes = {name: _signature(metric) for name, metric in self._signed().items()}
        sums = self._sums.compute()
        if sums["unfinished"]:
            notes["longest length"] = f"{sums['unfinished']:.0f} translations were ended at the longest length allowed"
        if sums["tokens"] and sums["without_loss"]:
            notes["perplexity"] = (
                f"without {sums['without_loss']:.0f} rows that are too long to be read with their reference"
            )
        return notes

    def _signed(self) -> dict[str, BLEU | CHRF]:
        return {"bleu": self._bleu, "chrf": self._chrf, "bleu_tokenised_lowercased": self._lower}


def _signature(metric: BLEU | CHRF) -> str:
    # The number of references is in the signature, and known only once something was scored.
    metric.corpus_score(["a"], [["a"]])
    return str(metric.get_signature())


def _bleu(sums: Mapping[str, float], kind: str) -> float:
    values = [int(sums[f"{kind}_{part}"]) for part in _PARTS]
    score = BLEU.compute_bleu(values[:ORDERS], values[ORDERS : 2 * ORDERS], values[-2], values[-1], smooth_method="exp")
    return float(score.score)


def _character_matches(said: str, true: str) -> dict[str, float]:
    """Return the n-grams of characters in two texts and how many they share, white space left out.

    As in sacreBLEU, those of a text do not count where the other has none of their length.
    """
    one, other = "".join(said.split()), "".join(true.split())
    counts: dict[str, float] = {}
    for order in range(CHARACTERS):
        mine, theirs = (_ngrams(text, order + 1) for text in (one, other))
        counts[f"chrf_said{order}"] = mine.total() if theirs else 0
        counts[f"chrf_true{order}"] = theirs.total()
        counts[f"chrf_both{order}"] = (mine & theirs).total()
    return counts


def _ngrams(text: str, size: int) -> Counter[str]:
    return Counter(text[at : at + size] for at in range(len(text) - size + 1))


def _chrf(sums: Mapping[str, float]) -> float:
    """Return chrF2: F of mean precision and mean recall over the lengths of n-grams that both sides have."""
    precisions, recalls = [], []
    for order in range(CHARACTERS):
        said, true, both = (sums[f"chrf_{part}{order}"] for part in ("said", "true", "both"))
        if said and true:
            precisions.append(both / said)
            recalls.append(both / true)
    if not precisions or not sum(precisions) + sum(recalls):
        return 0.0
    precision, recall = sum(precisions) / len(precisions), sum(recalls) / len(recalls)
    return 100 * (1 + BETA**2) * precision * recall / (BETA**2 * precision + recall)
