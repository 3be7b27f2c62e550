"""Any text comes back from every reader as it was written, and any bytes give rows or one line: never another error."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from nlpsuite.errors import UserError
from nlpsuite.host.manager import PluginHost
from nlpsuite.host.resolve import resolve_name
from nlpsuite.report import Silent
from nlpsuite.tasks.task import TaskContext

HOST = PluginHost.installed(Silent())
TASKS = ("classification", "sentiment", "ner", "qa", "translation", "generation")
SUFFIXES = (".tsv", ".csv", ".jsonl", ".json", ".txt", ".conll", ".en")
# All that stands for a character, and hides nothing: half a surrogate pair and NUL are refused, and are tested elsewhere.
CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
# With a letter in it: white space and control characters alone are an empty text.
TEXTS = st.text(CHARACTERS, max_size=30).map(lambda text: f"a{text}b")
CONTENT = st.one_of(st.binary(max_size=200), st.text(max_size=60).map(lambda s: s.encode(errors="surrogatepass")))
FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

ROWS = {
    "classification": lambda a, b: {"text": a, "label": "x"},
    "sentiment": lambda a, b: {"text": a, "label": "good"},
    "ner": lambda a, b: {"text": a, "entities": [{"start": 0, "end": len(a), "label": "PER"}]},
    "qa": lambda a, b: {"question": b, "context": f"{b} {a}", "answers": {"text": [], "answer_start": []}},
    "translation": lambda a, b: {"en": a, "de": b},
    "generation": lambda a, b: {"prompt": a, "completion": b},
}
READ_BACK = {
    "classification": lambda row: [row.inputs["text"]],
    "sentiment": lambda row: [row.inputs["text"]],
    "ner": lambda row: [row.inputs["text"]],
    "qa": lambda row: [row.inputs["question"], row.inputs["context"]],
    "translation": lambda row: [row.inputs["source"], row.target],
    "generation": lambda row: [row.inputs["prompt"], row.target],
}
WRITTEN = {
    "qa": lambda a, b: [b, f"{b} {a}"],
    "translation": lambda a, b: [a, b],
    "generation": lambda a, b: [a, b],
}


def make(name, tokenizer):
    spec = resolve_name(name, HOST)
    return spec.build(TaskContext(tokenizer, 64, 0, Silent()), spec.config())


@pytest.mark.parametrize("name", TASKS)
@FEW
@given(pairs=st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5))
@example(pairs=[("a\u2028\x85\x0b\x0c\x1c\x1d\x1eb", "c\rd"), ("[bold]\x1b]52;c;x\x07", "e\u202e\ufefff")])
def test_any_text_comes_back_as_it_was_written(name, pairs, tiny_tokenizer):
    task = make(name, tiny_tokenizer)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.jsonl"
        path.write_text(
            "".join(json.dumps(ROWS[name](a, b), ensure_ascii=False) + "\n" for a, b in pairs), encoding="utf-8"
        )
        rows = list(task.read(path, "train"))
    written = WRITTEN.get(name, lambda a, b: [a])
    assert [READ_BACK[name](row) for row in rows] == [written(a, b) for a, b in pairs]


@pytest.mark.parametrize("split", ["train", "predict"])
@pytest.mark.parametrize("name", TASKS)
@FEW
@given(content=CONTENT, suffix=st.sampled_from(SUFFIXES))
@example(content=b"\x1f\x8b\x08", suffix=".tsv")
@example(content=b'{"text": 1', suffix=".jsonl")
@example(content=b"\xff\xfe\x00", suffix=".txt")
def test_any_bytes_give_rows_or_one_line(name, split, content, suffix, tiny_tokenizer):
    task = make(name, tiny_tokenizer)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"rows{suffix}"
        path.write_bytes(content)
        try:
            rows = list(task.read(path, split))
        except UserError as error:
            # What is shown of the file has no line ends of its own.
            assert "\n" not in str(error)  # noqa: PT017
            return
    assert all(row.where for row in rows)


@FEW
@given(text=st.text(CHARACTERS, max_size=200))
def test_a_tokenizer_gives_any_text_back(text, tiny_tokenizer):
    assert tiny_tokenizer.decode(tiny_tokenizer.encode(text)) == text
