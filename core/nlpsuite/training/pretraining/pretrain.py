"""`suite pretrain`: text in, a backbone out. Read this file for the whole story; each step is a file of its own."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytorch_lightning as pl
import torch

from nlpsuite.backbone.checkpoint import load_backbone, save_backbone
from nlpsuite.backbone.compiled import compile_blocks
from nlpsuite.backbone.config import BackboneConfig
from nlpsuite.backbone.machine import find_machine, peak_memory
from nlpsuite.backbone.model import Backbone
from nlpsuite.config import merge
from nlpsuite.errors import Interrupted, UserError
from nlpsuite.hub.corpora import with_data_sets_read
from nlpsuite.people import people_time
from nlpsuite.report import Silent
from nlpsuite.training.bad_steps import BadSteps
from nlpsuite.training.budget import Stopwatch, check_one_budget, plan_budget
from nlpsuite.training.checkpoints import find_checkpoint
from nlpsuite.training.lightning import (
    check_strategy,
    check_where,
    devices_here,
    one_index,
    quiet_lightning,
    trainer_options,
)
from nlpsuite.training.logged import LoggedReporter
from nlpsuite.training.pace import Pace
from nlpsuite.training.pretraining.card import pretraining_card
from nlpsuite.training.pretraining.compile_trial import choose_compiled
from nlpsuite.training.pretraining.counts import counted_embedding
from nlpsuite.training.pretraining.data import StepRows
from nlpsuite.training.pretraining.divided import undivided
from nlpsuite.training.pretraining.documents_trial import choose_by_documents
from nlpsuite.training.pretraining.init_rows import init_row, train_on_rows_of
from nlpsuite.training.pretraining.module import PretrainModule
from nlpsuite.training.pretraining.plan import (
    Plan,
    choose_shape,
    fastest_rows,
    found_shape,
    plan_rows,
    rows_as_before,
    show_plan,
    with_vocabulary,
)
from nlpsuite.training.pretraining.prepare import open_prepared, prepare_text
from nlpsuite.training.pretraining.settings import ModelSettings
from nlpsuite.training.pretraining.validation import ValidationText
from nlpsuite.training.pretraining.watch import PretrainWatch
from nlpsuite.training.runfolder import RunFolder
from nlpsuite.training.signals import stop_on_signals
from nlpsuite.training.together import together

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlpsuite.backbone.machine import Machine
    from nlpsuite.report import Reporter
    from nlpsuite.text.tokenizer import Tokenizer
    from nlpsuite.training.budget import Budget
    from nlpsuite.training.checkpoints import Found
    from nlpsuite.training.pretraining.prepare import PreparedText
    from nlpsuite.training.pretraining.settings import PretrainSettings
    from nlpsuite.training.signals import StopFlag
    from nlpsuite.training.together import Together

STRATEGIES = ("auto", "ddp", "fsdp")
LARGEST_PREPARATION = 0.5
"""The most of a time budget that preparing the text may take from training."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PretrainRequest:
    """What a user asks of `suite pretrain`.

    Attributes:
        text: Files, folders, globs, `-`, or names of data sets such as `hf:ORG/NAME`.
        settings: How to train.
        out: The run's folder, new or empty unless `resume`.
        cache: Where tokenised text is kept.
        init: A backbone's folder to start from, or None to start afresh.
        tokens: The tokenised text of the run to go on with; None: prepare it.
        resume: Whether to go on with the stopped run in `out`.
        trust: Whether to go on even from a state that was written in another folder.
        resume_command: What the user types to go on after a stop.
    """

    text: Sequence[str]
    settings: PretrainSettings
    out: Path
    cache: Path
    init: Path | None
    tokens: Path | None
    resume: bool
    trust: bool = False
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
    watch = Stopwatch()
    watch.start()
    check_one_budget(settings.time, settings.max_tokens, settings.max_steps)
    with together(0 if settings.devices == "auto" else devices_here(settings.devices), settings.nodes) as group:
        machine = find_machine(settings.precision, one_index(settings.devices))
        request = _same_folder(request, group)
        with stop_on_signals(request.resume_command, goes_on=request.resume) as flag:
            job = (
                _prepare(request, machine, watch, group, report)
                if group.is_first
                else _follow(request, machine, watch, group)
            )
            try:
                scores, trained = _train(request, job, machine, group, flag)
                if group.is_first:
                    _write(request, job, machine, scores, trained)
            finally:
                job.run.release()
        return scores


