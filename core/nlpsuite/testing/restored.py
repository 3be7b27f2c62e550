"""Predictions of a saved model, in a process that has seen nothing but its files: `python -m nlpsuite.testing.restored`.

What a task keeps in a module or in a class, and not in its `state`, is not there.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors.torch import load_file

from nlpsuite.backbone.checkpoint import load_backbone
from nlpsuite.inference.artifact import HEADS
from nlpsuite.inference.predictor import predict_rows
from nlpsuite.testing.subject import new_task, some_rows

if TYPE_CHECKING:
    from collections.abc import Sequence


def restored_predictions(entry: str, name: str, model: Path, source: Path) -> list[dict[str, Any]]:
    """Return the predictions of a model for the rows that the checks use.

    Args:
        entry: The plugin's entry point.
        name: The task's name.
        model: The folder of the model.
        source: The training rows.
    """
    declared = EntryPoint("plugin", entry, "nlpsuite").load().nlpsuite_tasks()
    spec = next(each for each in declared if each.name == name)
    place = model / HEADS / name
    backbone, tokenizer = load_backbone(model)
    task = new_task(spec, tokenizer)
    task.restore(json.loads((place / "config.json").read_text(encoding="utf-8"))["state"])
    head = task.make_head(backbone.config.d_model)
    head.load_state_dict(load_file(place / "model.safetensors"), strict=True)
    # Rows are read by a task of their own: reading may depend on what was restored, and the checks read before that.
    rows = some_rows(new_task(spec, tokenizer), source)
    return [prediction for _, prediction in predict_rows(task, head, backbone, rows, tokenizer.pad_id)]


def main(arguments: Sequence[str]) -> None:
    """Write the predictions to standard output, as one JSON array."""
    entry, name, model, source = arguments
    sys.stdout.write(json.dumps(restored_predictions(entry, name, Path(model), Path(source))))


if __name__ == "__main__":
    main(sys.argv[1:])
