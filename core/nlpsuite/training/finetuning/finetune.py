"""`suite run`: a task on a backbone, from rows to a model. Read this file for the whole story; each step is a file of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytorch_lightning as pl

from nlpsuite.backbone.adapter_files import adapters_of
from nlpsuite.backbone.checkpoint import backbone_sha256
from nlpsuite.backbone.folders import EMBEDDED
from nlpsuite.backbone.lora import merge_adapters
from nlpsuite.backbone.machine import find_machine
from nlpsuite.config import build
from nlpsuite.errors import Interrupted
from nlpsuite.files import bytes_in, check_space, write_text
from nlpsuite.host.spec import RunInfo
from nlpsuite.inference.artifact import save_task_model
from nlpsuite.inference.locate import find_backbone
from nlpsuite.report import Silent
from nlpsuite.training.bad_steps import BadSteps
from nlpsuite.training.budget import Stopwatch
from nlpsuite.training.checkpoints import find_checkpoint
from nlpsuite.training.finetuning.best import BestWeights
from nlpsuite.training.finetuning.card import finetune_card
from nlpsuite.training.finetuning.module import FinetuneModule
from nlpsuite.training.finetuning.plan import calibration_rows, make_plan, show_plan
from nlpsuite.training.finetuning.prepare import prepare
from nlpsuite.training.finetuning.result import FinetuneResult, write_predictions
from nlpsuite.training.finetuning.scoring import score_rows
from nlpsuite.training.finetuning.settings import LoRASettings
from nlpsuite.training.finetuning.state import is_first_process, open_run
from nlpsuite.training.finetuning.validation import Validator
from nlpsuite.training.finetuning.watch import FinetuneWatch
from nlpsuite.training.lightning import (
    check_strategy,
    check_where,
    one_index,
    quiet_lightning,
    trainer_options,
    world_size,
)
from nlpsuite.training.logged import LoggedReporter
from nlpsuite.training.pace import Pace
from nlpsuite.training.signals import stop_on_signals

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from nlpsuite.backbone.adapter_files import Adapters
    from nlpsuite.backbone.machine import Machine
    from nlpsuite.config import Settings
    from nlpsuite.host.manager import PluginHost
    from nlpsuite.host.spec import TaskSpec
    from nlpsuite.report import Reporter
    from nlpsuite.training.checkpoints import Found
    from nlpsuite.training.finetuning.plan import FinetunePlan
    from nlpsuite.training.finetuning.prepare import Prepared
    from nlpsuite.training.finetuning.scoring import Scored
    from nlpsuite.training.finetuning.settings import FinetuneSettings
    from nlpsuite.training.runfolder import RunFolder
    from nlpsuite.training.signals import StopFlag


STRATEGIES = ("auto", "ddp")
BYTES_PER_TRAINED, BYTES_PER_PARAMETER = 60, 4
"""On disk, at the most: three states while the last one is replaced, and the best weights of three steps; and the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinetuneRequest:
    """What a user asks of `suite run`, for one task.

    Attributes:
        spec: The task.
        settings: How to train.
        out: The run's folder, new or empty unless `resume`.
        host: The plugins there are.
        resume: Whether to go on with the stopped run in `out`.
        trust: Whether to go on even from a state that was written in another folder.
        resume_command: What the user types to go on after a stop.
    """

    spec: TaskSpec[Any]
    settings: FinetuneSettings
    out: Path
    host: PluginHost
    resume: bool
    trust: bool = False
    resume_command: str


@dataclass(frozen=True, slots=True)
class _Job:
    """A run that is ready to train."""

    request: FinetuneRequest
    config: Settings
    run: RunFolder
    saved: Found | None
    machine: Machine
    prepared: Prepared
    plan: FinetunePlan
    clock: Stopwatch
    log: LoggedReporter
    untrained: dict[str, dict[str, float]] | None
    base: tuple[str, str] | None

    @property
    def settings(self) -> FinetuneSettings:
        return self.request.settings


def finetune(request: FinetuneRequest, report: Reporter) -> FinetuneResult:
    """Train a task and write the model with the best validation score to `out/model`.

    Raises:
        UserError: Data, backbone, settings or folder are not as they should be.
        Interrupted: A signal stopped the run; it can be resumed.
    """
    with quiet_lightning(), stop_on_signals(request.resume_command, goes_on=request.resume) as flag:
        job = _prepare(request, report)
        try:
            return _train(job, flag)
        finally:
            job.run.release()


