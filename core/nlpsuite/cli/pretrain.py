"""`suite pretrain`: train a backbone on the user's text."""

from __future__ import annotations

import shlex
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nlpsuite.cli.console import Console
from nlpsuite.cli.launch import is_first, start_on_each
from nlpsuite.cli.options import (
    BatchTokensOption,
    DevicesOption,
    JsonOption,
    MaxStepsOption,
    MaxTokensOption,
    NodesOption,
    OnNanOption,
    PrecisionOption,
    PretrainRateOption,
    QuietOption,
    RowsOption,
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
from nlpsuite.cli.resuming import check_same, is_finished_run, is_stopped_run, without

if TYPE_CHECKING:
    from nlpsuite.training.pretraining.pretrain import PretrainRequest

FREE = {
    "devices", "nodes", "strategy", "precision", "on_nan", "on_nan_limit", "workers", "compile", "by_documents", "samples",
}  # fmt: skip
"""Settings that may differ when a run goes on."""
FOUND = {
    "batch_tokens", "micro_tokens", "compile",
    "vocab_size", "context", "d_model", "n_layers", "n_heads", "n_kv_heads", "head_dim", "d_ff",
}  # fmt: skip
"""Settings that a run finds out where they are not set, and keeps."""
TextArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="TEXT...", help="Files, folders, globs, - for standard input, or hf:ORG/NAME."),
]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="A recipe in YAML, such as configs/pretrain/nano.yaml.")
]
SizeOption = Annotated[
    str | None, typer.Option("--size", metavar="auto|nano|micro|small|base", help="The network's size.")
]
ObjectiveOption = Annotated[
    str | None, typer.Option("--objective", metavar="causal|masked|hybrid", help="What it learns to predict.")
]
OutOption = Annotated[Path | None, typer.Option("--out", help="The run's folder; runs/pretrain-<date> by default.")]
ResumeOption = Annotated[bool, typer.Option("--resume", help="Go on with the stopped run in --out.")]
InitOption = Annotated[str | None, typer.Option("--init", metavar="DIR|nano", help="Start from this backbone.")]
DocumentsOption = Annotated[
    str | None, typer.Option("--documents", metavar="auto|blank|line|file", help="What separates documents.")
]
FieldOption = Annotated[
    str | None, typer.Option("--field", help="The JSON Lines field, or the data set's column, that holds the text.")
]
CacheOption = Annotated[
    Path | None, typer.Option("--cache", help="Where tokenised text is kept; `tokens` beside the run by default.")
]