def _same_folder(request: PretrainRequest, group: Together) -> PretrainRequest:
    """Let all processes work in the first one's folder, which may be named by the second it started in."""
    out, cache, command = json.loads(
        group.tell(json.dumps([str(request.out), str(request.cache), request.resume_command]))
    )
    return replace(request, out=Path(out), cache=Path(cache), resume_command=command)


def _write(request: PretrainRequest, job: _Job, machine: Machine, scores: dict[str, Any], backbone: Backbone) -> None:
    """Write the model and the figures."""
    if request.init is not None:
        # Rows may have been shorter than what the network can read.
        train_on_rows_of(backbone, job.context)
    config, settings = backbone.config, request.settings
    card = pretraining_card(config, job.text, settings, scores, machine, job.run, request.text, request.init)
    save_backbone(job.run.model, backbone, job.text.tokenizer, getattr(torch, settings.store), card)
    scores["seconds"] = round(job.watch.seconds, 1)
    job.run.write_metrics(scores | {"documents": job.text.train.meta.account})


@dataclass(frozen=True, slots=True)
class _Job:
    """All that training needs, ready before the first step; `context` is the backbone's own, where rows are shorter."""

    run: RunFolder
    log: LoggedReporter
    backbone: Backbone
    context: int
    text: PreparedText
    rows: StepRows
    compiled: bool
    by_documents: bool
    budget: Budget
    watch: Stopwatch
    plan: Plan
    saved: Found | None


def _prepare(request: PretrainRequest, machine: Machine, watch: Stopwatch, group: Together, report: Reporter) -> _Job:
    """Prepare text and network, tell the user what will be done, and the other processes what was found."""
    settings = request.settings
    with group.others_wait():
        check_where(settings, machine, group)
        _check_strategy(settings)
        run = (
            RunFolder.reopened(request.out, trusted=request.trust) if request.resume else RunFolder.create(request.out)
        )
        log = LoggedReporter(report, run.log)
        if run.begun_before:
            log.say(f"{run.path}: the run begun here was stopped before its first save; it starts again")
        with run.discarded_on_failure(keep=request.resume):
            saved = find_checkpoint(run.checkpoints, log) if request.resume else None
            backbone, text = _backbone_and_text(request, machine, group.world, log)
            context = backbone.config.context
            if request.init is not None:
                train_on_rows_of(backbone, init_row(context, settings.model.context, log))
            backbone.to(machine.device)
            rows = plan_rows(settings, backbone.config, machine, group.world)
            if saved is None:
                rows = fastest_rows(backbone, text, settings, rows, machine)
            else:
                rows = rows_as_before(rows, saved.state["nlpsuite"].get("step_rows", rows.total))
            whole = settings.strategy != "fsdp"
            compiled = whole and choose_compiled(backbone, text, settings, rows, machine, log)
            by_documents = whole and choose_by_documents(backbone, text, settings, rows, machine, log)
            step_tokens = rows.total * backbone.config.context
            budget = plan_budget(settings.time, settings.max_tokens, settings.max_steps, batch_tokens=step_tokens)
            origin = {
                "corpus": list(request.text),
                "init": None if request.init is None else str(request.init.resolve()),
                "tokens": str(text.folder.resolve()),
            }
            # With what was found here, so that a resumed run divides its steps in the same way. What the user said stays,
            # to the letter, so that the same command is known again.
            found = {"batch_tokens": step_tokens, "micro_tokens": rows.at_once * backbone.config.context}
            found |= {name: value for name in found if (value := getattr(settings.optimizer, name)) is not None}
            shape = {} if request.init is not None else found_shape(backbone.config, settings)
            decided = {"optimizer": found, "compile": compiled, "model": shape}
            run.write_config(merge(origin | settings.model_dump(), decided))
            if saved is None:
                run.write_environment(machine.label)
            else:
                run.forget_metrics_after(saved.state["global_step"])
            plan = show_plan(run.path, backbone, text, settings, rows, budget, machine, log)
            if saved is not None:
                plan = plan.as_before(saved.state["nlpsuite"])
            _start_clock(watch, budget, saved, log)
            job = _Job(run, log, backbone, context, text, rows, compiled, by_documents, budget, watch, plan, saved)
    told = {"rows": asdict(rows), "compiled": compiled, "by_documents": by_documents, "plan": asdict(plan)}
    group.tell(json.dumps(told | {"model": asdict(backbone.config), "tokens": str(text.folder)}))
    return job


