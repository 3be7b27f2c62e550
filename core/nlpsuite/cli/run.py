"""`suite run`: fine-tune a task on a backbone."""

from __future__ import annotations

import shlex
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nlpsuite.cli.console import Console
from nlpsuite.cli.options import (
    BatchTokensOption,
    ColumnsOption,
    DevicesOption,
    EpochsOption,
    JsonOption,
    LimitOption,
    MaxStepsOption,
    NodesOption,
    OnNanOption,
    PrecisionOption,
    QuietOption,
    RateOption,
    SeedOption,
    SetOption,
    SplitsOption,
    StrategyOption,
    TimeOption,
    TrustOption,
    VerboseOption,
    check_trust,
    given,
    parse_pairs,
)
from nlpsuite.cli.resuming import check_same, is_finished_run, is_stopped_run
from nlpsuite.cli.scores import show_scores

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nlpsuite.host.manager import PluginHost
    from nlpsuite.training.finetuning.finetune import FinetuneRequest
    from nlpsuite.training.finetuning.result import FinetuneResult
    from nlpsuite.training.finetuning.settings import FinetuneSettings

FREE = {"devices", "nodes", "strategy", "precision", "on_nan", "on_nan_limit", "workers"}
"""Settings that may differ when a run goes on."""
TargetArgument = Annotated[
    list[str] | None, typer.Argument(metavar="TARGET...", help="Plugins, by folder or by name; one after another.")
]
DataOption = Annotated[
    str | None,
    typer.Option(
        "--data",
        metavar="PATH|hf:ORG/NAME",
        help="File or folder with rows, or a data set of Hugging Face's hub by name; the plugin's own examples by default.",
    ),
]
BackboneOption = Annotated[
    str | None, typer.Option("--backbone", metavar="nano|DIR|RUN|scratch", help="What to start from; nano by default.")
]
TuneOption = Annotated[
    str | None, typer.Option("--tune", metavar="full|head|lora", help="What to train of the backbone.")
]
OutOption = Annotated[Path | None, typer.Option("--out", help="The run's folder; runs/<task>-<date> by default.")]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="A recipe in YAML, such as configs/tasks/sentiment.yaml.")
]
ResumeOption = Annotated[bool, typer.Option("--resume", help="Go on with the stopped run in --out.")]


