"""Before fine-tuning: backbone, rows, task and head, from what the user named."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from nlpsuite.backbone.checkpoint import load_backbone
from nlpsuite.backbone.config import preset
from nlpsuite.backbone.lora import add_adapters
from nlpsuite.backbone.model import Backbone
from nlpsuite.errors import UserError
from nlpsuite.hub.folder import data_folder
from nlpsuite.hub.names import is_named
from nlpsuite.hub.request import request
from nlpsuite.inference.locate import find_backbone
from nlpsuite.report import Silent
from nlpsuite.tasks.task import TaskContext
from nlpsuite.text.tokenizer import MODEL_FILE, Tokenizer
from nlpsuite.text.train_tokenizer import MIN_VOCAB_SIZE, SAMPLE_BYTES, train_tokenizer
from nlpsuite.training.finetuning.byte_tokens import warn_of_bytes
from nlpsuite.training.finetuning.rows import TaskRows, read_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

    from nlpsuite.config import Settings
    from nlpsuite.host.spec import TaskSpec
    from nlpsuite.report import Reporter
    from nlpsuite.tasks.task import Row, Task, Window
    from nlpsuite.training.finetuning.settings import FinetuneSettings

SCRATCH_SIZE = "nano"
BYTES_PER_PIECE = 100
"""Bytes of training rows for each piece of a tokenizer made from them: fewer, and most pieces would be seen too rarely."""
FEWEST_PIECES = 512


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that training needs.

    Attributes:
        task: Fitted.
        head: Fresh.
        backbone: With adapters or frozen, as `tune` asks.
        tokenizer: The backbone's.
        rows: By split.
        windows: The training rows, encoded.
        row_of: The training row that each window is of.
    """

    task: Task
    head: nn.Module
    backbone: Backbone
    tokenizer: Tokenizer
    rows: TaskRows
    windows: list[Window]
    row_of: list[int]


def prepare(
    spec: TaskSpec[Any], config: Settings, settings: FinetuneSettings, kept: Path, report: Reporter
) -> Prepared:
    """Load or make the backbone, read the rows, and make the task and its head.

    Args:
        spec: The task.
        config: The plugin's settings.
        settings: The run's settings.
        kept: Where the tokenizer of a run from scratch is kept, so that a resumed run has the very same one.
        report: Told what was found.

    Raises:
        UserError: The backbone or the data is not as it should be.
    """
    source = find_data(spec, settings, report)
    if settings.pretrained:
        backbone, tokenizer = load_backbone(find_backbone(settings.backbone))
    else:
        tokenizer = _own_tokenizer(spec, config, settings, source, kept, report)
        backbone = Backbone(preset(SCRATCH_SIZE, vocab_size=tokenizer.vocab_size))
        backbone.initialise(settings.seed)
    task = spec.build(TaskContext(tokenizer, backbone.config.context, settings.seed, report), config)
    if not 0 <= task.adapt_share < 1:
        what = f"task `{spec.name}` adapts for {task.adapt_share} of the run, which leaves nothing for the task"
        raise UserError(what, fix="set that share from 0 to below 1")
    rows = _rows(task, source, settings, report)
    warn_of_bytes(task, tokenizer, rows.train, report)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        head = task.make_head(backbone.config.d_model)
    if settings.tune == "head":
        backbone.requires_grad_(False)
        if not any(parameter.requires_grad for parameter in head.parameters()):
            what = f"task `{spec.name}` has no head, so there is nothing to train beside the backbone"
            raise UserError(what, where="--tune head", fix="use --tune full or lora")
    elif settings.tune == "lora":
        add_adapters(backbone, rank=settings.lora.rank, alpha=settings.lora.alpha, seed=settings.seed)
    windows, row_of = encode_rows(task, rows.train, report)
    return Prepared(task, head, backbone, tokenizer, rows, windows, row_of)


def find_data(spec: TaskSpec[Any], settings: FinetuneSettings, report: Reporter) -> Path:
    """Return where the rows are: the user's, those of a data set by its name, else the plugin's examples.

    Raises:
        UserError: There are none, or the data set cannot be read.
    """
    if settings.data is not None and is_named(settings.data):
        splits = {str(role): spec for role, spec in settings.splits.items()}
        asked = request(settings.data, "train", settings.columns, splits, settings.limit)
        return data_folder(asked, report)
    if settings.data is not None:
        return Path(settings.data).expanduser()
    if spec.examples is None:
        raise UserError(f"task `{spec.name}` comes without example rows", where="--data", fix="name a file or folder")
    return spec.examples


def encode_rows(task: Task, rows: Sequence[Row], report: Reporter) -> tuple[list[Window], list[int]]:
    """Turn rows into windows, with progress; return them, and the row that each is of."""
    windows: list[Window] = []
    row_of: list[int] = []
    with report.progress("encoding", len(rows), "rows") as bar:
        for number, row in enumerate(rows):
            windows += task.encode(row)
            row_of += [number] * (len(windows) - len(row_of))
            if (number + 1) % 1000 == 0 or number + 1 == len(rows):
                bar.update(number + 1)
    return windows, row_of


def _rows(task: Task, source: Path, settings: FinetuneSettings, report: Reporter) -> TaskRows:
    share, seed = settings.valid_share, settings.seed
    return read_rows(task, source, limit=settings.limit, valid_share=share, seed=seed, report=report)


def _own_tokenizer(
    spec: TaskSpec[Any], config: Settings, settings: FinetuneSettings, source: Path, kept: Path, report: Reporter
) -> Tokenizer:
    """Train a tokenizer on the training rows, or read the one that the run made when it began."""
    if (kept / MODEL_FILE).is_file():
        return Tokenizer.load(kept)
    # Rows are read by the task, a task is built with a tokenizer, and reading needs none: any will do until there is one.
    stand_in = train_tokenizer(["a"], vocab_size=MIN_VOCAB_SIZE, report=Silent())
    context = TaskContext(stand_in, preset(SCRATCH_SIZE).context, settings.seed, Silent())
    task = spec.build(context, config)
    rows = _rows(task, source, settings, Silent())
    lines, size = _sample(task, rows.train)
    pieces = min(preset(SCRATCH_SIZE).vocab_size, max(FEWEST_PIECES, size // BYTES_PER_PIECE))
    tokenizer = train_tokenizer(lines, vocab_size=pieces, report=report)
    tokenizer.save(kept)
    return tokenizer


def _sample(task: Task, rows: Sequence[Row]) -> tuple[list[str], int]:
    """Return texts of the rows, up to what a tokenizer is worth training on, and their bytes."""
    lines: list[str] = []
    size = 0
    for row in rows:
        for text in task.texts(row):
            lines.append(text)
            size += len(text.encode(errors="replace"))
        if size >= SAMPLE_BYTES:
            break
    return lines, size