def _check_strategy(settings: PretrainSettings) -> None:
    check_strategy(settings.strategy, STRATEGIES, "pretraining")
    if settings.strategy == "fsdp" and settings.on_nan == "rollback":
        what = "a network that is divided over devices does not go back"
        raise UserError(what, where="--on-nan rollback", fix="use skip or stop")
    if settings.strategy == "fsdp" and settings.by_documents:
        what = "a network that is divided over devices attends under a mask"
        raise UserError(what, where="by_documents", fix="say --set by_documents=false")
    if settings.strategy == "fsdp" and settings.compile:
        what = "a network that is divided over devices is not compiled"
        raise UserError(what, where="compile", fix="say --set compile=false")


def _start_clock(watch: Stopwatch, budget: Budget, saved: Found | None, log: LoggedReporter) -> None:
    if saved is not None:
        watch.start(saved.state["nlpsuite"]["seconds"])
    elif budget.seconds is not None and watch.seconds > budget.seconds * LARGEST_PREPARATION:
        # A budget is of wall time, but it must leave something to train in.
        log.warn(f"preparing the text took {people_time(watch.seconds)}, so the run takes longer than its budget")
        watch.start(budget.seconds * LARGEST_PREPARATION)


def _follow(request: PretrainRequest, machine: Machine, watch: Stopwatch, group: Together) -> _Job:
    """Wait until the first process has everything ready, and take it over; nothing is written or told."""
    told, settings = json.loads(group.hear_first()), request.settings
    run = RunFolder(request.out)
    if request.init is None:
        backbone = Backbone(BackboneConfig(**told["model"]))
        backbone.initialise(settings.seed)
    else:
        backbone = load_backbone(request.init)[0].train()
        train_on_rows_of(backbone, told["model"]["context"])
    rows = StepRows(**told["rows"])
    step_tokens = rows.total * backbone.config.context
    return _Job(
        run,
        LoggedReporter(Silent(), Path(os.devnull)),
        backbone.to(machine.device),
        backbone.config.context,
        open_prepared(Path(told["tokens"])),
        rows,
        told["compiled"],
        told["by_documents"],
        plan_budget(settings.time, settings.max_tokens, settings.max_steps, batch_tokens=step_tokens),
        watch,
        Plan(**told["plan"]),
        find_checkpoint(run.checkpoints, Silent()) if request.resume else None,
    )


def _backbone_and_text(
    request: PretrainRequest, machine: Machine, world: int, report: Reporter
) -> tuple[Backbone, PreparedText]:
    """Prepare the text and make the network that fits it, or load the one to start from."""
    settings = request.settings
    if request.init is not None:
        if settings.model != ModelSettings(context=settings.model.context):
            what = "the size is that of the backbone to start from"
            raise UserError(what, where="--init", fix="leave --size and model.* out, but for model.context")
        backbone, tokenizer = load_backbone(request.init)
        return backbone.train(), _text(_with_data_sets_read(request, report), tokenizer, report)
    request = _with_data_sets_read(request, report)
    shape = choose_shape(request.text, settings, machine, report, world=world)
    text = _text(request, shape.vocab_size, report)
    backbone = Backbone(with_vocabulary(shape, text.tokenizer.vocab_size))
    backbone.initialise(settings.seed)
    if settings.embedding == "counts" and not request.resume:
        _count_neighbours(backbone, text, settings, report)
    return backbone, text


def _with_data_sets_read(request: PretrainRequest, report: Reporter) -> PretrainRequest:
    """Put files in the place of data sets' names, where there are no tokens of the text yet."""
    if request.tokens is not None and request.tokens.is_dir():
        return request
    settings = request.settings
    field, rows, splits = settings.text.field, settings.rows, settings.splits
    return replace(
        request, text=with_data_sets_read(request.text, field=field, rows=rows, splits=splits, report=report)
    )


def _count_neighbours(backbone: Backbone, text: PreparedText, settings: PretrainSettings, report: Reporter) -> None:
    """Start the embedding from what single tokens of the whole text tell of one another."""
    begun = time.perf_counter()
    shape = backbone.config
    embedding = counted_embedding(text.train.tokens, shape.vocab_size, shape.d_model, settings.seed)
    with torch.no_grad():
        backbone.embedding.weight.copy_(embedding)
    report.say(f"embedding: from counts of neighbouring tokens, {people_time(time.perf_counter() - begun)}")


