"""`suite pretrain`: text in, a backbone out. Read this file for the whole story; each step is a file of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytorch_lightning as pl
import torch

from nlpsuite.backbone.checkpoint import load_backbone, save_backbone
from nlpsuite.backbone.model import Backbone
from nlpsuite.errors import Interrupted
from nlpsuite.training.budget import Budget, Stopwatch, plan_budget
from nlpsuite.training.lightning import quiet_lightning, trainer_options, world_size
from nlpsuite.training.logged import LoggedReporter
from nlpsuite.training.machine import find_machine, peak_memory
from nlpsuite.training.model_card import pretraining_card
from nlpsuite.training.prepare_text import prepare_text
from nlpsuite.training.pretrain_data import MicroBatches
from nlpsuite.training.pretrain_module import PretrainModule
from nlpsuite.training.pretrain_plan import Plan, choose_shape, plan_batches, show_plan, with_vocabulary
from nlpsuite.training.pretrain_watch import PretrainWatch
from nlpsuite.training.runfolder import RunFolder, write_text
from nlpsuite.training.signals import stop_on_signals
from nlpsuite.training.validation import ValidationText

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from nlpsuite.report import Reporter
    from nlpsuite.training.machine import Machine
    from nlpsuite.training.prepare_text import PreparedText
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
        resume: Whether to go on with the stopped run in `out`.
        resume_command: What the user types to go on after a stop.
    """

    text: Sequence[str]
    settings: PretrainSettings
    out: Path
    cache: Path
    init: Path | None
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
    run = RunFolder.existing(request.out) if request.resume else RunFolder.create(request.out)
    log = LoggedReporter(report, run.log)
    machine = find_machine(settings.precision)
    backbone, text = _backbone_and_text(request, run, machine, log)
    batches = plan_batches(settings, backbone.config, machine, world_size(settings, machine))
    budget = plan_budget(
        settings.time,
        settings.max_tokens,
        settings.max_steps,
        batch_tokens=batches.rows_per_step * backbone.config.context,
    )
    run.write_config({"corpus": list(request.text), "init": request.init and str(request.init)} | settings.model_dump())
    run.write_environment(machine.label)
    backbone.to(machine.device)
    plan = show_plan(run.path, backbone, text, settings, batches, budget, machine, log)
    scores = _train(request, run, backbone, text, batches, budget, plan, machine, log)
    card = pretraining_card(backbone.config, text, settings, scores, machine, request.text)
    save_backbone(run.model, backbone, text.tokenizer, getattr(torch, settings.store))
    write_text(run.model / "README.md", card)
    run.write_metrics(scores)
    return scores


def _backbone_and_text(
    request: PretrainRequest, run: RunFolder, machine: Machine, report: Reporter
) -> tuple[Backbone, PreparedText]:
    """Prepare the text and make the network that fits it, or load the one to start from."""
    settings = request.settings
    if request.init is not None:
        backbone, tokenizer = load_backbone(request.init)
        text = prepare_text(request.text, settings, tokenizer, request.cache, report)
        return backbone.train(), text
    shape = choose_shape(request.text, settings, machine, report)
    text = prepare_text(request.text, settings, shape.vocab_size, request.cache, report)
    backbone = Backbone(with_vocabulary(shape, text.tokenizer.vocab_size))
    backbone.initialise(settings.seed)
    return backbone, text


def _train(
    request: PretrainRequest,
    run: RunFolder,
    backbone: Backbone,
    text: PreparedText,
    batches: MicroBatches,
    budget: Budget,
    plan: Plan,
    machine: Machine,
    log: LoggedReporter,
) -> dict[str, Any]:
    settings = request.settings
    watch = Stopwatch()
    module = PretrainModule(backbone, text.tokenizer, text.train, settings, batches, budget, watch)
    validation = _validation(text, backbone, settings, batches, plan)
    if settings.compile or (settings.compile is None and machine.device.type == "cuda"):
        backbone.compile(dynamic=False)
    with quiet_lightning(), stop_on_signals() as flag, log.progress("pretraining", 100.0, "%") as bar:
        watcher = PretrainWatch(run, budget, watch, validation, text.tokenizer, settings, plan.validations, flag, log, bar)
        trainer = pl.Trainer(
            **trainer_options(settings, machine),
            max_steps=-1,
            max_epochs=1,
            accumulate_grad_batches=batches.per_step,
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
        "train/loss": round(float(module.last_loss), 5) if module.last_loss is not None else None,
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
