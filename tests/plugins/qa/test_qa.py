from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import nlpsuite_qa
from nlpsuite.api import Network, Row, TaskContext, UserError, WindowSpans, find_splits, span_loss
from nlpsuite.backbone.config import BackboneConfig
from nlpsuite.backbone.model import Backbone
from nlpsuite.inference.predictor import predict_rows
from nlpsuite.report import Silent
from nlpsuite.tasks.batches import collate
from nlpsuite.text.train_tokenizer import train_tokenizer
from nlpsuite_qa.windows import head_inputs

from .conftest import CONTEXT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import nn

    from nlpsuite.api import Task, Window

    from .conftest import Notes

PACKAGE = Path(nlpsuite_qa.__file__).parent
WHO = "Who built the mill?"
ROW = Row({"question": WHO, "context": CONTEXT}, (("Anna Berg", 35),))
NONE = Row({"question": "Who burned it?", "context": CONTEXT}, ())
TOKENIZER = train_tokenizer([CONTEXT, WHO], vocab_size=330, report=Silent())


def fresh(context: int = 64, rows: Sequence[Row] = (ROW,), **values: Any) -> Task:
    (spec,) = nlpsuite_qa.nlpsuite_tasks()
    task = spec.build(TaskContext(TOKENIZER, context, 0, Silent()), spec.config(**values))
    task.fit(list(rows))
    return task


def say(window: Window, first: int, last: int, score: float = 1.0) -> WindowSpans:
    """Output that names tokens of the whole context, as places of the window."""
    shift = window.features.context_begin - window.features.context_start
    return WindowSpans([(first + shift, last + shift)], [score], score)


NOTHING = WindowSpans([], [], float("-inf"))


def holding(windows: Sequence[Window], first: int, last: int) -> int:
    """The first window that holds tokens of the whole context."""
    for index, window in enumerate(windows):
        start = window.features.context_start
        if start <= first and last < start + len(window.features.features_TF):
            return index
    raise AssertionError("no window holds the answer")


CHARACTERS = st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("ab  \n.é中文🙂👩\u200d👧\u0301हि🇫🇷"))
TEXTS = st.text(CHARACTERS, min_size=1, max_size=80)


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.data())
def test_every_answer_has_its_tokens_and_every_span_is_a_part_of_the_text(text: str, data: st.DataObject) -> None:
    task = fresh(context=24)
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    answer = text[start:end].strip()
    start += len(text[start:end]) - len(text[start:end].lstrip())
    windows = task.encode(Row({"question": "What?", "context": text}, ((answer, start),) if answer else ()))
    covered = {
        window.features.context_start + place for window in windows for place in range(len(window.features.features_TF))
    }
    spans = windows[0].features.spans
    assert covered == set(range(len(spans.begin_T)))
    fits = not answer or any(window.target for window in windows)
    assert sum(window.weight for window in windows) == pytest.approx(1 if fits else 0)
    edges = head_inputs(collate(windows, TOKENIZER.pad_id)).edges_BT
    for row, window in enumerate(windows):
        assert len(window.ids) <= 24
        assert all(edges[row, first] and edges[row, last] for first, last in window.target)
        for first, last in window.target:
            outputs = [WindowSpans([(first, last)], [5.0], 5.0) if each is window else NOTHING for each in windows]
            said = task.decode(Row({"question": "What?", "context": text}), windows, outputs)
            assert text[said["start"] : said["end"]] == said["answer"] == said["answer"].strip()
            assert said["start"] <= start
            assert said["end"] >= start + len(answer)


def test_the_right_tokens_of_an_answer(make_task: Callable[..., Task]) -> None:
    (window,) = make_task([ROW], length=256).encode(ROW)
    ((first, last),) = window.target
    facts = window.features
    at = facts.context_begin
    assert CONTEXT[facts.spans.begin_T[first - at] : facts.spans.end_T[last - at]] == "Anna Berg"
    (window,) = make_task([ROW, NONE], length=256).encode(NONE)
    assert window.target == ()
    (window,) = make_task([ROW], length=256).encode(Row(ROW.inputs))
    assert window.target is None


def test_windows_with_the_answer_carry_half_of_the_weight() -> None:
    task = fresh(context=24)
    windows = task.encode(ROW)
    assert len(windows) > 2
    having = [window.weight for window in windows if window.target]
    assert having
    assert sum(having) == pytest.approx(0.5)
    assert sum(window.weight for window in windows) == pytest.approx(1)