def _text(request: PretrainRequest, tokenizer: Tokenizer | int, report: Reporter) -> PreparedText:
    if request.tokens is not None and request.tokens.is_dir():
        return open_prepared(request.tokens)
    prepared = prepare_text(request.text, request.settings, tokenizer, request.cache, report)
    # The folder's name is made of the text and all that is done with it.
    if request.tokens is not None and prepared.folder.name != request.tokens.name:
        what = "the tokenised text is gone, and the text or its tokenizer is not what it was"
        raise UserError(what, where=request.tokens, fix="start a new run on the text")
    return prepared


def _train(
    request: PretrainRequest, job: _Job, machine: Machine, group: Together, flag: StopFlag
) -> tuple[dict[str, Any], Backbone]:
    """Run the steps on the Lightning Trainer and return the figures and the whole trained network.

    Raises:
        Interrupted: A signal came; the state is saved.
    """
    settings, backbone, tokenizer = request.settings, job.backbone, job.text.tokenizer
    pace = Pace(job.budget, job.watch)
    module = PretrainModule(backbone, job.text, settings, job.rows, job.plan, pace, group, flag)
    validation = _validation(job, settings, group)
    if job.compiled:
        compile_blocks(backbone)
    backbone.by_documents = job.by_documents
    with quiet_lightning(), job.log.progress("pretraining", 100.0, "%") as bar:
        watcher = PretrainWatch(
            job.run,
            job.budget,
            job.watch,
            validation,
            tokenizer,
            settings,
            job.plan.validations,
            flag,
            group,
            BadSteps(job.run, settings.on_nan, request.resume_command, settings.optimizer.lower, job.log),
            job.log,
            bar,
        )
        steps = _fit(job, settings, machine, group, module, watcher)
        if module.signal_number is not None and not module.finished:
            raise Interrupted(module.signal_number, request.resume_command)
        if watcher.validated_step != steps:
            watcher.validate(module)
    scores = {
        **watcher.last_scores,
        **({} if validation is None else {"validation_tokens": watcher.scored_tokens}),
        **{name: round(float(loss), 5) for name, loss in module.last_losses.items()},
        "steps": steps,
        **({"bad_steps": module.limit.met} if module.limit.met else {}),
        "tokens": module.tokens_seen,
        "parameters": backbone.config.parameters,
        "seconds": round(job.watch.seconds, 1),
        "tokens_per_second": round(watcher.tokens_per_second(module), 1),
        "peak_memory_bytes": peak_memory(machine.device),
    }
    return scores, undivided(backbone)


def _fit(
    job: _Job,
    settings: PretrainSettings,
    machine: Machine,
    group: Together,
    module: PretrainModule,
    watcher: PretrainWatch,
) -> int:
    """Run Lightning's loop, or take over where a stopped run had come to its end; return the steps done in all."""
    if job.saved is not None:
        done: int = job.saved.state["global_step"]
        module.on_load_checkpoint(job.saved.state)
        if module.finished:
            module.load_state_dict(job.saved.state["state_dict"])
            watcher.take_over(done, module)
            return done
    trainer = pl.Trainer(
        **trainer_options(settings, machine, group),
        max_steps=-1,
        max_epochs=1,
        callbacks=[watcher],
    )
    saved_in = None
    if job.saved is not None:
        saved_in = job.saved.path
        # Lightning reads the file itself; what was read here would lie in memory to the run's end.
        job.saved.state.clear()
    trainer.fit(module, ckpt_path=saved_in, weights_only=True if saved_in else None)
    steps: int = trainer.global_step
    return steps


def _validation(job: _Job, settings: PretrainSettings, group: Together) -> ValidationText | None:
    if job.text.valid is None:
        return None
    return ValidationText(
        job.text.valid,
        context=job.backbone.config.context,
        tokenizer=job.text.tokenizer,
        max_tokens=job.plan.valid_tokens,
        rows=job.rows.at_once,
        left_to_right=settings.objective.name != "masked",
        mask_rate=None if settings.objective.name == "causal" else settings.objective.mask_rate,
        mask_span=settings.objective.mask_span,
        group=group,
    )
