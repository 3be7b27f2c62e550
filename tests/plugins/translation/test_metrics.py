from __future__ import annotations

import math

import pytest
import sacrebleu

from nlpsuite.api import Row
from nlpsuite_translation.metrics import TranslationMetrics

PAIRS = (
    ("The kettle is still warm, isn't it?", "The kettle is still warm."),
    ("Who left it open?", "Who left the Window open?"),
    ("", "We had to walk home."),
    ("Yes", "No"),
    ("a b c d e f g", "A b c d e f h"),
    ("今天天气好。", "今天天气很好。"),
)


def scored(pairs, tokenizer: str = "13a", **more) -> TranslationMetrics:
    metrics = TranslationMetrics(tokenizer)
    metrics.update(
        [Row({"source": "x"}, true) for _, true in pairs], [{"translation": said} | more for said, _ in pairs]
    )
    return metrics


@pytest.mark.parametrize("pairs", [PAIRS, PAIRS[:2], PAIRS[2:4], PAIRS[-1:]])
@pytest.mark.parametrize("tokenizer", ["13a", "zh", "char"])
def test_the_scores_are_sacrebleus_own(pairs, tokenizer):
    said, true = [said for said, _ in pairs], [[true for _, true in pairs]]
    scores = scored(pairs, tokenizer).compute()
    assert scores["bleu"] == pytest.approx(sacrebleu.corpus_bleu(said, true, tokenize=tokenizer, force=True).score)
    lower = sacrebleu.corpus_bleu(said, true, tokenize=tokenizer, lowercase=True, force=True)
    assert scores["bleu_tokenised_lowercased"] == pytest.approx(lower.score)
    assert scores["chrf"] == pytest.approx(sacrebleu.corpus_chrf(said, true).score)


def test_two_halves_give_the_whole():
    metrics = scored(PAIRS[:3])
    metrics.update(
        [Row({"source": "x"}, true) for _, true in PAIRS[3:]], [{"translation": said} for said, _ in PAIRS[3:]]
    )
    assert metrics.compute() == scored(PAIRS).compute()


def test_perplexity_and_bits_per_byte():
    metrics = TranslationMetrics("13a")
    rows = [Row({"source": "x"}, " über "), Row({"source": "x"}, "ab"), Row({"source": "x"}, "too long")]
    losses = [{"target_loss": 6.0, "target_tokens": 3}, {"target_loss": 2.0, "target_tokens": 1}, {}]
    metrics.update(rows, losses)
    scores = metrics.compute()
    assert set(scores) == {"perplexity", "bits_per_byte"}, "no translations, no BLEU"
    assert scores["perplexity"] == pytest.approx(math.exp(2.0))
    assert scores["bits_per_byte"] == pytest.approx(8.0 / math.log(2) / 7)
    assert metrics.notes()["perplexity"] == "without 1 rows that are too long to be read with their reference"


def test_the_notes_hold_the_signatures():
    notes = scored(PAIRS, complete=False).notes()
    version = sacrebleu.__version__
    assert notes["bleu"] == f"nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:{version}"
    assert notes["bleu_tokenised_lowercased"] == f"nrefs:1|case:lc|eff:no|tok:13a|smooth:exp|version:{version}"
    assert notes["chrf"].startswith("nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no")
    assert notes["longest length"].startswith("6 translations")
    assert "longest length" not in scored(PAIRS).notes()
