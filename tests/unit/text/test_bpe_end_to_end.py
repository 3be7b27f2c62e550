"""A model of each kind is imported, fine-tuned and used: the whole way on its own tokenizer."""

from __future__ import annotations

import json
import shutil

import pytest

from nlpsuite.backbone.checkpoint import save_backbone
from nlpsuite.cli.app import main
from nlpsuite.text.json_tokenizer import JsonTokenizer
from nlpsuite.training.pretraining.data import make_masking

pytest.importorskip("tokenizers")

ROWS = "text\tlabel\n" + "the good film\ta\na bad film, 北京 e\u0301\tb\n" * 5
WORDS = "Anna B-PER\nwent O\nto O\nRéunion B-LOC\n. O\n\n" * 5


@pytest.fixture
def model(bpe_folder, make_backbone, tmp_path, monkeypatch):
    """A random backbone of this vocabulary, with the files of its tokenizer as shipped."""
    monkeypatch.chdir(tmp_path)
    tokenizer = JsonTokenizer.load(bpe_folder)
    save_backbone(tmp_path / "shipped", make_backbone(vocab_size=tokenizer.vocab_size, context=64), tokenizer)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(bpe_folder / name, tmp_path / "shipped" / name)
    for name in ("train", "valid"):
        for task, rows in (("sentiment.tsv", ROWS), ("ner.conll", WORDS)):
            folder = tmp_path / task.partition(".")[0]
            folder.mkdir(exist_ok=True)
            (folder / f"{name}.{task.partition('.')[2]}").write_text(rows)
    assert main(["import", "shipped", "--out", "model"]) == 0


def predicted(task, text, tmp_path, capsys):
    (tmp_path / "texts.txt").write_text(text + "\n")
    assert main(["run", task, "--data", task, "--backbone", "model", "--max-steps", "2", "--out", "tuned"]) == 0
    capsys.readouterr()
    assert main(["predict", "tuned", "texts.txt"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.usefixtures("model")
def test_sentiment(tmp_path, capsys):
    assert predicted("sentiment", "the good <|im_end|></s> film", tmp_path, capsys)["label"] in ("a", "b")


@pytest.mark.usefixtures("model")
def test_ner_and_text_that_goes_on(tmp_path, capsys):
    text = "Anna went to Re\u0301union <s>."
    for entity in predicted("ner", text, tmp_path, capsys)["entities"]:
        assert text[entity["start"] : entity["end"]] == entity["text"]
    assert main(["generate", "model", "--prompt", "the 北", "--max-new", "5"]) == 0


def test_masking_draws_no_special_token(bpe_folder):
    tokenizer = JsonTokenizer.load(bpe_folder)
    ordinary = make_masking(0.2, 3, tokenizer).ordinary_ids
    assert len(ordinary) > 200
    specials = {tokenizer.bos_id, tokenizer.eos_id, tokenizer.pad_id, tokenizer.mask_id, tokenizer.sep_id}
    assert not specials & set(ordinary.tolist())


@pytest.mark.usefixtures("model")
def test_answers(tmp_path, capsys):
    context = "Re\u0301union <s> is far, 北京 is not."
    asked = {"question": "What is far</s>?", "id": "1", "answers": [{"text": "Re\u0301union", "answer_start": 0}]}
    rows = {"version": "1.1", "data": [{"title": "x", "paragraphs": [{"context": context, "qas": [asked] * 10}]}]}
    (tmp_path / "qa").mkdir()
    for name in ("train", "valid"):
        (tmp_path / "qa" / f"{name}.json").write_text(json.dumps(rows))
    assert main(["run", "qa", "--data", "qa", "--backbone", "model", "--max-steps", "2", "--out", "tuned"]) == 0
    capsys.readouterr()
    (tmp_path / "rows.jsonl").write_text(json.dumps({"context": context, "question": "What is far</s>?"}) + "\n")
    assert main(["predict", "tuned", "rows.jsonl"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert context[found["start"] : found["end"]] == found["answer"] != ""
