"""Twenty steps of pretraining give the losses in `pretrain_losses.json`: text, order, masks, network and optimiser in one.

After a change that is meant to alter training, write the file anew and look at the difference:
    NLPSUITE_WRITE_GOLDEN=1 python -m pytest tests/golden
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest
import pytorch_lightning as pl
import torch

from nlpsuite.backbone.config import preset
from nlpsuite.backbone.machine import find_machine
from nlpsuite.backbone.model import Backbone
from nlpsuite.config import build
from nlpsuite.report import Silent
from nlpsuite.training.budget import Budget, Stopwatch
from nlpsuite.training.lightning import quiet_lightning, trainer_options
from nlpsuite.training.pace import Pace
from nlpsuite.training.pretraining.data import StepRows
from nlpsuite.training.pretraining.module import PretrainModule
from nlpsuite.training.pretraining.plan import Plan
from nlpsuite.training.pretraining.prepare import prepare_text
from nlpsuite.training.pretraining.settings import PretrainSettings
from nlpsuite.training.together import Together

HERE = Path(__file__).parent
GOLDEN = HERE / "pretrain_losses.json"
STEPS, ROWS = 20, StepRows(total=8, at_once=4)
SHAPE = {"context": 64, "d_model": 32, "n_layers": 2, "n_heads": 4, "n_kv_heads": 2, "head_dim": 8, "d_ff": 64}
# Sums in another order, on another processor, differ in the last digits, and twenty steps let that grow a little.
TOLERANCE = 3e-4


class Recorded(PretrainModule):
    """Keeps the losses of every step: causal, then masked."""

    losses: list[float]

    def training_step(self, parts, batch_index):
        super().training_step(parts, batch_index)
        self.losses.extend(float(loss) for loss in self.last_losses.values())


def run(folder: Path) -> dict[str, object]:
    settings = build(PretrainSettings, {"seed": 1, "objective": {"name": "hybrid"}}, where="golden")
    text = prepare_text([str(HERE / "pretrain.txt")], settings, 400, folder / "tokens", Silent())
    backbone = Backbone(preset("nano", vocab_size=text.tokenizer.vocab_size, **SHAPE))
    backbone.initialise(settings.seed)
    watch = Stopwatch()
    plan, pace = Plan(tokens_per_second=1.0, valid_tokens=256, validations=1), Pace(Budget(steps=STEPS), watch)
    module = Recorded(backbone, text, settings, ROWS, plan, pace, Together())
    module.losses = []
    with quiet_lightning():
        trainer = pl.Trainer(
            **trainer_options(settings, find_machine("32")),
            max_steps=STEPS,
        )
        watch.start()
        trainer.fit(module)
    tokens = hashlib.sha256(np.asarray(text.train.tokens).astype("<u2").tobytes()).hexdigest()
    return {"tokens_sha256": tokens, "losses": [round(loss, 6) for loss in module.losses]}


@pytest.mark.skipif(torch.cuda.is_available(), reason="the losses are those of a CPU")
def test_losses_are_those_of_the_golden_file(tmp_path):
    found = run(tmp_path)
    if os.environ.get("NLPSUITE_WRITE_GOLDEN"):
        GOLDEN.write_text(json.dumps(found, indent=1) + "\n")
    golden = json.loads(GOLDEN.read_text())
    assert found["tokens_sha256"] == golden["tokens_sha256"], "reading, cleaning or the tokenizer gives other tokens"
    assert len(golden["losses"]) == 2 * STEPS
    assert found["losses"] == pytest.approx(golden["losses"], rel=TOLERANCE)
    assert np.mean(found["losses"][-4:]) < 0.85 * np.mean(found["losses"][:4]), "it learns"
