from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest
import torch

import nlpsuite_generation
from nlpsuite.api import Network, Row, TextRow, UserError, find_splits
from nlpsuite.host.manager import PluginHost
from nlpsuite.inference.artifact import load_task_model, save_task_model
from nlpsuite.inference.evaluate_text import evaluate_text
from nlpsuite.inference.predictor import predict_rows
from nlpsuite.inference.read_text import Piece
from nlpsuite.report import Silent
from nlpsuite.tasks.batches import collate
from nlpsuite.training.finetuning.prepare import prepare
from nlpsuite.training.finetuning.rows import read_rows
from nlpsuite.training.finetuning.settings import FinetuneSettings
from nlpsuite_generation.metrics import byte_entropy

PACKAGE = Path(nlpsuite_generation.__file__).parent
TEXTS = (
    "The cat sat on the mat. " * 9,
    "Why not?",
    "今天 天气 很 好。🙂 " * 6,
    "A warm day, and nothing to do at all.\n" * 4,
)
PAIRS = [
    Row({"prompt": "Who sat?"}, "The cat did.", "f:1"),
    Row({"prompt": "Where did the cat sit? " * 4}, "On the mat, where it looked at the rain. " * 3, "f:2"),
    Row({"prompt": "今天天气?"}, "很好。", "f:3"),
]


def text_rows():
    return [TextRow({"text": text}, None, f"f:{at}", at) for at, text in enumerate(TEXTS)]


def predict(task, backbone, rows, **options):
    predicted = predict_rows(task, torch.nn.Identity(), backbone, rows, task.context.tokenizer.pad_id, **options)
    return [prediction for _, prediction in predicted]


def scores(task, rows, predictions):
    metrics = task.make_metrics()
    metrics.update(rows, predictions)
    return metrics.compute()


@pytest.mark.parametrize("overlap", [0.0, 0.5, 0.8])
def test_text_is_scored_as_evaluate_scores_it(make_task, backbone, tokenizer, overlap):
    task, rows = make_task(overlap=overlap), text_rows()
    task.fit(rows)
    pieces = [Piece(text, True, True) for text in TEXTS]
    expected = evaluate_text(backbone, tokenizer, pieces, overlap=overlap, batch_tokens=100)
    predictions = predict(task, backbone, rows, batch_tokens=100)
    found = scores(task, rows, predictions)
    assert found["bits_per_byte"] == pytest.approx(expected.bits_per_byte, rel=1e-5)
    assert found["perplexity"] == pytest.approx(expected.perplexity, rel=1e-4)
    assert sum(each["bytes"] for each in predictions) == expected.bytes
    assert sum(each["tokens"] for each in predictions) == expected.tokens


def test_every_byte_of_text_in_pieces_counts_once(make_task, backbone, tokenizer):
    task = make_task()
    whole = TEXTS[0]
    rows = [TextRow({"text": whole[:100]}, None, "f:1", 0, False), TextRow({"text": whole[100:]}, None, "f:1", 0, True)]
    task.fit(rows)
    predictions = predict(task, backbone, rows)
    assert [each["bytes"] for each in predictions] == [100, len(whole) - 100]
    ends = [window.target[-1] == tokenizer.eos_id for row in rows for window in task.encode(row)[-1:]]
    assert ends == [False, True]
    for row in rows:
        targets = np.concatenate([window.target for window in task.encode(row)])
        assert int(tokenizer.byte_lengths[targets].sum()) == len(row.inputs["text"])


