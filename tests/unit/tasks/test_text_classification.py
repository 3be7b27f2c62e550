from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import torch

from nlpsuite.backbone.config import BackboneConfig
from nlpsuite.backbone.model import Backbone
from nlpsuite.errors import UserError
from nlpsuite.report import Silent
from nlpsuite.tasks.network import Network
from nlpsuite.tasks.task import Batch, Row, TaskContext, Window
from nlpsuite.tasks.text_classification import TextClassification
from nlpsuite.tasks.text_settings import TextClassificationSettings
from nlpsuite.text.train_tokenizer import train_tokenizer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from torch import nn

    from nlpsuite.text.tokenizer import Tokenizer

CONTEXT = 16


class Said(Silent):
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.warned: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)

    def warn(self, text: str) -> None:
        self.warned.append(text)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    lines = [f"the film of day {n} was good and the play was bad" for n in range(50)]
    return train_tokenizer(lines, vocab_size=300, report=Silent())


@pytest.fixture
def said() -> Said:
    return Said()


@pytest.fixture
def task(tokenizer: Tokenizer, said: Said) -> TextClassification:
    return TextClassification(TaskContext(tokenizer, CONTEXT, 0, said), TextClassificationSettings())


def fitted(task: TextClassification, labels: str = "ab") -> TextClassification:
    task.fit([Row({"text": "t"}, label, f"train.tsv:{n}") for n, label in enumerate(labels, start=2)])
    return task


class Given(Network):
    """A network whose hidden states are given."""

    def __init__(self, head: nn.Module, hidden_BTD: torch.Tensor):
        tiny = {"context": 16, "d_model": 8, "n_layers": 1, "n_heads": 1, "n_kv_heads": 1, "head_dim": 8, "d_ff": 8}
        super().__init__(Backbone(BackboneConfig(vocab_size=8, **tiny)), head, "bidirectional")
        self._given = hidden_BTD

    def hidden(self, batch: Batch) -> torch.Tensor:
        return self._given


def batch(windows: Sequence[Window], width: int = 8) -> tuple[Batch, torch.Tensor]:
    longest = max(len(window.ids) for window in windows)
    ids_BT = torch.tensor([[*window.ids, *[0] * (longest - len(window.ids))] for window in windows])
    real_BT = torch.tensor([[place < len(window.ids) for place in range(longest)] for window in windows])
    weight_B = torch.tensor([window.weight for window in windows])
    hidden_BTD = torch.randn(*ids_BT.shape, width, generator=torch.Generator().manual_seed(0))
    return Batch(ids_BT, real_BT, weight_B, windows), hidden_BTD


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8", newline="")
    return path


def test_rows_of_a_file(tmp_path: Path, task: TextClassification, said: Said) -> None:
    path = write(tmp_path / "train.csv", 'id,Review,stars,day\r\n1,"fine,\r\nreally", 5 ,2\r\n2,dull,1,3\r\n')
    rows = list(task.read(path, "train"))
    assert rows == [
        Row({"text": "fine,\r\nreally", "id": "1"}, "5", f"{path}:2"),
        Row({"text": "dull", "id": "2"}, "1", f"{path}:4"),
    ]
    assert said.lines == [
        f"{path}: CSV with header; text in `Review`, labels in `stars`; `id` comes back with predictions; not used: `day`"
    ]


def test_json_labels_are_named_as_json_spells_them(tmp_path: Path, task: TextClassification) -> None:
    values = ["a", 1.0, True, 2.5]
    path = write(
        tmp_path / "train.jsonl", "".join(json.dumps({"text": "t", "label": value}) + "\n" for value in values)
    )
    assert [row.target for row in task.read(path, "train")] == ["a", "1", "true", "2.5"]