def test_an_answer_that_fits_into_no_window_teaches_nothing_and_is_told(
    make_task: Callable[..., Task], notes: Notes
) -> None:
    long = Row(ROW.inputs, ((CONTEXT[:-1], 0),))
    task = make_task([long, ROW], length=24, longest_answer=5)
    windows = task.encode(long)
    assert len(windows) > 2
    assert [(window.target, window.weight) for window in windows] == [((), 0.0)] * len(windows)
    assert notes.warned[-1].startswith("1 of 2 training answers have more than 5 tokens")
    scores = torch.randn(2, 24, 24, requires_grad=True)
    loss = span_loss(scores, [window.target for window in windows[:2]], torch.zeros(2))
    loss.backward()
    assert loss.item() == 0.0
    assert not scores.grad.any()


def test_answers_may_be_as_long_as_training_answers_are(make_task: Callable[..., Task], notes: Notes) -> None:
    text = "水" * 60
    row = Row({"question": "什么？", "context": f"{text}。{CONTEXT}"}, ((text, 0),))
    task = make_task([row], length=512)
    length = len(task.context.tokenizer.encode(text))
    assert length > 60
    assert task.state()["longest_answer"] == length
    assert any(f"answers of up to {length} tokens" in line for line in notes.said)
    other = make_task(length=512)
    other.restore(task.state())
    for each in (task, other):
        (window,) = each.encode(row)
        ((first, last),) = window.target
        begin = window.features.context_begin
        found = each.decode(row, [window], [say(window, first - begin, last - begin, 9.0)])
        assert found["answer"] == text
    assert make_task([ROW], length=512).state()["longest_answer"] == 40


def test_the_best_span_of_all_windows_is_the_answer() -> None:
    task = fresh(context=40)
    windows = task.encode(ROW)
    spans = windows[0].features.spans
    wanted = [
        index for index, begin in enumerate(spans.begin_T) if CONTEXT.find("1902") <= begin < CONTEXT.find("1902") + 4
    ]
    right = holding(windows, wanted[0], wanted[-1])
    outputs = [
        say(window, wanted[0], wanted[-1], 3.0)
        if index == right
        else WindowSpans([(window.features.context_begin, window.features.context_begin)], [2.0], 2.0)
        for index, window in enumerate(windows)
    ]
    said = task.decode(ROW, windows, outputs)
    assert said["answer"] == "1902" == CONTEXT[said["start"] : said["end"]]
    assert 0 < said["confidence"] < 1
    assert 0 < said["no_answer_probability"] < 1


def test_a_very_long_context_and_a_very_long_question() -> None:
    task = fresh(context=64)
    long = Row({"question": WHO * 40, "context": " ".join([CONTEXT] * 30)}, (("Anna Berg", 35 + 101 * 20),))
    windows = task.encode(long)
    assert any(window.target for window in windows)
    assert all(len(window.ids) <= 64 for window in windows)
    questions = {window.ids[1] for window in windows}
    assert len(questions) > 1


def test_features_say_which_words_the_question_shares() -> None:
    task = fresh(context=256)
    (window,) = task.encode(ROW)
    facts = window.features
    begin = facts.spans.begin_T
    mill = next(index for index in range(len(begin)) if begin[index] >= CONTEXT.index("mill"))
    assert facts.features_TF[mill, 0] == 255
    berg = next(index for index in range(len(begin)) if begin[index] >= CONTEXT.index("Anna"))
    assert facts.features_TF[berg, 0] == 0


def network(task: Task) -> tuple[Backbone, nn.Module]:
    shape = {"context": 64, "d_model": 16, "n_layers": 1, "n_heads": 2, "n_kv_heads": 1, "head_dim": 8, "d_ff": 16}
    backbone = Backbone(BackboneConfig(vocab_size=TOKENIZER.vocab_size, **shape))
    torch.manual_seed(0)
    head = task.make_head(16)
    with torch.no_grad():
        for weight in [*backbone.parameters(), *head.parameters()]:
            weight.copy_(0.3 * torch.randn_like(weight))
    return backbone.eval(), head.eval()


def test_padding_and_neighbours_change_nothing() -> None:
    task = fresh(width=16)
    backbone, head = network(task)
    long, short = (task.encode(Row({"question": WHO, "context": CONTEXT[:cut]}, ()))[0] for cut in (90, 30))
    with torch.no_grad():
        both = collate([long, short], TOKENIZER.pad_id)
        alone = collate([short], TOKENIZER.pad_id)
        net = Network(backbone, head, "bidirectional")
        together, single = task.outputs(net, both)[1], task.outputs(net, alone)[0]
    assert together.spans == single.spans
    assert together.total == pytest.approx(single.total, abs=1e-4)
    inputs = head_inputs(both)
    assert not (inputs.context_BT & inputs.question_BT).any()
    assert int(inputs.context_BT[1].sum()) == len(short.features.features_TF)