def test_the_loss_is_that_of_completions_alone(make_task, backbone, tokenizer):
    task = make_task(context=200)
    task.fit(PAIRS)
    windows = [window for row in PAIRS for window in task.encode(row)]
    assert len(windows) == 3
    total, count = 0.0, 0
    for row, window in zip(PAIRS, windows, strict=True):
        completion = [*tokenizer.encode(row.target), tokenizer.eos_id]
        assert window.target.tolist() == completion
        prompt = [tokenizer.bos_id, *tokenizer.encode(row.inputs["prompt"]), *tokenizer.encode("\n")]
        assert window.ids.tolist() == (prompt + completion)[:-1]
    task = make_task()
    task.fit(PAIRS)
    windows = [window for row in PAIRS for window in task.encode(row)]
    assert [len(window.ids) <= 32 for window in windows] == [True] * len(windows)
    for window in windows:
        hidden = backbone(torch.tensor(window.ids[None].astype(np.int64)))[0, -len(window.target) :]
        target = torch.tensor(window.target.astype(np.int64))
        total += torch.nn.functional.cross_entropy(backbone.logits(hidden), target, reduction="sum").item()
        count += len(target)
    assert count == sum(len(tokenizer.encode(row.target)) + 1 for row in PAIRS)
    loss = task.loss(Network(backbone, torch.nn.Identity(), "causal"), collate(windows, 3))
    assert loss.item() == pytest.approx(total / count, rel=1e-5)
    found = scores(task, PAIRS, predict(task, backbone, PAIRS))
    size = sum(len(row.target.encode()) for row in PAIRS)
    assert found["bits_per_byte"] == pytest.approx(total / math.log(2) / size, rel=1e-5)
    assert {"rouge_1", "rouge_2", "rouge_l", "distinct_1", "repetition"} <= set(found)


def test_rows_longer_than_the_context_are_counted_in_a_warning(make_task, spy):
    task = make_task()
    task.fit(PAIRS)
    assert spy.warned == [
        "1 of 3 rows are longer than the context of 32 tokens: of their prompts the end counts, completions are whole "
        "(first: f:2)"
    ]
    task.check(PAIRS[:1])
    assert len(spy.warned) == 1


def test_predictions_do_not_depend_on_batch_neighbours_or_order(make_task, backbone):
    for rows, settings in ((PAIRS, {"temperature": 1.0}), (text_rows(), {"samples": 3})):
        task = make_task(**settings)
        task.fit(rows)
        task.check(rows)
        expected = predict(task, backbone, rows)
        for other in (
            predict(task, backbone, rows[::-1])[::-1],
            predict(task, backbone, rows, batch_tokens=1, pool=1),
            [predict(task, backbone, [row])[0] for row in rows],
        ):
            for one, two in zip(expected, other, strict=True):
                assert one.get("completion") == two.get("completion")
                assert one["nats"] == pytest.approx(two["nats"], rel=1e-6)


def test_samples_are_chosen_by_the_texts_and_brief_runs_have_none(make_task, backbone):
    rows = text_rows()
    task = make_task(samples=2)
    task.fit(rows)
    task.check(rows)
    predictions = predict(task, backbone, rows)
    chosen = [at for at, each in enumerate(predictions) if "completion" in each]
    assert len(chosen) == 2
    assert all(TEXTS[at].startswith(predictions[at]["prompt"]) for at in chosen)
    other = make_task(samples=2)
    other.fit(rows)
    other.check(rows[::-1])
    assert [at for at, each in enumerate(predict(other, backbone, rows)) if "completion" in each] == chosen
    brief = predict(task, backbone, rows, brief=True)
    assert not any("completion" in each for each in brief)
    assert scores(task, rows, brief)["bits_per_byte"] == scores(task, rows, predictions)["bits_per_byte"]
    assert set(scores(task, rows, brief)) == {"bits_per_byte", "perplexity"}


@pytest.mark.parametrize("kind", ["text", "pairs"])
def test_saved_and_loaded_it_draws_the_same(make_task, backbone, tokenizer, tmp_path, kind):
    rows = text_rows() if kind == "text" else PAIRS
    task = make_task(seed=9, temperature=1.0, samples=9)
    task.fit(rows)
    task.check(rows)
    expected = predict(task, backbone, rows)
    prompts = [Row({"prompt": "The cat"}), Row({"prompt": ""})]
    asked = predict(task, backbone, prompts)
    assert all(set(each) == {"completion", "ended"} for each in asked)
    save_task_model(
        tmp_path, name="generation", settings=task.settings, task=task, head=task.make_head(16), backbone=backbone,
        tokenizer=tokenizer,
    )  # fmt: skip
    loaded = load_task_model(tmp_path, PluginHost.installed(Silent()))
    loaded.task.check(rows)
    assert predict(loaded.task, loaded.backbone, rows) == expected
    assert predict(loaded.task, loaded.backbone, prompts) == asked


