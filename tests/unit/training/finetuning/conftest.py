"""A fine-tuning run small enough for a test, made the way the command makes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from nlpsuite.backbone.checkpoint import save_backbone
from nlpsuite.backbone.config import BackboneConfig
from nlpsuite.backbone.model import Backbone
from nlpsuite.config import build
from nlpsuite.host.manager import PluginHost
from nlpsuite.host.resolve import resolve_name
from nlpsuite.report import Silent
from nlpsuite.text.train_tokenizer import train_tokenizer
from nlpsuite.training.finetuning.finetune import FinetuneRequest, finetune
from nlpsuite.training.finetuning.settings import FinetuneSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nlpsuite.training.finetuning.result import FinetuneResult

HOST = PluginHost.installed(Silent())
GOOD = ("good", "lovely", "great", "warm", "bright", "funny")
BAD = ("bad", "awful", "dull", "cold", "bleak", "weak")
THINGS = ("film", "book", "meal", "song", "play", "walk", "room", "story")
SENTENCES = [
    (f"the {thing} was {word}" + " indeed" * (number % 4), label)
    for label, words in (("positive", GOOD), ("negative", BAD))
    for number, word in enumerate(words)
    for thing in THINGS
]


@pytest.fixture(scope="module")
def tiny_backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backbone of width 32 with fresh weights, whose tokenizer knows the words of the rows."""
    tokenizer = train_tokenizer([text for text, _ in SENTENCES], vocab_size=350, report=Silent())
    shape = {"context": 32, "d_model": 32, "n_layers": 2, "n_heads": 2, "n_kv_heads": 1, "head_dim": 16, "d_ff": 64}
    backbone = Backbone(BackboneConfig(vocab_size=tokenizer.vocab_size, **shape))
    backbone.initialise(0)
    folder = tmp_path_factory.mktemp("backbone")
    save_backbone(folder, backbone, tokenizer)
    return folder


@pytest.fixture(scope="module")
def sentiment_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train, valid and test rows: the same words, in other sentences."""
    folder = tmp_path_factory.mktemp("data")
    for name, kept in {"train": (0, 1), "valid": (2,), "test": (3,)}.items():
        rows = [f"{text}\t{label}" for number, (text, label) in enumerate(SENTENCES) if number % 4 in kept]
        (folder / f"{name}.tsv").write_text("\n".join(["text\tlabel", *rows]) + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def run(tiny_backbone: Path, sentiment_data: Path) -> Callable[..., FinetuneResult]:
    def start(out: Path, report: Any = None, *, resume: bool = False, **values: Any) -> FinetuneResult:
        given = {"backbone": str(tiny_backbone), "data": str(sentiment_data), "target": "sentiment", "lr": 4e-3}
        settings = build(FinetuneSettings, given | values, where="test")
        request = FinetuneRequest(
            spec=resolve_name("sentiment", HOST),
            settings=settings,
            out=out,
            host=HOST,
            resume=resume,
            resume_command=f"suite run --resume --out {out}",
        )
        return finetune(request, report or Silent())

    return start