def test_the_head_learns_where_the_answer_is() -> None:
    task = fresh(width=16, dropout=0.0)
    backbone, head = network(task)
    backbone.train(), head.train()
    net = Network(backbone, head, "bidirectional")
    rows = [ROW, Row({"question": "When did it burn down?", "context": CONTEXT}, (("1902", 72),))]
    batch = collate([window for row in rows for window in task.encode(row)], TOKENIZER.pad_id)
    optimizer = torch.optim.Adam([*backbone.parameters(), *head.parameters()], 0.01)
    losses = []
    for _ in range(60):
        loss = task.loss(net, batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]
    said = [prediction["answer"] for _, prediction in predict_rows(task, head, backbone, rows, TOKENIZER.pad_id)]
    assert said == ["Anna Berg", "1902"]


def test_an_empty_context_has_no_answer() -> None:
    task = fresh(width=16)
    backbone, head = network(task)
    rows = [
        Row({"question": question, "context": context}) for question, context in (("", ""), (WHO, " \n "), ("", "a"))
    ]
    said = [prediction for _, prediction in predict_rows(task, head, backbone, rows, TOKENIZER.pad_id)]
    assert [each["answer"] for each in said] == ["", "", "a"]
    assert said[0] | {"no_answer_probability": 1.0} == said[0]
    assert said[0]["start"] is None


def test_white_space_is_no_answer() -> None:
    task = fresh(width=16)
    backbone, head = network(task)
    net = Network(backbone, head, "bidirectional")
    # Tokens of white space alone: in front, between words, at the end; and a window that holds nothing else.
    texts = ["\n\n mill \t\t\n\n built \n \n", " \n\t" * 60 + "x", "\u3000\u3000a\u2028\u2028b\u00a0"]
    rows = [Row({"question": WHO, "context": text}) for text in texts]
    windows = task.encode(rows[0])
    (edges,) = head_inputs(collate(windows, TOKENIZER.pad_id)).edges_BT
    facts = windows[0].features
    count = len(facts.features_TF)
    own = edges[facts.context_begin : facts.context_begin + count]
    assert 0 < int(own.sum()) < count
    assert int(edges.sum()) == int(own.sum())
    inputs = head_inputs(collate(windows, TOKENIZER.pad_id))
    hidden = net.hidden(collate(windows, TOKENIZER.pad_id))
    (scores,) = head(hidden, inputs.features_BTF, inputs.question_BT, inputs.context_BT, inputs.edges_BT)
    assert (scores > -torch.inf).any(1).equal(edges)
    assert (scores > -torch.inf).any(0).equal(edges)
    first, last = edges.nonzero().flatten()[[0, -1]].tolist()
    assert not edges[first:last].all()
    assert scores[first, last] > -torch.inf
    for _, said in predict_rows(task, head, backbone, rows, TOKENIZER.pad_id):
        assert said["answer"]
        assert said["answer"] == said["answer"].strip()
    blank = [task.encode(Row({"question": WHO, "context": text}, ())) for text in (texts[1], "   ")]
    loss = task.loss(net, collate([window for of_row in blank for window in of_row], TOKENIZER.pad_id))
    loss.backward()
    assert torch.isfinite(loss)
    weights = [*backbone.parameters(), *head.parameters()]
    assert all(torch.isfinite(weight.grad).all() for weight in weights if weight.grad is not None)


def test_no_answer_is_said_by_the_calibrated_threshold() -> None:
    task = fresh(rows=[ROW, NONE])
    windows = task.encode(ROW)
    index = holding(windows, 3, 4)
    outputs = [say(window, 3, 4, 0.5) if place == index else NOTHING for place, window in enumerate(windows)]
    said = task.decode(ROW, windows, outputs)
    assert said["answer"]
    unsure = [say(window, 3, 4, -0.5) if place == index else NOTHING for place, window in enumerate(windows)]
    withheld = task.decode(ROW, windows, unsure)
    assert (withheld["answer"], withheld["start"]) == ("", None)
    assert withheld["withheld"] == said["answer"]
    assert withheld["confidence"] == withheld["no_answer_probability"] > 0.5
    right = Row(ROW.inputs, ((said["answer"], said["start"]),))
    assert task.calibrate([right, NONE] * 20, [withheld, withheld | {"no_answer_probability": 0.9}] * 20)
    assert task.decode(ROW, windows, unsure)["answer"] == said["answer"]
    again = fresh()
    again.restore(json.loads(json.dumps(task.state())))
    assert again.decode(ROW, windows, unsure) == task.decode(ROW, windows, unsure)


