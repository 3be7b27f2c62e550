"""Predictions, scores and the simplest guess."""

from __future__ import annotations

import itertools

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nlpsuite_ner
from nlpsuite.api import Row, Scheme, Span, TaskContext
from nlpsuite.backbone.config import BackboneConfig
from nlpsuite.backbone.model import Backbone
from nlpsuite.inference.predictor import predict_rows
from nlpsuite.report import Silent
from nlpsuite.text.train_tokenizer import train_tokenizer
from nlpsuite_ner.metrics import EntityMetrics

TEXT = st.text(st.sampled_from("aBc dé\u0301.中国 אב🙂👩\u200d🏽\ufe0f\n\u3000"), max_size=60) | st.text(max_size=40)
TARGET = [{"label": "PER", "start_word": 0, "end_word": 1}, {"label": "LOC", "start_word": 2, "end_word": 3}]
TRAIN = [Row({"tokens": ["Ana", "left", "Rome", "."]}, TARGET, "f:1")]


class Model:
    """A fitted task with weights that are drawn, not trained."""

    def __init__(self) -> None:
        (spec,) = nlpsuite_ner.nlpsuite_tasks()
        self.tokenizer = train_tokenizer(["Ana left Rome by train"], vocab_size=280, report=Silent())
        self.task = spec.build(TaskContext(self.tokenizer, 32, 1, Silent()), spec.config(buckets=997))
        self.task._scheme = Scheme("IOB1")
        self.task.fit(TRAIN)
        shape = {"context": 32, "d_model": 16, "n_layers": 1, "n_heads": 2, "n_kv_heads": 1, "head_dim": 8, "d_ff": 16}
        self.backbone = Backbone(BackboneConfig(vocab_size=self.tokenizer.vocab_size, **shape))
        self.backbone.initialise(0)
        with torch.random.fork_rng():
            torch.manual_seed(3)
            self.head = self.task.make_head(16)
            with torch.no_grad():
                for weight in self.head.parameters():
                    weight += 0.3 * torch.randn(weight.shape)

    def predict(self, *inputs, **options):
        rows = [Row(each) for each in inputs]
        told = predict_rows(self.task, self.head, self.backbone, rows, self.tokenizer.pad_id, **options)
        return [prediction for _, prediction in told]


@pytest.fixture(scope="module")
def model() -> Model:
    return Model()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TEXT)
def test_entities_of_a_text_are_exact_spans_of_it_in_order(model, text):
    (prediction,) = model.predict({"text": text})
    place = 0
    for each in prediction["entities"]:
        assert place <= each["start"] < each["end"] <= len(text)
        assert text[each["start"] : each["end"]] == each["text"]
        assert each["text"] == each["text"].strip()
        assert 0 <= each["confidence"] <= 1
        assert each["label"] in ("LOC", "PER")
        place = each["end"]


@pytest.mark.parametrize("count", [1, 2, 30, 400])
def test_every_word_gets_one_tag_however_long_the_sentence(model, count):
    words = list(itertools.islice(itertools.cycle(["Ana", "Rome", "王", "🙂", "e\u0301", "x" * 90, "."]), count))
    (prediction,) = model.predict({"tokens": words})
    assert len(prediction["tags"]) == count
    spans = [Span(each["start_word"], each["end_word"], each["label"]) for each in prediction["entities"]]
    scheme = Scheme("IOB1")
    assert scheme.spans(prediction["tags"]) == spans
    assert scheme.invalid(prediction["tags"]) == []
    assert count < 30 or spans


def test_a_word_far_inside_a_long_sentence_is_seen_with_its_neighbours(model):
    words = ["a", "b", "c", "Ana", "Rome", "x", "y"] * 20
    row = Row({"tokens": words})
    windows = model.task.encode(row)
    assert len(windows) > 3
    assert {word for w in windows for word in range(w.features.first, w.features.first + w.features.n_words)} == set(
        range(len(words))
    )
    assert all(len(window.ids) <= 32 for window in windows)


def test_predictions_do_not_depend_on_what_is_beside_them(model):
    inputs = [{"text": "Ana left Rome."}, {"tokens": ["Rome"] * 50}, {"text": ""}, {"text": "王小明 left 中国 " * 9}]
    together = model.predict(*inputs)
    alone = [model.predict(each)[0] for each in inputs]
    for one, other in zip(together, alone, strict=True):
        assert one.get("tags") == other.get("tags")
        assert [(e["text"], e["label"]) for e in one["entities"]] == [
            (e["text"], e["label"]) for e in other["entities"]
        ]
        for a, b in zip(one["entities"], other["entities"], strict=True):
            assert a["confidence"] == pytest.approx(b["confidence"], abs=1e-4)


def rows_of(*sentences: str) -> list[Row]:
    rows = []
    for tags in sentences:
        spans = Scheme("BIOES").spans(tags.split())
        target = [{"label": label, "start_word": start, "end_word": end} for start, end, label in spans]
        rows.append(Row({"tokens": ["w"] * len(tags.split())}, target))
    return rows


def test_scores_are_those_of_a_strict_count_by_hand():
    rows = rows_of("B-PER E-PER O S-LOC", "S-ORG O O", "O O", "B-LOC I-LOC E-LOC O")
    said = rows_of("B-PER E-PER O S-PER", "S-ORG S-ORG O", "S-LOC O", "B-LOC E-LOC O O")
    metrics = EntityMetrics(("LOC", "ORG", "PER"), lambda row: [(n, n + 1) for n in range(len(row.inputs["tokens"]))])
    metrics.update(rows, [{"entities": row.target} for row in said])
    # True: PER, LOC, ORG, LOC. Said: PER, PER, ORG, ORG, LOC, LOC. Right in label and both ends: PER 0-2 and ORG.
    assert metrics.compute() == pytest.approx(
        {"entity_precision": 2 / 6, "entity_recall": 2 / 4, "entity_f1": 0.4, "accuracy": 9 / 13}
    )
    (table,) = metrics.tables()
    assert [list(row) for row in table.rows] == [
        ["LOC", 0.0, 0.0, 0.0, 2.0],
        ["ORG", 0.5, 1.0, pytest.approx(2 / 3), 1.0],
        ["PER", 0.5, 1.0, pytest.approx(2 / 3), 1.0],
    ]


def test_scores_of_nothing_are_zero_and_not_an_error():
    metrics = EntityMetrics(("LOC",), lambda row: [(0, 1)])
    metrics.update(rows_of("O"), [{"entities": []}])
    assert metrics.compute() == {"entity_precision": 0.0, "entity_recall": 0.0, "entity_f1": 0.0, "accuracy": 1.0}
    (row,) = metrics.tables()[0].rows
    assert row == ["LOC", None, None, None, 0]
    assert isinstance(row[-1], int)


def test_the_simplest_guess_knows_training_words(model):
    rows = [
        Row({"tokens": ["Ana", "saw", "Rome"]}, TARGET),
        Row(
            {"text": "Bo left Rome."}, [{"label": "PER", "start": 0, "end": 2}, {"label": "LOC", "start": 8, "end": 12}]
        ),
    ]
    scores = model.task.baseline(TRAIN, rows)
    assert scores["entity_precision"] == 1.0
    assert scores["entity_recall"] == 0.75
    assert scores["accuracy"] == pytest.approx(6 / 7)


def test_state_comes_back(model):
    (spec,) = nlpsuite_ner.nlpsuite_tasks()
    again = spec.build(model.task.context, model.task.settings)
    again.restore(model.task.state())
    assert again.state() == model.task.state()
    assert again.labels == ("LOC", "PER")
