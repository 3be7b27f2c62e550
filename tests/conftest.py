"""Small real objects that tests of every part share: text, a tokenizer, backbones, a run, and a reporter that remembers."""

from __future__ import annotations

import os
import random
import tempfile
from collections import defaultdict
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from nlpsuite.report import Silent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from nlpsuite.backbone.model import Backbone
    from nlpsuite.text.tokenizer import Tokenizer

collect_ignore = ["thirdparty"]
"""Packages of others, whose tests run where they are installed: tests/e2e/test_thirdparty.py."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the flag that has every fault injected, and the table of docs/reliability.md written."""
    parser.addoption(
        "--all-faults", action="store_true", help="Inject all faults, not those alone that CI has time for."
    )


def pytest_configure(config: pytest.Config) -> None:
    """Keep what a user has once for all their runs, such as a key, out of the home of whoever runs the tests."""
    if hasattr(config, "workerinput"):
        # Processes that run tests side by side have a core each; torch, which comes later, would take all of them in each.
        os.environ.setdefault("OMP_NUM_THREADS", "1")
    folder = tempfile.TemporaryDirectory(prefix="nlpsuite-tests-")
    os.environ["XDG_CONFIG_HOME"] = folder.name
    config.add_cleanup(folder.cleanup)


@pytest.fixture(scope="session")
def all_faults(pytestconfig: pytest.Config) -> bool:
    return bool(pytestconfig.getoption("--all-faults"))


PAGE = Path(__file__).parents[1] / "docs" / "reliability.md"
BEGIN, END = "<!-- make faults: begin -->", "<!-- make faults: end -->"
SUBJECTS = (
    "the old man",
    "a small dog",
    "my sister",
    "the captain",
    "our teacher",
    "a stranger",
    "the river",
    "her friend",
)
VERBS = ("walked to", "looked at", "spoke of", "forgot", "remembered", "left", "painted", "dreamed of")
OBJECTS = ("the harbour", "a quiet garden", "the last train", "an empty house", "the winter market", "a long letter")
ENDINGS = ("in the morning", "before the rain came", "with a smile", "for no reason at all", "once more", "that year")