def _prepare(request: FinetuneRequest, report: Reporter) -> _Job:
    """Do all that comes before the first step; if it fails, no folder is left behind."""
    settings, clock = request.settings, Stopwatch()
    config = build(request.spec.config, settings.task, where="task")
    machine = find_machine(settings.precision, one_index(settings.devices))
    check_where(settings, machine)
    check_strategy(settings.strategy, STRATEGIES, "fine-tuning")
    run = open_run(request.out, resume=request.resume, trusted=request.trust)
    with run.discarded_on_failure(keep=request.resume):
        log = LoggedReporter(report if is_first_process() else Silent(), run.log)
        if run.begun_before:
            log.say(f"{run.path}: the run begun here was stopped before its first save; it starts again")
        if settings.tune != "lora" and settings.lora != LoRASettings():
            log.warn(f"lora.rank and lora.alpha mean nothing with --tune {settings.tune}; adapters are --tune lora")
        saved = find_checkpoint(run.last.parent, log) if request.resume else None
        clock.start(saved.state["nlpsuite"]["seconds"] if saved else 0.0)
        prepared = prepare(request.spec, config, settings, run.checkpoints, log)
        base = _base(settings)
        prepared.backbone.to(machine.device)
        prepared.head.to(machine.device)
        check_space(run.path, _space(prepared, settings) - bytes_in(run.path))
        plan = make_plan(prepared, settings, machine, world_size(settings))
        show_plan(request.spec.name, prepared, plan, settings, machine, log)
        run.write_config(settings.model_dump(mode="json") | {"task": config.model_dump(mode="json")})
        # A resumed run scores it again: the weights it began with are still at hand here, before Lightning loads others.
        untrained = _score_untrained(prepared)
        if saved is None:
            run.write_environment(machine.label)
        else:
            run.forget_metrics_after(saved.state["global_step"])
    return _Job(request, config, run, saved, machine, prepared, plan, clock, log, untrained, base)


def _train(job: _Job, flag: StopFlag) -> FinetuneResult:
    """Train until the budget is spent or patience is at its end; then score the best weights and write the model.

    Raises:
        Interrupted: A signal came.
    """
    prepared, name = job.prepared, job.request.spec.name
    module = FinetuneModule(prepared, job.settings, job.plan, job.clock)
    best = BestWeights(job.run.checkpoints, prepared.backbone, prepared.head)
    validator = Validator(prepared, job.plan, job.settings, best)
    pace = Pace(job.plan.budget, job.clock)

    def stop() -> None:
        # Of several processes none may leave the others in the middle of scoring, where they wait for one another.
        if job.plan.world == 1 and flag.signal_number is not None:
            raise Interrupted(flag.signal_number, job.request.resume_command)

    with job.log.progress(f"fine-tuning {name}", 100.0, "%") as bar:
        bad = BadSteps(job.run, job.settings.on_nan, job.request.resume_command, "lower the learning rate", job.log)
        watch = FinetuneWatch(job.run, pace, validator, prepared.task.monitor, flag, bad, job.log, bar)
        steps = _fit(job, module, watch)
    if watch.signal_number is not None and not watch.finished:
        raise Interrupted(watch.signal_number, job.request.resume_command)
    if not watch.finished or not validator.best_step:
        # A plugin's callback ended training, or the run was stopped for numbers gone bad right before its one validation.
        validator.validate(steps)
    best.restore(validator.best_step)
    adapters = _take_adapters(job)
    if job.settings.tune == "lora":
        merge_adapters(prepared.backbone)
        validator.best_scored = None
    if prepared.task.brief_validation:
        validator.best_scored = None
    valid = validator.best_scored or score_rows(prepared, prepared.rows.valid, between=stop)
    learned_from = valid
    if prepared.task.calibrates_on == "train":
        learned_from = score_rows(prepared, calibration_rows(prepared.rows.train), labelled=False, between=stop)
    if prepared.task.calibrate(learned_from.rows, learned_from.predictions):
        valid = score_rows(prepared, prepared.rows.valid, between=stop)
    scored = {"val": valid}
    if prepared.rows.test:
        labelled = prepared.rows.test_labelled
        scored["test"] = score_rows(prepared, prepared.rows.test, labelled=labelled, between=stop)
    result = FinetuneResult(
        run=job.request.out,
        task=name,
        metrics=_prefixed({split: each.metrics for split, each in scored.items()}),
        baseline=_prefixed({split: _baseline(job, split, each) for split, each in scored.items()}),
        seconds=job.clock.seconds,
        tokens_per_second=watch.tokens_per_second(module) * job.plan.world,
        epochs=job.plan.epochs(module.micro),
        steps=steps,
        bad_steps=module.limit.met,
        best_step=validator.best_step,
        stopped_early=watch.stopped_early,
        rows=_row_counts(job),
        parameters=sum(p.numel() for part in (prepared.backbone, prepared.head) for p in part.parameters()),
        predictions="test" if "test" in scored else "val",
        tables={split: each.tables for split, each in scored.items()},
        notes={split: each.notes for split, each in scored.items()},
    )
    result = _write(job, scored, result, adapters)
    learned, guess = (scores.get(f"val/{prepared.task.monitor}") for scores in (result.metrics, result.baseline))
    if learned is not None and guess is not None:
        _compare(learned, guess, prepared.task.monitor_mode, job.log)
    return result


