from __future__ import annotations

from pathlib import Path

import pytest
import torch

import nlpsuite_translation
from nlpsuite.api import Row, Task, TaskContext, UserError
from nlpsuite.backbone.checkpoint import save_backbone
from nlpsuite.backbone.config import BackboneConfig
from nlpsuite.backbone.model import Backbone
from nlpsuite.cli.app import main
from nlpsuite.inference.predictor import predict_rows
from nlpsuite.report import Silent
from nlpsuite.text.train_tokenizer import train_tokenizer
from nlpsuite.training.finetuning.byte_tokens import warn_of_bytes

DEMO = Path(nlpsuite_translation.__file__).parent / "demo"
CONTEXT = 48


class Log(Silent):
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    warn = say


def lines(name: str) -> list[str]:
    return (DEMO / name).read_text(encoding="utf-8").splitlines()


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(lines("train.en") + lines("train.de"), vocab_size=400, report=Silent())


@pytest.fixture(scope="module")
def backbone(tokenizer):
    shape = {"d_model": 16, "n_layers": 2, "n_heads": 2, "n_kv_heads": 1, "head_dim": 8, "d_ff": 24}
    made = Backbone(BackboneConfig(vocab_size=tokenizer.vocab_size, context=CONTEXT, **shape))
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator) * 0.3
            parameter.copy_(1 + noise if "norm" in name else noise)
    return made.eval()


def make_task(tokenizer, report=None, **settings) -> Task:
    (spec,) = nlpsuite_translation.nlpsuite_tasks()
    return spec.build(TaskContext(tokenizer, CONTEXT, 0, report or Silent()), spec.config(**settings))


def rows_of(*pairs: tuple[str, str | None]) -> list[Row]:
    return [Row({"source": source}, target, f"x:{line}") for line, (source, target) in enumerate(pairs, start=1)]


SHORT = rows_of(("It is late.", "Es ist spät."), ("Come in!", "Komm herein!"))


def predict(task, backbone, tokenizer, rows, **options) -> list[dict]:
    head = task.make_head(16)
    return [prediction for _, prediction in predict_rows(task, head, backbone, rows, tokenizer.pad_id, **options)]


def test_the_demo_is_read_whole(tokenizer):
    task = make_task(tokenizer)
    files = task.splits(DEMO)
    counts = {}
    seen: set[str] = set()
    for split, path in (("train", files.train), ("valid", files.valid), ("test", files.test)):
        rows = list(task.read(path, split))
        counts[split] = len(rows)
        texts = {row.inputs["source"] for row in rows} | {row.target for row in rows}
        assert len(texts) == 2 * len(rows), "no text is there twice"
        assert not texts & seen, "nor in two splits"
        seen |= texts
    assert counts == {"train": 393, "valid": 50, "test": 60}


def test_a_pair_is_one_window_with_the_source_as_prefix(tokenizer):
    task = make_task(tokenizer)
    task.fit(SHORT)
    (window,) = task.encode(Row({"source": " It is late. "}, "Es ist spät.\t"))
    source, target = tokenizer.encode("It is late."), tokenizer.encode("Es ist spät.")
    assert window.ids == [tokenizer.bos_id, *source, tokenizer.sep_id, *target, tokenizer.eos_id]
    assert window.prefix == len(source) + 2
    (window,) = task.encode(Row({"source": "It is late."}))
    assert len(window.ids) == window.prefix


def test_a_source_longer_than_those_learned_is_cut_at_sentences(tokenizer):
    task = make_task(tokenizer)
    task.fit(SHORT)
    source, target = "It is late. Come in! Sit down. ", "Es ist spät. Komm herein! Setz dich."
    windows = task.encode(Row({"source": source}, target))
    read = [tokenizer.decode(window.ids[: window.prefix]) for window in windows]
    assert len(windows) > 1
    assert " ".join(read) == source.strip()
    assert " ".join(tokenizer.decode(window.ids[window.prefix :]) for window in windows) == target
    without = task.encode(Row({"source": source}, None))
    assert [list(window.ids) for window in without] == [list(window.ids[: window.prefix]) for window in windows]