@pytest.mark.parametrize(
    ("name", "text", "line", "words"),
    [
        ("train.tsv", "text\tlabel\nfine\t1\ndull\t\n", 3, "without a label"),
        ("train.tsv", "text\tlabel\nfine\t1\n \t0\n", 3, "empty text"),
        ("train.csv", 'text,label\n"a\nb",1\nc\n', 4, "1 field where the header has 2"),
        ("train.jsonl", '{"text": "a", "label": "x"}\n{"text": "b"}\n', 2, "without a label"),
        ("train.jsonl", '{"text": "a", "label": {"x": 1}}\n', 1, "label is not a name"),
        ("train.tsv", "text\tlabel\nfine\t1\n\u200b\t0\n", 3, "empty text"),
        ("train.tsv", "text\tlabel\nfine\t1\na\t\nb\t\n\tx\n", 3, "2 of 4 rows without a label.*1 with an empty text"),
        ("train.jsonl", '{"text": ["a"], "label": "x"}\n', 1, "text is not a string"),
        ("train.jsonl", '{"text": "\\ud800", "label": "x"}\n', 1, "surrogate"),
        ("train.txt", "one text\nanother text\n", 1, "no fields"),
    ],
)
@pytest.mark.parametrize("split", ["train", "valid", "test"])
def test_a_row_that_is_not_as_it_should_be(
    tmp_path: Path, task: TextClassification, name: str, text: str, line: int, words: str, split
) -> None:
    path = write(tmp_path / name, text)
    with pytest.raises(UserError, match=words) as caught:
        list(task.read(path, split))
    assert (str(caught.value.where), caught.value.line) == (str(path), line)
    message = str(caught.value)
    assert "rows look like" in message
    assert all(example["text"] in message for example in task.examples)
    assert "\n" not in message


def test_missing_data_is_refused(tmp_path: Path, task: TextClassification) -> None:
    with pytest.raises(UserError, match="no such file or folder"):
        task.read(tmp_path / "absent", "train")


def test_the_columns_of_training_are_used_later_and_after_restore(
    tmp_path: Path, task: TextClassification, tokenizer: Tokenizer
) -> None:
    rows = "".join(f"I said {n} words here,{'sad' if n % 2 else 'glad'},why {n}\n" for n in range(12))
    train = list(task.read(write(tmp_path / "train.csv", "remark,mood,text\n" + rows), "train"))
    assert train[0].inputs["text"] == "why 0"
    own = TextClassificationSettings(text="remark")
    chosen = TextClassification(TaskContext(tokenizer, CONTEXT, 0, Silent()), own)
    assert next(chosen.read(tmp_path / "train.csv", "train")).inputs["text"] == "I said 0 words here"
    task.fit(train)
    later = TextClassification(TaskContext(tokenizer, CONTEXT, 0, Silent()), TextClassificationSettings())
    later.restore(json.loads(json.dumps(task.state())))
    assert later.labels == task.labels
    assert later.state() == task.state()
    found = list(later.read(write(tmp_path / "new.jsonl", '{"review": "r", "text": "t"}\n'), "predict"))
    assert found == [Row({"text": "t"}, None, f"{tmp_path}/new.jsonl:1")]


def test_plain_lines_are_one_row_each_also_empty_ones(task: TextClassification, said: Said) -> None:
    rows = list(task.read_lines(["\ufeff\n", "a\tb\r\n", "  \n", "last"], "<stdin>"))
    assert [row.inputs["text"] for row in rows] == ["", "a\tb", "  ", "last"]
    assert [row.where for row in rows] == [f"<stdin>:{n}" for n in (1, 2, 3, 4)]
    assert said.lines == ["<stdin>: plain text, one text a line"]
    assert list(task.read_lines([], "<stdin>")) == []


def test_json_lines_stream(task: TextClassification, said: Said) -> None:
    rows = list(
        task.read_lines(['{"text": "a", "id": 1}\n', '{"text": null}\n', '{"text": "c", "label": 1}'], "<stdin>")
    )
    assert [row.inputs["text"] for row in rows] == ["a", "", "c"]
    assert rows[0].inputs["id"] == 1
    assert said.lines == ["<stdin>: JSON Lines; text in `text`, no labels; `id` comes back with predictions"]
    with pytest.raises(UserError, match=r"<stdin>:2: not valid JSON.*rows look like `\{"):
        list(task.read_lines(['{"text": "a"}\n', "plain\n"], "<stdin>"))


