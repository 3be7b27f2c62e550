"""`--data hf:...`: data sets of the library `datasets`, in its own formats, through the commands."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from nlpsuite.cli.app import main

datasets = pytest.importorskip("datasets")
datasets.disable_progress_bars()
TEXT, NUMBER = datasets.Value("string"), datasets.Value("int32")
FILMS = {"sentence": TEXT, "label": datasets.ClassLabel(names=["negative", "positive"]), "idx": NUMBER}


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def save(place, features, **splits):
    """Save rows of each split as `DatasetDict.save_to_disk` does."""
    made = {
        split: datasets.Dataset.from_list(rows, features=datasets.Features(features)) for split, rows in splits.items()
    }
    datasets.DatasetDict(made).save_to_disk(place)


def films(count, first=0, label=None):
    words = ("bad", "good")
    return [
        {
            "sentence": f"a {words[each % 2]} film, number {each}",
            "label": each % 2 if label is None else label,
            "idx": each,
        }
        for each in range(first, first + count)
    ]


def tiny(backbone_folder):
    return ["--backbone", str(backbone_folder), "--max-steps", "2", "--set", "validations=1"]


def test_a_run_its_scores_and_its_predictions(backbone_folder, capsys):
    save("sst2", FILMS, train=films(30), validation=films(10, 30), test=films(6, 40, label=-1))
    assert main(["run", "sentiment", "--data", "hf:./sst2", *tiny(backbone_folder), "--out", "run"]) == 0
    told = capsys.readouterr().err
    assert "training `train`, 30 rows; validation `validation`, 10 rows" in told
    assert "not used: `test` (its labels are withheld)" in told
    assert "text in `sentence`, labels in `label`" in told
    assert "negative, positive" in told
    assert main(["evaluate", "run", "--data", "hf:./sst2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["rows"] == 10
    assert main(["predict", "run", "hf:./sst2"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["id"] for line in lines] == list(range(40, 46))
    assert main(["predict", "run", "hf:./sst2", "--splits", "test=train[:3]", "--columns", "text=sentence"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
    # Stopped before its last words, the run goes on by the name that it keeps.
    Path("run/metrics.json").unlink()
    assert main(["run", "--resume", "--out", "run"]) == 0
    assert "as it was read on" in capsys.readouterr().err


def test_a_backbone_is_scored_on_a_data_set(backbone_folder, capsys):
    save("wiki", {"text": TEXT}, test=[{"text": "One line of text."}, {"text": ""}, {"text": "Another one."}])
    assert main(["evaluate", str(backbone_folder), "--data", "hf:./wiki", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["tokens"] > 0


PEOPLE = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
SHAPES = {
    "pairs": (
        "classification",
        {"sentence1": TEXT, "sentence2": TEXT, "label": datasets.ClassLabel(names=["same", "other"]), "idx": NUMBER},
        [
            {"sentence1": f"row {each}", "sentence2": f"line {each}", "label": each % 2, "idx": each} for each in range(24)
        ],
        "text in `sentence1`, its pair in `sentence2`, labels in `label`",
    ),
    "topics": (
        "classification",
        {"text": TEXT, "label": datasets.ClassLabel(names=["World", "Sports"])},
        [{"text": f"news {each}", "label": each % 2} for each in range(24)],
        "text in `text`, labels in `label`",
    ),
    "emotions": (
        "classification",
        {"text": TEXT, "labels": datasets.Sequence(datasets.ClassLabel(names=["joy", "fear"])), "id": TEXT},
        [{"text": f"post {each}", "labels": [[0], [1], [0, 1]][each % 3], "id": str(each)} for each in range(24)],
        "labels in `labels`, any number for a text",
    ),
    "names": (
        "ner",
        {
            "id": TEXT, "tokens": datasets.Sequence(TEXT), "pos_tags": datasets.Sequence(NUMBER),
            "ner_tags": datasets.Sequence(datasets.ClassLabel(names=PEOPLE)),
        },
        [
            {"id": str(each), "tokens": ["Ana", "Berg", "lives", "in", "Rome", str(each)], "pos_tags": [0] * 6,
             "ner_tags": [1, 2, 0, 0, 3, 0]}
            for each in range(24)
        ],
        "words in `tokens`, tags in `ner_tags`; not used: `pos_tags`",
    ),
    "questions": (
        "qa",
        {
            "id": TEXT, "title": TEXT, "context": TEXT, "question": TEXT,
            "answers": datasets.Sequence({"text": TEXT, "answer_start": NUMBER}),
        },
        [
            {"id": str(each), "title": "Mill", "context": f"Mill {each} was built by Anna.", "question": "Who built it?",
             "answers": {"text": ["Anna"], "answer_start": [len(f"Mill {each} was built by ")]}}
            for each in range(24)
        ],
        "questions in `question`, contexts in `context`, answers in `answers`",
    ),
    "languages": (
        "translation",
        {"translation": datasets.Translation(languages=["de", "en"])},
        [{"translation": {"de": f"Zeile {each}", "en": f"line {each}"}} for each in range(24)],
        "`translation.en` -> `translation.de`",
    ),
    "running text": (
        "generation",
        {"text": TEXT},
        [{"text": "" if each % 3 else f" Line {each} of a long text. \n"} for each in range(72)],
        "running text in `text`",
    ),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_usual_shapes_are_read_and_how_is_said(shape, backbone_folder, capsys):
    task, features, rows, told = SHAPES[shape]
    save("rows", features, train=rows)
    words = ["run", task, "--data", "hf:./rows", *tiny(backbone_folder), "--out", "run", "--json"]
    assert main([*words, "--max-steps", "1"]) == 0
    found = capsys.readouterr()
    assert told in found.err
    assert json.loads(found.out)["task"] == task


def test_flags_and_recipes_name_columns_and_splits(backbone_folder, tmp_path, capsys):
    features = {"body": TEXT, "stars": NUMBER}
    rows = [{"body": f"a {('bad', 'good')[each % 2]} film {each}", "stars": each % 2} for each in range(40)]
    save("rows", features, all=rows)
    flags = ["--columns", "text=body,label=stars", "--splits", "train=all[:30]", "--splits", "test=all[30:]"]
    words = ["run", "sentiment", "--data", "hf:./rows", *tiny(backbone_folder)]
    assert main([*words, *flags, "--out", "one"]) == 0
    assert "columns: `body` as `text`, `stars` as `label`" in capsys.readouterr().err
    (tmp_path / "recipe.yaml").write_text(
        "data: hf:./rows\ncolumns: {text: body, label: stars}\nsplits: {train: 'all[:30]', test: 'all[30:]'}\n"
    )
    assert main(["run", "sentiment", "--config", "recipe.yaml", *tiny(backbone_folder), "--out", "two"]) == 0
    saved = [(tmp_path / run / "config.yaml").read_text() for run in ("one", "two")]
    assert saved[0] == saved[1]
    assert f"data: hf:{tmp_path}/rows" in saved[0]


@pytest.mark.parametrize(
    ("flags", "error"),
    [
        (["--columns", "text=sentense"], "did you mean `sentence`?"),
        (["--splits", "valid=validaton"], "no split `validaton`; did you mean `validation`?"),
        (["--splits", "dev=validation"], "setting `splits.dev"),
        (["--columns", "sentence"], "`sentence` is no NAME=VALUE; write it like --columns text=sentence,label=stars"),
        (["--columns", "text=a,text=b"], "`text` is given twice"),
        (["--data", "hf:./sst3"], "no such folder"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(flags, error, capsys):
    save("sst2", FILMS, train=films(8), validation=films(8))
    assert main(["run", "sentiment", "--data", "hf:./sst2", "--out", "run", *flags]) == 2
    told = capsys.readouterr().err
    assert error in told
    assert sum(line.startswith("error: ") for line in told.splitlines()) == 1


def test_flags_of_data_sets_beside_a_file(run_folder, tmp_path, capsys):
    (tmp_path / "rows.tsv").write_text("text\tlabel\na\tgood\n")
    assert main(["run", "sentiment", "--data", "rows.tsv", "--columns", "text=a", "--out", "run"]) == 2
    assert "columns and splits are of a data set by name" in capsys.readouterr().err
    assert main(["evaluate", str(run_folder), "--data", "rows.tsv", "--splits", "test=a"]) == 2
    assert "--splits is for a data set by name" in capsys.readouterr().err


def test_a_backbone_and_a_tokenizer_are_trained_on_a_data_set(capsys):
    rows = [{"body": f"the story of number {each} is told here, and it is short", "id": each} for each in range(400)]
    save("stories", {"body": TEXT, "id": NUMBER}, train=rows)
    shape = [
        f"model.{each}" for each in ("d_model=32", "n_layers=1", "n_heads=2", "n_kv_heads=1", "head_dim=16", "d_ff=64")
    ]
    small = [
        word for each in (*shape, "model.vocab_size=320", "model.context=32", "samples=0") for word in ("--set", each)
    ]
    command = ["pretrain", "hf:./stories", "--field", "body", "--rows", "300", "--size", "nano", *small]
    assert main([*command, "--max-steps", "2", "--out", "run", "--json"]) == 0
    told = capsys.readouterr().err
    assert "hf:./stories: training `train`, 300 rows" in told
    # The run is known by the name that was typed.
    assert "hf:./stories" in Path("run/config.yaml").read_text()
    assert "hf:./stories" in Path("run/model/README.md").read_text()
    train = [
        "tokenizer",
        "train",
        "hf:./stories",
        "--field",
        "body",
        "--rows",
        "300",
        "--vocab-size",
        "310",
        "--out",
        "tok",
    ]
    assert main([*train, "--json"]) == 0
    # A few of the 300 are held out.
    assert 290 < json.loads(capsys.readouterr().out)["documents_seen"] < 300
    assert main(["pretrain", "README.md", "--rows", "3", "--out", "other"]) == 2
    assert "--rows is of data sets by name" in capsys.readouterr().err
    # Stopped before its last words, the run goes on though the data set and its rows are gone.
    Path("run/metrics.json").unlink()
    Path("stories").rename("elsewhere")
    shutil.rmtree("cache")
    assert main(["pretrain", "--resume", "--out", "run"]) == 0
    Path("elsewhere").rename("stories")
    capsys.readouterr()
    # Rows that were removed and read again are the same text, of which there are tokens.
    assert main([*command, "--max-steps", "2", "--out", "again"]) == 0
    told = capsys.readouterr().err
    assert "rows in" in told
    assert "tokens: using those made before" in told
    assert main(["pretrain", "hf:./stories", "--size", "nano", "--max-steps", "2", "--out", "other"]) == 2
    assert (
        "hf:./stories: no column `text`; say with --field which one holds the text; columns: `body`, `id`"
        in " ".join(capsys.readouterr().err.split())
    )