def test_a_source_longer_than_the_context_is_translated_whole(tokenizer, backbone):
    task = make_task(tokenizer, beam=2)
    task.fit(SHORT)
    source = "the old clock and the cold sea and a red tractor, " * 12
    windows = task.encode(Row({"source": source}))
    assert all(len(window.ids) <= CONTEXT // 2 for window in windows)
    assert " ".join(tokenizer.decode(window.ids) for window in windows) == source.strip()
    (prediction,) = predict(task, backbone, tokenizer, [Row({"source": source}, "Eine Antwort.")])
    assert prediction["translation"]
    assert "target_loss" not in prediction


def test_pairs_too_long_to_train_on_are_counted(tokenizer):
    log = Log()
    task = make_task(tokenizer, log)
    long = "ein sehr langer Satz ohne Ende " * 10
    task.fit(rows_of(("It is late.", "Es ist spät."), ("Come in!", long), ("Same", "Same")))
    assert log.said[0].startswith("3 training pairs, sources of up to ")
    assert "1 of 3 training pairs have the same text on both sides" in log.said
    assert log.said[-1].startswith("1 of 3 training pairs are not trained on: longer than the context of 48 tokens")


def test_pairs_none_of_which_fits_are_refused_and_so_are_such_validation_rows(tokenizer, backbone, tmp_path, capsys):
    long = "ein sehr langer Satz ohne Ende " * 10
    pairs = [("It is late.", long), ("Come in!", long)]
    with pytest.raises(UserError, match=r"no training pair fits into the context of 48 tokens"):
        make_task(tokenizer).fit(rows_of(*pairs))
    folder = tmp_path / "backbone"
    save_backbone(folder, backbone, tokenizer, torch.float32, "a card")
    for name, rows in (("train", [("It is late.", "Es ist spät."), ("Come in!", "Komm herein!")]), ("valid", pairs)):
        (tmp_path / f"{name}.tsv").write_text("".join("\t".join(each) + "\n" for each in [("en", "de"), *rows]))
    words = ["run", "translation", "--data", str(tmp_path), "--backbone", str(folder), "--max-steps", "2"]
    assert main([*words, "--out", str(tmp_path / "run")]) == 2
    assert "valid.tsv:2: the validation rows give no perplexity" in capsys.readouterr().err


def test_a_tokenizer_that_does_not_know_the_script_is_warned_of(tokenizer):
    log = Log()
    task = make_task(tokenizer, log)
    warn_of_bytes(task, tokenizer, SHORT, log)
    assert not log.said
    warn_of_bytes(task, tokenizer, rows_of(("It is late.", "现在很晚了。"), ("Come in!", "进来！")), log)
    assert "hardly knows the script of 50 % of the training texts" in log.said[0], "of the targets"


def test_an_id_is_no_text(tokenizer, backbone):
    task = make_task(tokenizer, beam=1)
    task.fit(SHORT)
    row = Row({"id": 7, "source": "Come in!"}, "Komm herein!")
    assert list(task.texts(row)) == ["Come in!", "Komm herein!"]
    plain = Row({"source": "Come in!"}, "Komm herein!")
    assert predict(task, backbone, tokenizer, [row]) == predict(task, backbone, tokenizer, [plain])


def test_too_few_pairs(tokenizer):
    with pytest.raises(UserError, match="fewer than two pairs"):
        make_task(tokenizer).fit(SHORT[:1])


def test_an_empty_source_has_an_empty_translation(tokenizer, backbone):
    task = make_task(tokenizer, beam=1)
    task.fit(SHORT)
    empty, full = predict(task, backbone, tokenizer, rows_of(("  ", None), ("Come in!", None)))
    assert empty == {"translation": "", "score": 0.0, "complete": True}
    assert set(full) == {"translation", "score", "complete"}


def test_predictions_depend_on_their_row_alone(tokenizer, backbone):
    task = make_task(tokenizer, beam=3, max_length_ratio=0.1)
    sources = lines("test.en")[:8]
    rows = rows_of(*((source, None) for source in sources), ("It is late. Come in! Sit down. It is late.", None))
    task.fit(SHORT)
    together = predict(task, backbone, tokenizer, rows)
    for options in ({"batch_tokens": 1}, {"batch_tokens": 70}, {"pool": 2}):
        for one, other in zip(predict(task, backbone, tokenizer, rows, **options), together, strict=True):
            assert one["translation"] == other["translation"]
            assert one["score"] == pytest.approx(other["score"], abs=1e-5)
    labelled = [Row(row.inputs, "Ein Satz, der mit gelesen wird.") for row in rows]
    for one, other in zip(predict(task, backbone, tokenizer, labelled), together, strict=True):
        assert one["translation"] == other["translation"], "a reference changes nothing"


def test_brief_predictions_hold_the_loss_alone(tokenizer, backbone):
    task = make_task(tokenizer)
    task.fit(SHORT)
    brief = predict(task, backbone, tokenizer, SHORT, brief=True)
    full = predict(task, backbone, tokenizer, SHORT)
    assert [set(each) for each in brief] == [{"target_loss", "target_tokens"}] * 2
    assert [each["target_loss"] for each in brief] == pytest.approx([each["target_loss"] for each in full])
    assert brief[0]["target_tokens"] == len(tokenizer.encode("Es ist spät.")) + 1


@pytest.mark.parametrize(
    ("target", "tokenizer_name"),
    [
        ("Es ist spät.", "13a"),
        ("现在很晚了。", "zh"),
        ("もう遅いです。", "char"),
        ("ดึกแล้ว", "char"),
        ("늦었어요.", "13a"),
    ],
)
def test_how_bleu_cuts_the_target_language(tokenizer, target, tokenizer_name):
    task = make_task(tokenizer)
    task.fit(rows_of(("It is late.", target), ("It is late!", target)))
    assert task.state()["bleu_tokenizer"] == tokenizer_name
    restored = make_task(tokenizer)
    restored.restore(task.state())
    assert restored.state() == task.state()


def test_the_baseline_is_copying(tokenizer):
    task = make_task(tokenizer)
    task.fit(SHORT)
    scores = task.baseline(SHORT, rows_of(("Same words here, all of them.", "Same words here, all of them.")))
    assert scores["bleu"] == pytest.approx(100)
    assert "perplexity" not in scores