@pytest.fixture
def text_file(tmp_path: Path) -> Path:
    """A text of a few hundred short, different documents, separated by blank lines."""
    draw = random.Random(0)
    sentences = [
        f"{draw.choice(SUBJECTS)} {draw.choice(VERBS)} {draw.choice(OBJECTS)} {draw.choice(ENDINGS)}.".capitalize()
        for _ in range(1200)
    ]
    documents = [" ".join(sentences[at : at + 3]) for at in range(0, len(sentences), 3)]
    path = tmp_path / "text.txt"
    path.write_text("\n\n".join(documents) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def realdata() -> Path:
    """The folder of real data sets; tests that use it are marked `realdata` and skip where it is absent."""
    folder = Path(os.environ.get("NLPSUITE_DATA", "../shared/data"))
    if not folder.is_dir():
        pytest.skip("NLPSUITE_DATA names no folder")
    return folder.resolve()


SENTENCES = (
    "The cat sat on the mat and looked at the rain.",
    "A warm day, a cold drink and nothing at all to do.",
    "She said that the train would be late again, and it was.",
    "Nobody knows why the old clock stopped at half past nine.",
    "They walked along the river until the lights came on.",
    "Der Zug nach München fährt um zwölf Uhr; ¿quién sabe? 今天 天气 很 好。",
)


class Spy(Silent):
    """A reporter that keeps what it is told."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.warned: list[str] = []
        self.tables: list[tuple[str, list[list[str]]]] = []
        self.updates: list[float] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def warn(self, text: str) -> None:
        self.warned.append(text)

    def table(self, title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        self.tables.append((title, [list(row) for row in rows]))

    @contextmanager
    def progress(self, title: str, total: float | None, unit: str) -> Iterator[Spy]:
        yield self

    def update(self, completed: float, note: str = "") -> None:
        self.updates.append(completed)


@pytest.fixture
def spy() -> Spy:
    return Spy()


@pytest.fixture(scope="session")
def tiny_tokenizer() -> Tokenizer:
    from nlpsuite.text.train_tokenizer import train_tokenizer

    return train_tokenizer(SENTENCES, vocab_size=400, report=Silent())


@pytest.fixture(scope="session")
def make_backbone() -> Callable[..., Backbone]:
    """Make a tiny backbone in eval mode, every weight random: fresh ones have blocks that do nothing."""
    import torch

    from nlpsuite.backbone.config import BackboneConfig
    from nlpsuite.backbone.model import Backbone

    def make(seed: int = 0, std: float = 0.3, **changes: Any) -> Backbone:
        shape = {"vocab_size": 64, "context": 32, "d_model": 16, "n_layers": 2, "n_heads": 4, "n_kv_heads": 2}
        config = BackboneConfig(**(shape | {"head_dim": 8, "d_ff": 24} | changes))
        backbone = Backbone(config)
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for name, parameter in backbone.named_parameters():
                noise = torch.randn(parameter.shape, generator=generator) * std
                parameter.copy_(1 + noise if "norm" in name else noise)
        return backbone.eval()

    return make


@pytest.fixture(scope="session")
def backbone_folder(
    tmp_path_factory: pytest.TempPathFactory, make_backbone: Callable[..., Backbone], tiny_tokenizer: Tokenizer
) -> Path:
    """A tiny backbone on disk, with its tokenizer; not to be changed."""
    from nlpsuite.backbone.checkpoint import save_backbone

    folder = tmp_path_factory.mktemp("backbone") / "model"
    save_backbone(folder, make_backbone(vocab_size=tiny_tokenizer.vocab_size), tiny_tokenizer)
    return folder


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory, backbone_folder: Path) -> Path:
    """A run's folder with a tiny sentiment model of labels `bad` and `good` and a random head; not to be changed."""
    import torch

    from nlpsuite.backbone.checkpoint import load_backbone
    from nlpsuite.host.manager import PluginHost
    from nlpsuite.host.resolve import resolve_name
    from nlpsuite.inference.artifact import save_task_model
    from nlpsuite.tasks.task import Row, TaskContext

    backbone, tokenizer = load_backbone(backbone_folder)
    spec = resolve_name("sentiment", PluginHost.installed(Silent()))
    settings = spec.config()
    task = spec.build(TaskContext(tokenizer, backbone.config.context, 0, Silent()), settings)
    task.fit([Row({"text": "x"}, "bad"), Row({"text": "y"}, "good"), Row({"text": "z"}, "good")])
    head = task.make_head(backbone.config.d_model)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in head.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    folder = tmp_path_factory.mktemp("run")
    parts = {"name": "sentiment", "settings": settings, "task": task, "head": head}
    save_task_model(folder / "model", **parts, backbone=backbone, tokenizer=tokenizer)
    return folder


_OUTCOMES: dict[tuple[str, ...], list[str]] = defaultdict(list)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep what came of each fault that was injected."""
    failed_before = report.when == "setup" and report.outcome == "failed"
    if failed_before or (report.when == "call" and report.outcome != "skipped"):
        for name, value in report.user_properties:
            if name == "fault":
                _OUTCOMES[tuple(value)].append(report.outcome)


@pytest.fixture(autouse=True)
def _fault(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> None:
    for mark in request.node.iter_markers("fault"):
        record_property("fault", list(mark.args))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the table of docs/reliability.md, where all faults were injected."""
    if hasattr(session.config, "workerinput"):
        return
    chosen = session.config.getoption("keyword") or session.config.getoption("markexpr") != "fault"
    if not session.config.getoption("--all-faults") or not _OUTCOMES or chosen:
        return
    lines = ["| fault | tests | outcome required | held |", "|---|---|---|---|"]
    for (fault, required), outcomes in sorted(_OUTCOMES.items()):
        held = outcomes.count("passed")
        lines.append(f"| {fault} | {len(outcomes)} | {required} | {held} of {len(outcomes)} |")
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    made = f"Made by `make faults` on {date.today()}, {_machine()}."
    PAGE.write_text("\n".join([before + BEGIN, "", made, "", *lines, "", END + after]), encoding="utf-8")


def _machine() -> str:
    from nlpsuite.backbone.machine import find_machine

    return find_machine("auto").label