def run(
    targets: TargetArgument = None,
    data: DataOption = None,
    columns: ColumnsOption = None,
    splits: SplitsOption = None,
    backbone: BackboneOption = None,
    tune: TuneOption = None,
    time: TimeOption = None,
    epochs: EpochsOption = None,
    max_steps: MaxStepsOption = None,
    out: OutOption = None,
    resume: ResumeOption = False,
    trust_checkpoint: TrustOption = False,
    config: ConfigOption = None,
    assignments: SetOption = None,
    seed: SeedOption = None,
    batch_tokens: BatchTokensOption = None,
    lr: RateOption = None,
    limit: LimitOption = None,
    precision: PrecisionOption = None,
    devices: DevicesOption = None,
    nodes: NodesOption = None,
    strategy: StrategyOption = None,
    on_nan: OnNanOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Fine-tune tasks on a backbone, each named by its plugin.

    A stopped run goes on with `suite run --resume --out DIR`, with the settings it was started with.
    """
    from nlpsuite.config import merge, parse_assignments, read_recipe
    from nlpsuite.files import read_json
    from nlpsuite.host.manager import PluginHost
    from nlpsuite.hub.names import in_full
    from nlpsuite.training.finetuning.finetune import finetune
    from nlpsuite.training.finetuning.state import is_first_process

    console = Console(quiet=quiet, verbose=verbose)
    flags = given(
        data=data and in_full(data),
        columns=parse_pairs(columns, "--columns"),
        splits=parse_pairs(splits, "--splits"),
        backbone=backbone,
        tune=tune,
        time=time,
        epochs=epochs,
        max_steps=max_steps,
        seed=seed,
        batch_tokens=batch_tokens,
        lr=lr,
        limit=limit,
        precision=precision and precision.value,
        devices=devices,
        nodes=nodes,
        strategy=strategy,
        on_nan=on_nan and on_nan.value,
    )
    values = merge({} if config is None else read_recipe(config), parse_assignments(assignments or []), flags)
    host = PluginHost.installed(console)
    named = targets or []
    check_trust(trust_checkpoint, resume=resume)
    again = [_resumed(out, values, named, host, trust_checkpoint)] if resume else None
    fresh = [] if again else _fresh(named, values, config, out, host)
    done = {each.out for each in fresh if _is_done(each, len(fresh), console)}
    requests = again or [each if each.out in done else _same(each, console) for each in fresh]
    records = []
    for request in requests:
        if request.out in done:
            records.append(_record(request.out, read_json(request.out / "metrics.json")))
            continue
        if len(requests) - len(done) > 1:
            console.say(f"--- {request.spec.name} ---")
        result = finetune(request, console)
        records.append(_record(result.run, result.figures()))
        if is_first_process() and not as_json:
            _show(result, _install(request), console)
    if as_json and is_first_process():
        console.json({"command": "run"} | (records[0] if len(records) == 1 else {"runs": records}))


def _fresh(
    targets: list[str], values: Mapping[str, Any], config: Path | None, out: Path | None, host: PluginHost
) -> list[FinetuneRequest]:
    """Turn what the user typed into a request for each target."""
    from nlpsuite.config import build
    from nlpsuite.errors import UserError
    from nlpsuite.host.resolve import resolve
    from nlpsuite.training.finetuning.settings import FinetuneSettings, with_task_defaults

    settings = build(FinetuneSettings, values, where=config or "suite run")
    targets = targets or ([settings.target] if settings.target else [])
    if not targets:
        raise UserError(
            "no task is named", where="suite run", fix="name a plugin after it; `suite plugins list` shows them"
        )
    specs = [resolve(target, host) for target in targets]
    names = [spec.name for spec in specs]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UserError(f"task `{twice}` is named twice", where="suite run", fix="name each task once")
    base = out or Path("runs") / "-".join([*names[:3], f"{datetime.now():%Y%m%d-%H%M%S}"])
    return [
        _request(
            spec,
            _anchored(with_task_defaults(settings, values, spec), _lasting(target, spec.name, host)),
            base if len(specs) == 1 else base / spec.name,
            host,
            resume=False,
        )
        for spec, target in zip(specs, targets, strict=True)
    ]


def _resumed(
    out: Path | None, values: Mapping[str, Any], targets: list[str], host: PluginHost, trust: bool
) -> FinetuneRequest:
    """Go on with the settings the run was started with; only where it runs may change."""
    from nlpsuite.config import build, merge
    from nlpsuite.errors import UserError
    from nlpsuite.host.resolve import resolve
    from nlpsuite.training.finetuning.settings import FinetuneSettings
    from nlpsuite.training.runfolder import RunFolder

    if out is None:
        raise UserError("--resume needs the run's folder", where="suite run", fix="add --out DIR")
    saved, where = RunFolder.existing(out, trusted=trust).read_config(), out / "config.yaml"
    before = build(FinetuneSettings, saved, where=where)
    if before.target is None:
        raise UserError("the run's task is missing in its settings", where=where, fix="start a new run")
    spec = resolve(before.target, host)
    targets = targets or ([str(values["target"])] if values.get("target") else [])
    # Folders are kept in full, and what is typed again may be said from here.
    wanted = _anchored(build(FinetuneSettings, merge(saved, values), where=where), before.target)
    check_same(before, wanted, FREE, out)
    if targets and [resolve(target, host).name for target in targets] != [spec.name]:
        raise UserError(f"the run is of task `{spec.name}`", where=out, fix="leave the target out, or start a new run")
    return _request(spec, wanted, out, host, resume=True, trust=trust)


def _is_done(request: FinetuneRequest, tasks: int, console: Console) -> bool:
    """Whether one of several tasks was finished by the same command before, which is typed again for the others."""
    if tasks == 1 or not is_finished_run(request.out):
        return False
    _check_same(request)
    console.say(f"{request.out}: finished before")
    return True


def _check_same(request: FinetuneRequest) -> None:
    """Check that a run's folder holds the very run that is asked for."""
    from nlpsuite.config import build
    from nlpsuite.training.finetuning.settings import FinetuneSettings
    from nlpsuite.training.runfolder import RunFolder

    where = request.out / "config.yaml"
    before = build(FinetuneSettings, RunFolder.existing(request.out, trusted=False).read_config(), where=where)
    settings = request.settings
    task = build(request.spec.config, settings.task, where="task").model_dump(mode="json")
    check_same(before, settings.model_copy(update={"task": task}), FREE, request.out)


def _same(request: FinetuneRequest, console: Console) -> FinetuneRequest:
    """Go on with the stopped run in a new one's folder, where there is one and it is the very run that is asked for.

    So a command that was killed can be typed again, by a cluster's scheduler too.
    """
    if not is_stopped_run(request.out):
        return request
    _check_same(request)
    console.say(f"{request.out}: holds this very run, stopped; going on with it")
    return replace(request, resume=True)


def _request(
    spec: Any, settings: FinetuneSettings, out: Path, host: PluginHost, *, resume: bool, trust: bool = False
) -> FinetuneRequest:
    from nlpsuite.training.finetuning.finetune import FinetuneRequest

    command = shlex.join(["suite", "run", "--resume", "--out", str(out)])
    return FinetuneRequest(
        spec=spec, settings=settings, out=out, host=host, resume=resume, trust=trust, resume_command=command
    )


def _anchored(settings: FinetuneSettings, target: str) -> FinetuneSettings:
    """Write the target and folders so that the run can go on from anywhere."""
    from nlpsuite.hub.names import in_full

    changed = {"target": target, "backbone": _in_full(settings.backbone)}
    if settings.data is not None:
        changed["data"] = in_full(settings.data)
    return settings.model_copy(update=changed)


def _lasting(target: str, task: str, host: PluginHost) -> str:
    """Return the task's name where its plugin is installed, else the plugin's folder in full."""
    return task if host.owner(task) in host.plugins else str(Path(target).expanduser().absolute())


def _in_full(name: str) -> str:
    from nlpsuite.backbone.folders import EMBEDDED
    from nlpsuite.training.finetuning.settings import SCRATCH

    path = Path(name).expanduser()
    return str(path.absolute()) if name not in (EMBEDDED, SCRATCH) and path.is_dir() else name


def _record(run: Path, figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `--json` says of a run, from the figures in its `metrics.json`."""
    scores = {name: value for name, value in figures.items() if "/" in name}
    rest = {name: value for name, value in figures.items() if name not in scores and name != "task"}
    return {"run": str(run), "task": figures["task"], "metrics": scores} | rest | {"model": str(run / "model")}


def _install(request: FinetuneRequest) -> str:
    """Return the command that must come before the model can be used elsewhere: of a plugin that is not installed."""
    folder = request.settings.target
    if request.host.owner(request.spec.name) in request.host.plugins or folder is None:
        return ""
    return f"pip install -e {shlex.quote(folder)} && "


def _show(result: FinetuneResult, install: str, console: Console) -> None:
    from nlpsuite.people import people_count, people_time

    rows = [
        [name, f"{value:.4f}", f"{result.baseline[name]:.4f}" if name in result.baseline else ""]
        for name, value in result.metrics.items()
    ]
    console.result_table(["metric", "value", "simplest guess"], rows)
    last = result.predictions
    show_scores(console, result.tables.get(last, ()), result.notes.get(last, {}))
    early = ", stopped early" if result.stopped_early else ""
    speed = f"{people_count(result.tokens_per_second)} tokens/s"
    console.result(f"time: {people_time(result.seconds)}, {result.epochs:.3g} epochs at {speed}{early}")
    console.result(f"model: {result.model}")
    console.result(f"next: {install}suite predict {shlex.quote(str(result.run))} FILE")
