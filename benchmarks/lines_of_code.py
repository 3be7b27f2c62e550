"""How much the author of a task writes: lines of code here, and of the same task written for others.

    python benchmarks/lines_of_code.py [--peer NAME=GITDIR ...] [--write]

A line counts if it holds code: no blank lines, no comments, no docstrings; tests, examples, READMEs and package metadata are
left out for all, configuration files that a run needs are not. Peers are counted at the newest commit of a git directory of
their source; a peer that is not given keeps the figure that was counted before. Kept in
benchmarks/results/lines_of_code.json.

What is compared: the labels of pairs of texts, a kind that every one of them knows, and relations between two marked
entities, which is new to nlpsuite and has a model in Flair. The peers' files are those that a user copies and
edits, or that the peer's own authors wrote for the task; they can differ in what they offer, and the table says what is in
them.
"""

from __future__ import annotations

import argparse
import ast
import io
import json
import subprocess
import tokenize
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from suitebench.page import put_between

ROOT = Path(__file__).resolve().parents[1]
RESULTS = Path(__file__).parent / "results" / "lines_of_code.json"
PAGE = ROOT / "docs" / "results.md"
MARKS = ("<!-- benchmarks/lines_of_code.py --write: begin -->", "<!-- benchmarks/lines_of_code.py --write: end -->")
SCAFFOLD = "core/nlpsuite/assets/scaffold"
PAIR_FILES = ("common/{}/__init__.py", "labels/{}/settings.py", "labels/{}/metrics.py", "pair/{}/task.py")
RELATION = "tests/thirdparty/nlpsuite-relation/nlpsuite_relation"
PAIRS, OWN = "labels of pairs, with a model that the library has", "labels of pairs, with a model of one's own"
NEW = "relations between marked entities"


@dataclass(frozen=True)
class Case:
    """The files that one system's author of a task writes.

    Attributes:
        task: What the task is.
        system: `nlpsuite`, or the name of a peer.
        files: Paths in its repository.
        what: What they hold, for people.
    """

    task: str
    system: str
    files: tuple[str, ...]
    what: str


CASES = (
    Case(
        PAIRS,
        "nlpsuite",
        tuple(f"{SCAFFOLD}/{name.format('nlpsuite_sketch')}" for name in PAIR_FILES),
        "what `suite plugins new --kind pair` writes, one metric included; `suite run classification` needs no code",
    ),
    Case(
        PAIRS,
        "transformers",
        ("examples/pytorch/text-classification/run_glue.py",),
        "the example script that users copy, as the adapters project keeps it, with a few lines of its own",
    ),
    Case(
        PAIRS,
        "AllenNLP",
        (
            "allennlp_models/pair_classification/dataset_readers/snli.py",
            "training_config/pair_classification/snli_roberta.jsonnet",
        ),
        "reader and configuration",
    ),
    Case(
        OWN,
        "AllenNLP",
        (
            "allennlp_models/pair_classification/dataset_readers/snli.py",
            "allennlp_models/pair_classification/models/decomposable_attention.py",
            "allennlp_models/pair_classification/predictors/textual_entailment.py",
            "training_config/pair_classification/decomposable_attention.jsonnet",
        ),
        "reader, model, predictor and configuration",
    ),
    Case(
        OWN,
        "Flair",
        ("flair/models/pairwise_classification_model.py",),
        "the model class alone; reading and a training script come on top",
    ),
    Case(
        NEW,
        "nlpsuite",
        tuple(f"{RELATION}/{name}.py" for name in ("__init__", "data", "task", "head", "metrics", "curve", "graph")),
        "all of nlpsuite-relation: reading of marks, head, masked names as an own objective, scores, a callback, the graph",
    ),
    Case(
        NEW,
        "Flair",
        ("flair/models/relation_classifier_model.py",),
        "the model class alone; reading and a training script come on top",
    ),
)


def code_lines(source: str) -> int:
    """Count the lines of Python that hold code."""
    lines = {
        line
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type
        not in (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
        for line in range(token.start[0], token.end[0] + 1)
    }
    for node in ast.walk(ast.parse(source)):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            value = body[0].value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                lines -= set(range(body[0].lineno, (body[0].end_lineno or body[0].lineno) + 1))
    return len(lines)


def other_lines(source: str) -> int:
    """Count the lines of a configuration that are neither blank nor a comment."""
    return sum(bool(line.strip()) and not line.strip().startswith(("//", "#")) for line in source.splitlines())


def count(case: Case, git: Path | None) -> dict[str, Any]:
    """Count a case, in this checkout or at the newest commit of a git directory."""
    total, commit = 0, ""
    for name in case.files:
        if git is None:
            source = (ROOT / name).read_text(encoding="utf-8")
        else:
            source = read(git, "show", f"HEAD:{name}")
            commit = read(git, "rev-parse", "HEAD").strip()
        total += code_lines(source) if name.endswith(".py") else other_lines(source)
    return {
        "task": case.task,
        "system": case.system,
        "lines": total,
        "files": list(case.files),
        "what": case.what,
        "commit": commit,
        "date": date.today().isoformat(),
    }


def read(git: Path, *words: str) -> str:
    """Return what git prints."""
    done = subprocess.run(["git", "--git-dir", str(git), *words], check=True, capture_output=True, text=True)
    return done.stdout


def table(records: list[dict[str, Any]]) -> str:
    """Return the figures in Markdown."""
    lines = ["| task | written for | lines of code | what they are |", "|---|---|---|---|"]
    for r in records:
        at = f" {r['commit'][:8]}" if r["commit"] else ""
        lines.append(f"| {r['task']} | {r['system']}{at} | {r['lines']:,} | {r['what']} |")
    return "\n".join(lines)


def main() -> None:
    """Count, keep, print, or write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=GITDIR")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    before = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else []
    if arguments.write:
        put_between(PAGE, *MARKS, table(before))
        return
    peers = {name: Path(place) for name, place in (each.split("=", 1) for each in arguments.peer)}
    kept = {(each["task"], each["system"]): each for each in before}
    for case in CASES:
        if case.system == "nlpsuite" or case.system in peers:
            kept[case.task, case.system] = count(case, peers.get(case.system))
    records = [kept[case.task, case.system] for case in CASES if (case.task, case.system) in kept]
    RESULTS.write_text(json.dumps(records, indent=2) + "\n", encoding="utf-8")
    print(table(records))


if __name__ == "__main__":
    main()
