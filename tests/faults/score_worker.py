"""Scores the example rows of every task, alone or as one of several: `score_worker.py OUT RANK WORLD PORT`. Not a test."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import torch
import torch.distributed as dist

from nlpsuite.backbone.config import BackboneConfig
from nlpsuite.backbone.model import Backbone
from nlpsuite.host.manager import PluginHost
from nlpsuite.host.resolve import resolve_name
from nlpsuite.report import Silent
from nlpsuite.tasks.task import TaskContext
from nlpsuite.text.train_tokenizer import train_tokenizer
from nlpsuite.training.finetuning.scoring import score_rows

TASKS = ("classification", "sentiment", "ner", "qa", "translation", "generation")
NUMBERS = (1, 3, 8)


def make(name, host):
    """Return a task that has seen its examples, with fresh weights, and its validation rows."""
    spec = resolve_name(name, host)
    tokenizer = train_tokenizer([f"the mill {number} turned" for number in range(300)], vocab_size=300, report=Silent())
    shape = {"context": 64, "d_model": 16, "n_layers": 1, "n_heads": 2, "n_kv_heads": 1, "head_dim": 8, "d_ff": 32}
    backbone = Backbone(BackboneConfig(vocab_size=tokenizer.vocab_size, **shape))
    backbone.initialise(0)
    task = spec.build(TaskContext(tokenizer, 64, 0, Silent()), spec.config())
    files = task.splits(spec.examples)
    task.fit(list(task.read(files.train, "train")))
    rows = list(task.read(files.valid, "valid"))
    torch.manual_seed(0)
    head = task.make_head(backbone.config.d_model)
    return SimpleNamespace(task=task, head=head.eval(), backbone=backbone.eval(), tokenizer=tokenizer), rows


def score(prepared, rows):
    scored = score_rows(prepared, rows)
    tables = [[table.title, [list(row) for row in table.rows]] for table in scored.tables]
    return {"metrics": scored.metrics, "tables": tables, "predictions": list(scored.predictions)}


def main(out, rank, world, port):
    if world > 1:
        dist.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=world)
    host = PluginHost.installed(Silent())
    found = {}
    for name in TASKS:
        prepared, rows = make(name, host)
        for number in NUMBERS:
            found[f"{name} {number}"] = score(prepared, rows[:number])
    Path(out).write_text(json.dumps(found))
    if world > 1:
        dist.destroy_process_group()


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