def test_lines_are_read_as_they_come(task: TextClassification) -> None:
    taken = []

    def lines():
        for text in ('{"text": "a"}', '{"text": "b"}', '{"text": "c"}'):
            taken.append(text)
            yield text

    rows = task.read_lines(lines(), "<stdin>")
    next(rows)
    assert len(taken) < 3


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("new.txt", "one\n\ntwo, three\n", ["one", "", "two, three"]),
        ("new.txt", "text\tid\nfine\t1\n", ["fine"]),
        ("new.txt", '{"text": "a"}\n', ["a"]),
        ("new", "one\ttwo\n", ["one\ttwo"]),
        ("new.csv", 'review\nfine\n"dull, very"\n', ["fine", "dull, very"]),
        ("new.tsv", "sentence\tlabel\nfine\t\n\tx\n", ["fine", ""]),
    ],
)
def test_files_to_predict(tmp_path: Path, task: TextClassification, name: str, text: str, expected: list[str]) -> None:
    assert [row.inputs["text"] for row in task.read(write(tmp_path / name, text), "predict")] == expected


def test_labels_are_checked_before_training(task: TextClassification) -> None:
    with pytest.raises(UserError, match=r"train.tsv: all 2 training rows have one label.*rows look like"):
        fitted(task, "aa")
    with pytest.raises(UserError, match=r"dev.tsv:7: label `c` is not among.*rows look like"):
        fitted(task).check([Row({"text": "t"}, "c", "dev.tsv:7")])


def test_doubts_about_labels_are_warnings_and_change_nothing(task: TextClassification, said: Said) -> None:
    task.fit([Row({"text": f"t{n}"}, label, f"train.tsv:{n}") for n, label in enumerate("aabbB", start=2)])
    assert task.labels.names == ("a", "B", "b")
    assert [line.split(",")[0] for line in said.warned] == [
        "labels `b` (2 rows) and `B` (1 row) differ only in case or white space",
        "1 label has a single training row",
    ]


def test_scores_are_no_classes(task: TextClassification) -> None:
    with pytest.raises(
        UserError, match=r"20 different labels in 20 .* numbers, not classes.*regression.*rows look like"
    ):
        task.fit([Row({"text": "t"}, f"{n * 0.037:.3f}", f"train.tsv:{n}") for n in range(20)])


@pytest.mark.parametrize("labels", ["ab", "aba", "abb", "aabb"])
def test_too_few_rows_to_hold_any_out(task: TextClassification, labels: str) -> None:
    rows = [Row({"text": f"t{n}"}, label, f"train.tsv:{n}") for n, label in enumerate(labels, start=2)]

    def hold_out_twice() -> None:
        kept, _ = task.hold_out(rows, 0.1, 1, Silent())
        task.hold_out(kept, 0.1, 1, Silent())

    with pytest.raises(UserError, match=f"^train.tsv: {len(rows)} rows are too few to hold out validation and test"):
        hold_out_twice()


@pytest.mark.parametrize(
    ("label", "words"), [("0.{}37", "these are numbers, not classes"), ("id{}", "is this the column")]
)
def test_rows_of_which_each_has_a_label_of_its_own(task: TextClassification, label: str, words: str) -> None:
    rows = [Row({"text": f"t{n}"}, label.format(n), f"train.tsv:{n}") for n in range(40)]
    with pytest.raises(UserError, match=f"40 different labels in 40 .*{words}.*rows look like"):
        task.hold_out(rows, 0.1, 1, Silent())


@pytest.mark.parametrize("seed", range(5))
def test_each_label_of_rows_held_out_is_learned(task: TextClassification, said: Said, seed: int) -> None:
    targets = [("a",), ("a", "b"), ("b",), ("c", "a"), ("d", "b"), ("e",), ("a", "e"), ("b", "e")]
    rows = [Row({"text": f"t{n}"}, target, f"train.tsv:{n}") for n, target in enumerate(targets, start=2)]
    kept, out = task.hold_out(rows, 0.5, seed, said)
    assert sorted([*kept, *out], key=lambda row: row.inputs["text"]) == rows
    assert kept == [row for row in rows if row in kept]
    assert out
    assert {name for row in out for name in row.target} <= {name for row in kept for name in row.target}


def test_an_id_is_no_text(task: TextClassification) -> None:
    row = Row({"text": "one", "text_pair": "two", "id": "three"}, "a", "t:1")
    assert list(task.texts(row)) == ["one", "two"]
    plain = fitted(task).encode(Row({"text": "one", "text_pair": "two"}))
    assert [list(window.ids) for window in task.encode(row)] == [list(window.ids) for window in plain]


def test_too_many_labels_are_taken_for_a_mistake(tokenizer: Tokenizer) -> None:
    task = TextClassification(TaskContext(tokenizer, CONTEXT, 0, Silent()), TextClassificationSettings(max_classes=2))
    with pytest.raises(UserError, match="3 different labels in 4 rows"):
        fitted(task, "abca")