def test_a_whole_run_of_rows_from_one_text(make_task, tmp_path, spy):
    text = "".join(f"Line {at} of a text, which is about nothing at all.\n" for at in range(400))
    (tmp_path / "book.txt").write_text(text, encoding="utf-8")
    task = make_task(documents="file", row_characters=1000)
    rows = read_rows(task, tmp_path / "book.txt", limit=None, valid_share=0.1, seed=1, report=spy)
    parts = ["".join(row.inputs["text"] for row in part) for part in (rows.train, rows.valid, rows.test)]
    assert "".join(parts) == text
    assert rows.test_labelled
    (tmp_path / "test.txt").write_text("Of its own.\n", encoding="utf-8")
    (tmp_path / "book.txt").rename(tmp_path / "train.txt")
    rows = read_rows(make_task(documents="file"), tmp_path, limit=None, valid_share=0.1, seed=1, report=spy)
    assert [row.inputs["text"].strip() for row in rows.test] == ["Of its own."]
    assert rows.test_labelled


def test_prompts_to_test_on_may_lack_completions(make_task, tmp_path, spy):
    (tmp_path / "train.tsv").write_text("".join(f"question {at}?\tanswer {at}\n" for at in range(30)), encoding="utf-8")
    (tmp_path / "test.jsonl").write_text('{"prompt": "question 1?"}\n', encoding="utf-8")
    rows = read_rows(make_task(), tmp_path, limit=None, valid_share=0.1, seed=1, report=spy)
    assert not rows.test_labelled
    assert (len(rows.train), len(rows.valid)) == (27, 3)


def test_too_little_text_to_learn_from_is_an_error(make_task):
    with pytest.raises(UserError, match="f: 17 bytes of text to train on are too little") as error:
        make_task().fit([TextRow({"text": "A text, not more."}, None, "f:1")])
    assert error.value.fix == "give some kilobytes at least"


def test_no_rows_are_an_error(make_task):
    with pytest.raises(UserError, match="no rows"):
        make_task().fit([])


def test_the_guess_by_bytes():
    assert byte_entropy([], ["anything"]) == pytest.approx(8)
    assert byte_entropy(["ab" * 100_000], ["abab"]) == pytest.approx(1, abs=0.02)


def test_the_demo_rows_are_different_and_whole(make_task):
    splits = find_splits(PACKAGE / "demo")
    rows = {name: list(make_task().read(getattr(splits, name), name)) for name in ("train", "valid", "test")}
    assert [len(part) for part in rows.values()] == [148, 30, 40]
    everything = [row for part in rows.values() for row in part]
    assert len({row.inputs["prompt"] for row in everything}) == len({row.target for row in everything}) == 218


def test_rows_as_the_readme_shows_them_are_read(make_task, tmp_path):
    readme = (PACKAGE.parent / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^\*\*([^*]+)\*\*.*?^```\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)
    suffixes = {"Plain text": "txt", "TSV": "tsv", "CSV": "csv"}
    assert len(blocks) == 7
    for number, (kind, text) in enumerate(blocks):
        path = tmp_path / f"{number}.{suffixes.get(kind.rstrip('.'), 'jsonl')}"
        path.write_text(text, encoding="utf-8")
        rows = list(make_task().read(path, "train"))
        assert len(rows) == 2, kind
        assert all(isinstance(row, TextRow) or len(row.target) > 10 for row in rows)


def test_there_is_no_head_to_train_alone(tmp_path):
    (spec,) = nlpsuite_generation.nlpsuite_tasks()
    settings = FinetuneSettings(tune="head")
    with pytest.raises(UserError, match="nothing to train"):
        prepare(spec, spec.config(), settings, tmp_path, Silent())