@pytest.mark.parametrize(("kind", "count"), [(NONE, 19), (ROW, 2), (NONE, 0)])
def test_of_few_questions_of_a_kind_no_threshold_is_chosen(
    notes: Notes, make_task: Callable[..., Task], kind: Row, count: int
) -> None:
    task = make_task([ROW, NONE])
    rows = [kind] * count + [ROW if kind is NONE else NONE] * 30
    said = [{"answer": "x", "no_answer_probability": 0.1}] * len(rows)
    assert not task.calibrate(rows, said)
    assert task.state()["threshold"] == 0.5
    assert "above 0.500" in notes.said[-1]
    assert re.search(rf"\b{count} (validation questions )?have", notes.said[-1])
    assert "too few" in notes.said[-1]


@pytest.mark.parametrize(
    ("answer", "threshold", "words"),
    [("x", 0.0, "no validation question gets an answer"), ("Anna Berg", 1.0, "every question gets an answer")],
)
def test_a_threshold_at_an_end_is_said_in_words(
    notes: Notes, make_task: Callable[..., Task], answer: str, threshold: float, words: str
) -> None:
    task = make_task([ROW, NONE])
    rows = [ROW] * 40 + [NONE] * 30
    assert task.calibrate(rows, [{"answer": answer, "no_answer_probability": 0.4}] * 70)
    assert task.state()["threshold"] == threshold
    assert words in notes.said[-1]


def test_without_unanswerable_rows_there_is_always_an_answer(notes: Notes, make_task: Callable[..., Task]) -> None:
    task = make_task([ROW])
    windows = task.encode(ROW)
    outputs = [say(windows[0], 1, 1, -30.0), *([NOTHING] * (len(windows) - 1))]
    assert task.decode(ROW, windows, outputs)["answer"]
    assert not task.calibrate([ROW], [{"answer": "x", "no_answer_probability": 0.1}])
    task.check([ROW, NONE])
    assert "1 of 2 rows have no answer" in notes.warned[-1]


def test_rows_without_any_answer_cannot_train(make_task: Callable[..., Task]) -> None:
    with pytest.raises(UserError, match="no question has an answer"):
        make_task([NONE])


def test_whole_contexts_are_held_out(make_task: Callable[..., Task], notes: Notes) -> None:
    rows = [Row({"question": f"q{n}", "context": f"c{n // 4}"}, ()) for n in range(40)]
    kept, out = make_task().hold_out(rows, 0.2, 7, notes)
    assert len(out) == 8
    assert sorted([*kept, *out], key=rows.index) == rows
    assert not {row.inputs["context"] for row in kept} & {row.inputs["context"] for row in out}
    kept, out = make_task().hold_out(rows[:4], 0.25, 7, notes)
    assert (len(kept), len(out)) == (3, 1)


def test_the_demo_data_is_read_whole(make_task: Callable[..., Task], notes: Notes) -> None:
    files = find_splits(PACKAGE / "demo")
    task = make_task()
    counts = {}
    contexts: set[str] = set()
    for split in ("train", "valid", "test"):
        path = getattr(files, split)
        rows = list(task.read(path, split))
        counts[split] = len(rows)
        assert all(row.target and row.inputs["question"].endswith("?") for row in rows)
        own = {row.inputs["context"] for row in rows}
        assert not own & contexts
        contexts |= own
        raw = json.loads(path.read_text(encoding="utf-8"))["data"]
        assert sum(len(p["qas"]) for each in raw for p in each["paragraphs"]) == len(rows)
        if split == "train":
            task.fit(rows)
        task.check(rows)
    assert not notes.warned
    assert counts["train"] >= 200
    assert counts["valid"] >= 35
    assert counts["test"] >= 60


def test_the_baseline_finds_names_near_the_words_of_the_question(make_task: Callable[..., Task]) -> None:
    task = make_task([ROW])
    other = Row({"question": "When did it burn down?", "context": CONTEXT}, (("1902", 72),))
    scores = task.baseline([ROW], [ROW, other])
    assert set(scores) == {"exact_match", "f1"}
    assert 0 <= scores["exact_match"] <= scores["f1"] <= 1
    assert task.baseline([ROW, NONE, NONE], [NONE])["NoAns_exact"] == 1.0


def test_test_rows_whose_answers_stand_nowhere_are_refused_and_not_taken_as_unlabelled(tmp_path: Path) -> None:
    path = tmp_path / "test.jsonl"
    rows = [{"question": WHO, "context": CONTEXT, "answer": answer} for answer in ("Bo Lind", "Ada")]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    task = fresh()
    read = list(task.read(path, "predict"))
    assert all(task.encode(row)[0].target is None for row in read)
    with pytest.raises(UserError, match=r"test\.jsonl:1: the answer 'Bo Lind' is not in the context"):
        task.check(read)