def pretrain(
    context: typer.Context,
    text: TextArgument = None,
    config: ConfigOption = None,
    size: SizeOption = None,
    objective: ObjectiveOption = None,
    time: TimeOption = None,
    max_tokens: MaxTokensOption = None,
    max_steps: MaxStepsOption = None,
    out: OutOption = None,
    resume: ResumeOption = False,
    trust_checkpoint: TrustOption = False,
    init: InitOption = None,
    documents: DocumentsOption = None,
    field: FieldOption = None,
    rows: RowsOption = None,
    splits: SplitsOption = None,
    cache: CacheOption = None,
    assignments: SetOption = None,
    seed: SeedOption = None,
    batch_tokens: BatchTokensOption = None,
    lr: PretrainRateOption = None,
    precision: PrecisionOption = None,
    devices: DevicesOption = None,
    nodes: NodesOption = None,
    strategy: StrategyOption = None,
    on_nan: OnNanOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Pretrain a backbone on your own text.

    A stopped run goes on with `suite pretrain --resume --out DIR`, with the settings it was started with.
    """
    from nlpsuite.config import merge, parse_assignments, read_recipe
    from nlpsuite.training.pretraining.settings import CONTINUED

    console = Console(quiet=quiet or not is_first(), verbose=verbose)
    flags = {
        "model": given(size=size),
        "objective": given(name=objective),
        "optimizer": given(batch_tokens=batch_tokens, lr=lr),
        "text": given(documents=documents, field=field),
        **given(time=time, max_tokens=max_tokens, max_steps=max_steps, seed=seed, devices=devices, nodes=nodes),
        **given(rows=rows, splits=parse_pairs(splits, "--splits")),
        **given(strategy=strategy, precision=precision and precision.value, on_nan=on_nan and on_nan.value),
    }
    values = merge({} if config is None else read_recipe(config), parse_assignments(assignments or []), flags)
    named = text or []
    check_trust(trust_checkpoint, resume=resume)
    if resume:
        request = _resumed(out, cache, values, named, trust_checkpoint)
    else:
        request = _fresh(named, values if init is None else merge(CONTINUED, values), config, out, cache, init)
        if is_stopped_run(request.out):
            request = _same(request, console)

    start_on_each(request.settings.devices, context)

    from nlpsuite.training.pretraining.pretrain import pretrain as train

    scores = train(request, console)
    if not is_first():
        return
    model = request.out / "model"
    if as_json:
        console.json(
            {
                "command": "pretrain",
                "run": str(request.out),
                "model": str(model),
                "metrics": {name: value for name, value in scores.items() if "/" in name},
                **{name: value for name, value in scores.items() if "/" not in name},
            }
        )
        return
    console.result_table(["what", "value"], _closing_rows(scores, model))
    run, generates = shlex.quote(str(request.out)), request.settings.objective.name != "masked"
    following = [f"suite generate {run} --prompt 'Once upon a time'"] if generates else []
    for label, command in zip(("next:", "     "), [*following, f"suite run sentiment --backbone {run}"], strict=False):
        console.result(f"{label} {command}")


def _fresh(
    text: list[str], values: dict[str, Any], config: Path | None, out: Path | None, cache: Path | None, init: str | None
) -> PretrainRequest:
    from nlpsuite.config import build
    from nlpsuite.errors import UserError
    from nlpsuite.inference.locate import find_backbone
    from nlpsuite.training.pretraining.pretrain import PretrainRequest
    from nlpsuite.training.pretraining.settings import PretrainSettings

    if not text:
        raise UserError("no text is named", where="suite pretrain", fix="name files, folders, globs, or - after it")
    settings = build(PretrainSettings, values, where=config or "suite pretrain")
    folder = out or Path("runs") / f"pretrain-{datetime.now():%Y%m%d-%H%M%S}"
    return PretrainRequest(
        text=text,
        settings=settings,
        out=folder,
        cache=cache or folder.parent / "tokens",
        init=None if init is None else find_backbone(init),
        tokens=None,
        resume=False,
        resume_command=_resume_command(folder, cache),
    )


def _resumed(
    out: Path | None, cache: Path | None, values: dict[str, Any], text: list[str], trust: bool
) -> PretrainRequest:
    """Go on with the settings the run was started with; only where it runs may change."""
    from nlpsuite.config import build, merge
    from nlpsuite.errors import UserError
    from nlpsuite.training.pretraining.pretrain import PretrainRequest
    from nlpsuite.training.pretraining.settings import PretrainSettings
    from nlpsuite.training.runfolder import RunFolder

    if out is None:
        raise UserError("--resume needs the run's folder", where="suite pretrain", fix="add --out DIR")
    saved = RunFolder.existing(out, trusted=trust).read_config()
    if is_finished_run(out):
        raise UserError(
            "the run is finished", where=out, fix=f"its model is {out / 'model'}; start a new run with --init"
        )
    patterns, init, tokens = saved.pop("corpus", []), saved.pop("init", None), saved.pop("tokens", None)
    if text and text != patterns:
        raise UserError("the run was started on other text", where=out, fix="leave the text out, or start a new run")
    wanted = build(PretrainSettings, merge(saved, values), where=out / "config.yaml")
    before = build(PretrainSettings, saved, where=out / "config.yaml")
    check_same(before, wanted, FREE, out)
    return PretrainRequest(
        text=patterns,
        settings=wanted,
        out=out,
        cache=cache or out.parent / "tokens",
        init=None if init is None else Path(init),
        tokens=None if tokens is None else Path(tokens),
        resume=True,
        trust=trust,
        resume_command=_resume_command(out, cache),
    )


def _same(request: PretrainRequest, console: Console) -> PretrainRequest:
    """Go on with the stopped run in a new one's folder, where it is the very run that is asked for.

    So a command that was killed can be typed again, by a cluster's scheduler too.
    """
    from nlpsuite.config import build
    from nlpsuite.errors import UserError
    from nlpsuite.training.pretraining.settings import PretrainSettings
    from nlpsuite.training.runfolder import RunFolder

    out = request.out
    resumed = _resumed(out, request.cache, {}, [], trust=False)
    saved = RunFolder.existing(out, trusted=False).read_config()
    before = build(PretrainSettings, without(saved, "corpus", "init", "tokens"), where=out / "config.yaml")
    init = None if request.init is None else str(request.init.resolve())
    if list(request.text) != saved.get("corpus") or init != saved.get("init"):
        what = "the output folder holds a stopped run on other text, or from another backbone"
        raise UserError(what, where=out, fix="give another --out, or go on with it through --resume")
    check_same(before, request.settings, FREE, out, found=FOUND)
    console.say(f"{out}: holds this very run, stopped; going on with it")
    free = {name: getattr(request.settings, name) for name in FREE}
    if free["compile"] is None:  # As it was found to be best.
        del free["compile"]
    return replace(resumed, settings=resumed.settings.model_copy(update=free))


def _resume_command(out: Path, cache: Path | None) -> str:
    where = [] if cache is None else ["--cache", str(cache)]
    return shlex.join(["suite", "pretrain", "--resume", "--out", str(out), *where])


def _closing_rows(scores: dict[str, Any], model: Path) -> list[list[str]]:
    from nlpsuite.people import people_bytes, people_count, people_time

    rows = [
        [name.removeprefix("val/").replace("_", " "), f"{value:.4f}"]
        for name, value in scores.items()
        if name.startswith("val/")
    ]
    return [
        *rows,
        ["tokens", f"{people_count(scores['tokens'])} in {scores['steps']:,} steps"],
        ["time", f"{people_time(scores['seconds'])} at {people_count(scores['tokens_per_second'])} tokens/s"],
        ["peak memory", people_bytes(scores["peak_memory_bytes"])],
        ["model", str(model)],
    ]
