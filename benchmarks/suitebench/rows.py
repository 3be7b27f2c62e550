"""The rows behind the table: each one a command of `suite`, or a conventional baseline run here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from suitebench import budgets, prepare
from suitebench.baselines import bag_of_words, copy_source, crf, sliding_window

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COLUMNS = ("conventional", "scratch", "pretrained")
"""The columns of the table, in order; the column `backbone` is for rows that others start from."""


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement.

    Attributes:
        name: Unique; also the name of its folder under the work folder.
        data: The data set it is on.
        column: A column of the table, or `backbone`.
        seed: Its seed; None where there is no chance in it.
        command: Words after `suite`; `$NLPSUITE_DATA` and `$WORK` in them stand for the folders of a run. None for a function.
        call: A function of the data folder that returns figures; None for a command.
        prepare: Makes what the command reads, from the data folder, in the work folder.
        needs: Rows that must be done before.
        backbone: What it starts from; None where there is no network.
        limit: The flag and the value that bound its training, as typed.
    """

    name: str
    data: str
    column: str
    seed: int | None = None
    command: tuple[str, ...] | None = None
    call: Callable[[Path], dict[str, float]] | None = None
    prepare: Callable[[Path, Path], None] | None = None
    needs: tuple[str, ...] = ()
    backbone: str | None = None
    limit: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A data set: which plugin it is for, and where its files are."""

    data: str
    plugin: str
    folder: str
    backbone: str = budgets.ENGLISH
    prepare: Callable[[Path, Path], None] | None = None
    flags: tuple[str, ...] = ()


GERMAN = ("--set", "task.source=en", "--set", "task.target=de", "--set", "task.test=test_2016_flickr")

SOURCES = (
    Source("sst2", "sentiment", "$NLPSUITE_DATA/sst2"),
    Source("agnews", "classification", "$NLPSUITE_DATA/agnews"),
    Source("chnsenticorp", "sentiment", "$NLPSUITE_DATA/zh/chnsenticorp", budgets.CHINESE),
    Source("conll2003", "ner", "$NLPSUITE_DATA/conll2003"),
    Source("resume_ner", "ner", "$NLPSUITE_DATA/zh/resume_ner", budgets.CHINESE),
    Source("squad", "qa", "$WORK/squad", prepare=prepare.squad, flags=("--set", "valid_share=0.01")),
    Source("multi30k", "translation", "$NLPSUITE_DATA/multi30k_ende", flags=GERMAN),
    Source("novels", "generation", "$WORK/novels", budgets.WIKI, prepare=prepare.novels),
)


def all_rows() -> list[Row]:
    """Return every row: what takes seconds first, then in an order in which each finds what it needs."""
    trained = [
        row
        for source in SOURCES
        for column, backbone in (("pretrained", source.backbone), ("scratch", "scratch"))
        for row in runs(source, column, backbone)
    ]
    return [*map(pretraining, budgets.PRETRAININGS), *conventional(), *trained]


def pretraining(name: str) -> Row:
    """Return the row that pretrains a backbone."""
    text, folder, time = budgets.PRETRAININGS[name]
    command = ("pretrain", text, "--size", "nano", "--time", time, "--seed", "1", "--out", folder, "--json")
    return Row(name, text.removeprefix("$NLPSUITE_DATA/"), "backbone", 1, command, limit=("--time", time))


def needed(backbone: str) -> tuple[str, ...]:
    """Return the row that makes a backbone, if one does."""
    return tuple(name for name, (_, folder, _) in budgets.PRETRAININGS.items() if folder == backbone)


def conventional() -> list[Row]:
    """Return what a user would do without a suite, in seconds or a few minutes."""
    words = partial(bag_of_words.measure, analyser="word", ngrams=(1, 2))
    characters = partial(bag_of_words.measure, analyser="char", ngrams=(1, 3))
    zero_shot = ("evaluate", budgets.WIKI, "--data", "$WORK/novels/test.txt", "--json")

    def row(data: str, call: Callable[[Path], dict[str, float]]) -> Row:
        return Row(f"{data}-conventional", data, "conventional", call=call)

    return [
        row("sst2", lambda data: words(data / "sst2")),
        row("agnews", lambda data: words(data / "agnews")),
        row("chnsenticorp", lambda data: characters(data / "zh/chnsenticorp")),
        row("conll2003", lambda data: crf.measure(data / "conll2003", crf.word_features)),
        row("resume_ner", lambda data: crf.measure(data / "zh/resume_ner", crf.character_features)),
        row("squad", lambda data: sliding_window.measure(data / "squad/dev-v1.1.json")),
        row("multi30k", lambda data: copy_source.measure(data / "multi30k_ende", "test_2016_flickr")),
        Row(
            "novels-conventional",
            "novels",
            "conventional",
            command=zero_shot,
            prepare=prepare.novels,
            backbone=budgets.WIKI,
            needs=needed(budgets.WIKI),
        ),
    ]


def runs(source: Source, column: str, backbone: str) -> list[Row]:
    """Return the runs of a data set on a backbone, one for each seed."""
    limit, seeds = budgets.limit(source.data, backbone), budgets.seeds_of(source.data)
    rows = []
    for seed in seeds:
        name = f"{source.data}-{column}" + (f"-{seed}" if len(seeds) > 1 else "")
        command = (
            *("run", f"plugins/{source.plugin}", "--data", source.folder, "--backbone", backbone, *limit),
            *("--seed", str(seed), *source.flags, "--out", f"$WORK/{name}", "--json"),
        )
        rows.append(
            Row(
                name,
                source.data,
                column,
                seed,
                command,
                prepare=source.prepare,
                needs=needed(backbone),
                backbone=backbone,
                limit=limit,
            )
        )
    return rows
