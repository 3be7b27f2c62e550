"""`suite pretrain`: text in, a backbone out. Read this file for the whole story; each step is a file of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytorch_lightning as pl
import torch

from nlpsuite.backbone.checkpoint import load_backbone, save_backbone
from nlpsuite.backbone.model import Backbone
from nlpsuite.errors import Interrupted
from nlpsuite.training.budget import Stopwatch, check_one_budget, plan_budget
from nlpsuite.training.lightning import check_one_device, quiet_lightning, trainer_options
from nlpsuite.training.logged import LoggedReporter
from nlpsuite.training.machine import find_machine, peak_memory
from nlpsuite.training.model_card import pretraining_card
from nlpsuite.training.prepare_text import open_prepared, prepare_text
from nlpsuite.training.pretrain_module import PretrainModule
from nlpsuite.training.pretrain_plan import choose_shape, plan_batches, show_plan, with_vocabulary
from nlpsuite.training.pretrain_watch import PretrainWatch
from nlpsuite.training.runfolder import RunFolder
from nlpsuite.training.signals import stop_on_signals
from nlpsuite.training.validation import ValidationText

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from nlpsuite.report import Reporter
    from nlpsuite.text.tokenizer import Tokenizer
    from nlpsuite.training.budget import Budget
    from nlpsuite.training.machine import Machine
    from nlpsuite.training.prepare_text import PreparedText
    from nlpsuite.training.pretrain_data import MicroBatches
    from nlpsuite.training.pretrain_plan import Plan
    from nlpsuite.training.settings import PretrainSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class PretrainRequest:
    """What a user asks of `suite pretrain`.

    Attributes:
        text: Files, folders, globs, or `-`.
        settings: How to train.
        out: The run's folder, new or empty unless `resume`.
        cache: Where tokenised text is kept.
        init: A backbone's folder to start from, or None to start afresh.
        tokens: The tokenised text of the run to go on with; None: prepare it.
        resume: Whether to go on with the stopped run in `out`.
        resume_command: What the user types to go on after a stop.
    """

    text: Sequence[str]
    settings: PretrainSettings
    out: Path
    cache: Path
    init: Path | None
    tokens: Path | None
    resume: bool
    resume_command: str


def pretrain(request: PretrainRequest, report: Reporter) -> dict[str, Any]:
    """Train a backbone and write it to `out/model`.

    Returns:
        The run's figures, as in its `metrics.json`.

    Raises:
        UserError: Text, settings or folder are not as they should be.
        Interrupted: A signal stopped the run; it can be resumed.
    """
    settings = request.settings
    machine = find_machine(settings.precision)
    check_one_device(settings, machine)
    check_one_budget(settings.time, settings.max_tokens, settings.max_steps)
    run = RunFolder.existing(request.out) if request.resume else RunFolder.create(request.out)
    log = LoggedReporter(report, run.log)
    try:
        job = _prepare(request, run, machine, log)
    except BaseException:
        if not request.resume:
            run.discard()
        raise
    scores = _train(request, run, job, machine, log)
    card = pretraining_card(job.backbone.config, job.text, settings, scores, machine, request.text)
    save_backbone(run.model, job.backbone, job.text.tokenizer, getattr(torch, settings.store), card)
    run.write_metrics(scores)
    return scores


@dataclass(frozen=True, slots=True)
class _Job:
    """All that training needs, ready before the first step."""

    backbone: Backbone
    text: PreparedText
    batches: MicroBatches
    budget: Budget
    plan: Plan


def _prepare(request: PretrainRequest, run: RunFolder, machine: Machine, log: LoggedReporter) -> _Job:
    """Prepare text and network, and tell the user what will be done, before anything long begins."""
    settings = request.settings
    backbone, text = _backbone_and_text(request, machine, log)
    batches = plan_batches(settings, backbone.config, machine, world=1)
    step_tokens = batches.rows_per_step * backbone.config.context
    budget = plan_budget(settings.time, settings.max_tokens, settings.max_steps, batch_tokens=step_tokens)
    origin = {
        "corpus": list(request.text),
        "init": None if request.init is None else str(request.init.resolve()),
        "tokens": str(text.folder.resolve()),
    }
    run.write_config(origin | settings.model_dump())
    run.write_environment(machine.label)
    backbone.to(machine.device)
    plan = show_plan(run.path, backbone, text, settings, batches, budget, machine, log)
    return _Job(backbone, text, batches, budget, plan)


def _backbone_and_text(request: PretrainRequest, machine: Machine, report: Reporter) -> tuple[Backbone, PreparedText]:
    """Prepare the text and make the network that fits it, or load the one to start from."""
    settings = request.settings
    if request.init is not None:
        backbone, tokenizer = load_backbone(request.init)
        return backbone.train(), _text(request, tokenizer, report)
    shape = choose_shape(request.text, settings, machine, report)
    text = _text(request, shape.vocab_size, report)
    backbone = Backbone(with_vocabulary(shape, text.tokenizer.vocab_size))
    backbone.initialise(settings.seed)
    return backbone, text


def _text(request: PretrainRequest, tokenizer: Tokenizer | int, report: Reporter) -> PreparedText:
    if request.tokens is not None:
        return open_prepared(request.tokens)
    return prepare_text(request.text, request.settings, tokenizer, request.cache, report)


def _train(
    request: PretrainRequest,
    run: RunFolder,
    job: _Job,
    machine: Machine,
    log: LoggedReporter,
) -> dict[str, Any]:
    """Run the steps on the Lightning Trainer and return the figures."""
    settings, backbone, text, budget = request.settings, job.backbone, job.text, job.budget
    watch = Stopwatch()
    module = PretrainModule(backbone, text.tokenizer, text.train, settings, job.batches, budget, watch)
    validation = _validation(text, backbone, settings, job.batches, job.plan)
    if settings.compile or (settings.compile is None and machine.device.type == "cuda"):
        backbone.compile(dynamic=False)
    with quiet_lightning(), stop_on_signals() as flag, log.progress("pretraining", 100.0, "%") as bar:
        watcher = PretrainWatch(
            run, budget, watch, validation, text.tokenizer, settings, job.plan.validations, flag, log, bar
        )
        trainer = pl.Trainer(
            **trainer_options(settings, machine),
            max_steps=-1,
            max_epochs=1,
            accumulate_grad_batches=job.batches.per_step,
            gradient_clip_val=settings.optimizer.clip or None,
            callbacks=[watcher],
        )
        watch.start()
        trainer.fit(module, ckpt_path=run.last if request.resume else None, weights_only=request.resume or None)
        if flag.signal_number is not None and module.progress < 1.0:
            raise Interrupted(flag.signal_number, request.resume_command)
        if watcher.validated_step != trainer.global_step:
            watcher.validate(trainer, module)
    return {
        **watcher.last_scores,
        **{name: round(float(loss), 5) for name, loss in module.last_losses.items()},
        "steps": trainer.global_step,
        "tokens": module.tokens_seen,
        "parameters": backbone.config.parameters,
        "seconds": round(watch.seconds, 1),
        "tokens_per_second": round(watcher.tokens_per_second(module), 1),
        "peak_memory_bytes": peak_memory(machine.device),
    }


def _validation(
    text: PreparedText, backbone: Backbone, settings: PretrainSettings, batches: MicroBatches, plan: Plan
) -> ValidationText | None:
    if text.valid is None:
        return None
    masked = settings.objective.name != "causal"
    return ValidationText(
        text.valid,
        context=backbone.config.context,
        tokenizer=text.tokenizer,
        max_tokens=plan.valid_tokens,
        rows=batches.rows,
        mask_rate=settings.objective.mask_rate if masked else None,
        mask_span=settings.objective.mask_span,
    )
