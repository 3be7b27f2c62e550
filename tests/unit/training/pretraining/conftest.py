"""A pretraining run small enough for a test, made the way the command makes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from nlpsuite.config import build, merge
from nlpsuite.training.pretraining.pretrain import PretrainRequest
from nlpsuite.training.pretraining.settings import PretrainSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TINY = {
    "model": {
        "size": "nano", "vocab_size": 320, "context": 32, "d_model": 32, "n_layers": 2, "n_heads": 2, "n_kv_heads": 1,
        "head_dim": 16, "d_ff": 64,
    },
    "optimizer": {"batch_tokens": 256, "micro_tokens": 128},
    "max_steps": 12,
    "validations": 2,
    "valid_tokens": 256,
    "samples": 1,
}  # fmt: skip


@pytest.fixture
def tiny_request(tmp_path: Path, text_file: Path) -> Callable[..., PretrainRequest]:
    """Make a request for a tiny run; values override settings, `out` names its folder under `tmp_path`."""

    def make(out: str = "run", *, init: Path | None = None, **values: Any) -> PretrainRequest:
        return PretrainRequest(
            text=[str(text_file)],
            settings=build(PretrainSettings, merge(TINY, values), where="test"),
            out=tmp_path / out,
            cache=tmp_path / "tokens",
            init=init,
            tokens=None,
            resume=False,
            resume_command="suite pretrain --resume",
        )

    return make