def _row_counts(job: _Job) -> dict[str, Any]:
    rows = job.prepared.rows
    left_out = [{"where": where, "what": what, "count": count} for (where, what), count in job.log.counts.items()]
    return {"train": len(rows.train), "validation": len(rows.valid), "test": len(rows.test), "left_out": left_out}


def _fit(job: _Job, module: FinetuneModule, watch: FinetuneWatch) -> int:
    """Run Lightning's loop, or take over where a stopped run had come to its end; return the steps done in all."""
    if job.saved is not None:
        watch.load_state_dict(job.saved.state["callbacks"][watch.state_key])
        if watch.finished:
            module.on_load_checkpoint(job.saved.state)
            module.take_weights(job.saved.state["state_dict"])
            done: int = job.saved.state["global_step"]
            return done
    info = RunInfo(task=job.request.spec.name, folder=job.request.out, seed=job.settings.seed)
    trainer = pl.Trainer(
        **trainer_options(job.settings, job.machine),
        max_steps=-1,
        max_epochs=1,
        accumulate_grad_batches=job.plan.per_step,
        gradient_clip_val=job.settings.clip or None,
        callbacks=[watch, *job.request.host.callbacks(info)],
    )
    saved_in = None
    if job.saved is not None:
        saved_in = job.saved.path
        # Lightning reads the file itself; what was read here would lie in memory to the run's end.
        job.saved.state.clear()
    trainer.fit(module, ckpt_path=saved_in, weights_only=True if saved_in else None)
    # Lightning leaves the weights where it moved them on a CPU, and takes them off a GPU.
    module.to(job.machine.device)
    steps: int = trainer.global_step
    return steps


def _space(prepared: Prepared, settings: FinetuneSettings) -> int:
    """Return the bytes on disk that the run takes at the most."""
    parameters = [p for part in (prepared.backbone, prepared.head) for p in part.parameters()]
    trained = sum(p.numel() for p in parameters if p.requires_grad)
    stored = 0 if settings.keeps_adapters else sum(p.numel() for p in parameters)
    return BYTES_PER_TRAINED * trained + BYTES_PER_PARAMETER * stored


def _base(settings: FinetuneSettings) -> tuple[str, str] | None:
    """Return the name and the hash of the backbone that adapters are trained on, as it is now; None where none are kept."""
    if not settings.keeps_adapters:
        return None
    folder = find_backbone(settings.backbone)
    name = settings.backbone if settings.backbone == EMBEDDED else str(folder.absolute())
    return name, backbone_sha256(folder)


def _take_adapters(job: _Job) -> Adapters | None:
    """Return a copy of the adapters, before they are merged, where they are what is kept."""
    if job.base is None:
        return None
    name, sha256 = job.base
    return adapters_of(job.prepared.backbone, base=name, base_sha256=sha256, alpha=job.settings.lora.alpha)


def _write(job: _Job, scored: dict[str, Scored], result: FinetuneResult, adapters: Adapters | None) -> FinetuneResult:
    """Write predictions, model and figures; the figures come last and say that the run is finished.

    Returns:
        The result with the seconds that were written: who prints them, now or later, prints the same.
    """
    write_predictions(job.run, scored.get("test", scored["val"]))
    plugin = job.request.host.owner(job.request.spec.name)
    save_task_model(
        job.run.model,
        name=job.request.spec.name,
        settings=job.config,
        task=job.prepared.task,
        head=job.prepared.head,
        backbone=job.prepared.backbone,
        tokenizer=job.prepared.tokenizer,
        plugin="" if plugin is None else f"{plugin.distribution} {plugin.version}",
        adapters=adapters,
    )
    write_text(job.run.model / "README.md", finetune_card(result, job.settings, job.prepared.rows))
    timed = replace(result, seconds=job.clock.seconds)
    job.run.write_metrics(timed.figures())
    return timed


def _baseline(job: _Job, split: str, scored: Scored) -> dict[str, float]:
    if job.untrained is not None:
        return job.untrained.get(split, {})
    return job.prepared.task.baseline(job.prepared.rows.train, scored.rows) if scored.metrics else {}


def _score_untrained(prepared: Prepared) -> dict[str, dict[str, float]] | None:
    """Return the scores before any training, of a task that can be done without it."""
    if not prepared.task.starts_able:
        return None
    scored = {"val": score_rows(prepared, prepared.rows.valid, brief=True).metrics}
    if prepared.rows.test and prepared.rows.test_labelled:
        scored["test"] = score_rows(prepared, prepared.rows.test, brief=True).metrics
    return scored


def _compare(learned: float, guess: float, mode: str, report: Reporter) -> None:
    """Warn of a model that learned nothing."""
    if mode == "max" and learned == guess == 1.0:
        report.warn("the simplest guess is right on every validation row: they cannot tell how good the model is")
    elif (learned - guess) * (1 if mode == "max" else -1) <= 0:
        report.warn("the model is no better than the simplest guess; train longer, or give more rows")


def _prefixed(scores: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    return {f"{split}/{name}": round(value, 6) for split, each in scores.items() for name, value in each.items()}