def test_a_long_text_becomes_windows_and_none_is_cut(task: TextClassification, tokenizer: Tokenizer) -> None:
    text = "the play was bad and the film was good " * 9
    windows = fitted(task).encode(Row({"text": text}, "b"))
    ids = tokenizer.encode(text)
    covered = {window.start + place: token for window in windows for place, token in enumerate(window.ids[1:-1])}
    assert [covered[place] for place in range(len(ids))] == ids
    assert {window.target for window in windows} == {1}
    assert sum(window.weight for window in windows) == pytest.approx(1)


def test_an_empty_text_is_one_window(task: TextClassification, tokenizer: Tokenizer) -> None:
    (window,) = fitted(task).encode(Row({"text": ""}))
    assert (list(window.ids), window.target) == ([tokenizer.bos_id, tokenizer.eos_id], None)


def test_loss_is_the_weighted_mean_over_windows(task: TextClassification) -> None:
    fitted(task)
    head = task.make_head(8)
    torch.nn.init.normal_(head.pooled.classify.weight)
    windows = [Window([1, 5, 2], 0, 1.0), Window([1, 5, 6, 2], 1, 0.5), Window([1, 2], 1, 0.5)]
    made, hidden_BTD = batch(windows)
    head.eval()
    loss = task.loss(Given(head, hidden_BTD), made)
    outputs = task.outputs(Given(head, hidden_BTD), made)
    each = [
        -output.sum(0).log_softmax(0)[window.target].item() for output, window in zip(outputs, windows, strict=True)
    ]
    assert loss.item() == pytest.approx((each[0] + (each[1] + each[2]) / 2) / 2)
    loss.backward()


def test_balanced_classes_weigh_the_same_in_the_loss(tokenizer: Tokenizer) -> None:
    settings = TextClassificationSettings(class_weights="balanced")
    task = fitted(TextClassification(TaskContext(tokenizer, CONTEXT, 0, Silent()), settings), "aaab")
    head = task.make_head(8)
    head.pooled.classify.bias.data = torch.tensor([1.0, -1.0])
    made, hidden_BTD = batch([Window([1, 2], 0)] * 3 + [Window([1, 2], 1)])
    probability = torch.tensor([1.0, -1.0]).log_softmax(0)
    assert task.loss(Given(head, hidden_BTD), made).item() == pytest.approx(-probability.mean().item())


def test_a_rare_class_weighs_as_much_in_a_batch_of_its_own(tokenizer: Tokenizer) -> None:
    settings = TextClassificationSettings(class_weights="balanced")
    task = fitted(TextClassification(TaskContext(tokenizer, CONTEXT, 0, Silent()), settings), "aaab")
    head = task.make_head(8)
    halves = torch.tensor([0.0, 0.0]).log_softmax(0)
    for label, weight in ((0, 2 / 3), (1, 2.0)):
        made, hidden_BTD = batch([Window([1, 2], label, 0.25)])
        assert task.loss(Given(head, hidden_BTD), made).item() == pytest.approx(-weight * halves[label].item())


def test_a_prediction_comes_from_the_mean_logits_weighted_by_length(task: TextClassification) -> None:
    windows = [Window([1] * 9), Window([1] * 3)]
    prediction = fitted(task).decode(
        Row({}), windows, [torch.tensor([[0.0, 1.0], [0.0, 1.0]]), torch.tensor([[4.0, 0.0], [0.0, 0.0]])]
    )
    expected = torch.tensor([1.0, 1.5]).softmax(0)
    assert prediction["label"] == "b"
    assert prediction["probabilities"] == pytest.approx({"a": expected[0].item(), "b": expected[1].item()})
    assert json.loads(json.dumps(prediction)) == prediction


def test_metrics_and_baseline_have_the_same_names(task: TextClassification) -> None:
    rows = [Row({"text": "t"}, label) for label in "abb"]
    task.fit(rows)
    metrics = task.make_metrics()
    metrics.update(rows, [{"label": "b", "probabilities": {"a": 0.2, "b": 0.8}}] * 3)
    assert metrics.compute().keys() == task.baseline(rows, rows).keys()
    assert task.baseline(rows, rows)["accuracy"] == pytest.approx(2 / 3)
    assert task.monitor in metrics.compute()
