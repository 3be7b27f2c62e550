from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import nlpsuite_translation
from nlpsuite.api import UserError
from nlpsuite.report import Silent
from nlpsuite_translation import TranslationSettings
from nlpsuite_translation.layout import Layout
from nlpsuite_translation.reading import PairReader

EN, DE = ["The kettle is warm.", "Who is there?"], ["Der Kessel ist warm.", "Wer ist da?"]
README = Path(nlpsuite_translation.__file__).parents[1] / "README.md"


class Log(Silent):
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    warn = say


@pytest.fixture
def log() -> Log:
    return Log()


def reader(log: Log, **settings) -> PairReader:
    return PairReader(TranslationSettings(**settings), log)  # type: ignore[arg-type]


def read(path: Path, log: Log, split: str = "train", **settings) -> list[tuple[str, str | None]]:
    return [(row.inputs["source"], row.target) for row in reader(log, **settings).read(path, split)]  # type: ignore[arg-type]


def table(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def parallel(folder: Path, stem: str = "train", en=tuple(EN), de=tuple(DE)) -> Path:
    table(folder, f"{stem}.de", "".join(line + "\n" for line in de))
    return table(folder, f"{stem}.en", "".join(line + "\n" for line in en))


PAIRS = list(zip(EN, DE, strict=True))
BACK = list(zip(DE, EN, strict=True))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.tsv", f"{EN[0]}\t{DE[0]}\n{EN[1]}\t{DE[1]}\n"),
        ("a.tsv", f"en\tde\n{EN[0]}\t{DE[0]}\n{EN[1]}\t{DE[1]}\n"),
        ("a.tsv", f"de\tid\ten\n{DE[0]}\t1\t{EN[0]}\n{DE[1]}\t2\t{EN[1]}\n"),
        ("a.csv", f"German,English\n{DE[0]},{EN[0]}\n{DE[1]},{EN[1]}\n"),
        ("a.csv", f"n,source,target\n1,{EN[0]},{DE[0]}\n2,{EN[1]},{DE[1]}\n"),
        ("a.txt", f"{EN[0]}\t{DE[0]}\n{EN[1]}\t{DE[1]}\n"),
        ("a.jsonl", "".join(json.dumps({"de": de, "en": en}) + "\n" for en, de in PAIRS)),
        ("a.jsonl", "".join(json.dumps({"src": en, "tgt": de}) + "\n" for en, de in PAIRS)),
        ("a.jsonl", "".join(json.dumps({"id": "7", "translation": {"de": de, "en": en}}) + "\n" for en, de in PAIRS)),
    ],
)
def test_tables(tmp_path, log, name, text):
    assert read(table(tmp_path, name, text), log) == PAIRS


def test_the_other_direction(tmp_path, log):
    assert read(parallel(tmp_path), log) == PAIRS
    assert read(tmp_path / "train.en", log, source="de", target="en") == BACK
    assert read(tmp_path / "train.de", log) == BACK, "the file that is named is the source"
    records = "".join(json.dumps({"translation": {"de": de, "en": en}}) + "\n" for en, de in PAIRS)
    assert read(table(tmp_path, "b.jsonl", records), log, source="de") == BACK
    rows = "".join(f"{en}\t{de}\n" for en, de in PAIRS)
    assert read(table(tmp_path, "c.tsv", rows), log, source=2, target=1) == BACK


def test_parquet(tmp_path, log):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(
        pyarrow.table({"translation": [{"de": de, "en": en} for en, de in PAIRS]}), tmp_path / "a.parquet"
    )
    assert read(tmp_path / "a.parquet", log) == PAIRS


def test_the_first_row_is_no_header_for_one_word_that_could_be_a_language(tmp_path, log):
    path = table(tmp_path, "a.tsv", "No.\tNein.\nIt is.\tEs ist so.\n")
    assert read(path, log) == [("No.", "Nein."), ("It is.", "Es ist so.")]


def test_columns_that_nobody_can_tell(tmp_path, log):
    path = table(tmp_path, "a.tsv", f"{EN[0]}\t{DE[0]}\tx y\n{EN[1]}\t{DE[1]}\tz w\n")
    with pytest.raises(UserError, match=r"task.source=COLUMN") as error:
        read(path, log)
    assert error.value.line == 1
    assert read(path, log, source=1, target=2) == PAIRS


def test_later_files_are_read_as_the_training_file_was(tmp_path, log):
    one = reader(log, source="german", target="english")
    assert len(list(one.read(table(tmp_path, "train.csv", f"English,German\n{EN[0]},{DE[0]}\n"), "train"))) == 1
    later = reader(log)
    later.layout = Layout.from_state(json.loads(json.dumps(one.layout.to_state())))
    rows = list(later.read(table(tmp_path, "new.csv", f"English,German,Note\n{EN[1]},{DE[1]},n\n"), "test"))
    assert (rows[0].inputs["source"], rows[0].target) == (DE[1], EN[1])
    rows = list(later.stream([json.dumps({"German": DE[0]}) + "\n"], "<stdin>"))
    assert rows[0].inputs == {"source": DE[0]}


def test_the_partner_is_found_whichever_file_is_named(tmp_path, log):
    trained = reader(log, source="de", target="en")
    list(trained.read(parallel(tmp_path), "train"))
    parallel(tmp_path, "test_2017")
    later = reader(log)
    later.layout = trained.layout
    for name in ("test_2017.en", "test_2017.de"):
        rows = list(later.read(tmp_path / name, "test"))
        assert [(row.inputs["source"], row.target) for row in rows] == BACK
        assert rows[1].where == f"{tmp_path / 'test_2017.de'}:2"


def test_a_file_without_its_partner(tmp_path, log):
    path = table(tmp_path, "test.en", "One.\n\nThree.\n")
    with pytest.raises(UserError, match="no file with the same lines in another language"):
        read(path, log, "test")
    assert read(path, log, "predict") == [("One.", None), ("", None), ("Three.", None)]
    assert log.said[-1].endswith("1 empty source has an empty translation")


def test_an_empty_side_is_an_error_with_its_line_or_counted(tmp_path, log):
    path = parallel(tmp_path, en=("One.", "Two.", "", "Four."), de=("Eins.", " ", "", "Vier."))
    with pytest.raises(UserError, match=r"train.en:2: a pair whose target is empty.*task.empty=skip"):
        read(path, log)
    assert read(path, log, empty="skip") == [("One.", "Eins."), ("Four.", "Vier.")]
    assert log.said[-2].endswith("train.en: 1 pairs with both sides empty left out")
    assert log.said[-1].endswith("train.en: 1 pairs with one side empty left out")
    rows = read(path, log, "predict")
    assert rows == [("One.", "Eins."), ("Two.", None), ("", None), ("Four.", "Vier.")], "one row for each line"


@pytest.mark.parametrize("split", ["train", "valid", "test"])
@pytest.mark.parametrize("suffix", ["en", "jsonl"])
def test_labelled_rows_of_every_split_follow_the_same_rules(tmp_path, log, split, suffix):
    en, de = ("One.", "Two.", "", "Four."), ("Eins.", "", "Drei.", "Vier.")
    if suffix == "en":
        path = parallel(tmp_path, "a", en, de)
    else:
        records = [json.dumps({"en": one, "de": other}) + "\n" for one, other in zip(en, de, strict=True)]
        path = table(tmp_path, "a.jsonl", "".join(records))
    with pytest.raises(UserError, match=rf"a.{suffix}:2: a pair whose target is empty"):
        read(path, log, split)
    assert read(path, log, split, empty="skip") == [("One.", "Eins."), ("Four.", "Vier.")]
    assert log.said[-1].endswith("2 pairs with one side empty left out")
    path = parallel(tmp_path, "b", ("One.", ""), ("Eins.", "Zwei."))
    with pytest.raises(UserError, match=r"b.en:2: a pair whose source is empty"):
        read(path, log, split)


def test_fields_with_bars_between(tmp_path, log):
    for name in ("a.txt", "corpus.en-de"):
        path = table(tmp_path, name, f"{EN[0]} ||| {DE[0]}\n\n{EN[1]} ||| {DE[1]}\r\n")
        assert read(path, log) == PAIRS
        assert "lines with ||| without header; `column 1` -> `column 2`" in log.said[-1]
    assert read(path, log, source=2, target=1) == BACK
    assert [target for _, target in read(path, log, "predict")] == DE
    with pytest.raises(UserError, match=r"b.txt:2: a line of 3 fields set apart by `|||`, where two are read"):
        read(table(tmp_path, "b.txt", "a ||| b\nc ||| d ||| 0-0\n"), log)
    with pytest.raises(UserError, match=r"c.txt:1: a pair whose target is empty"):
        read(table(tmp_path, "c.txt", "a |||\nc ||| d\n"), log)


def test_a_third_column_of_attributions_is_passed_over_and_said(tmp_path, log):
    by = "CC-BY 2.0 (France) Attribution: tatoeba.org #2877272 (CM) & #8597805 (Roujin)"
    text = "".join(f"{en}\t{de}\t{by}\n" for en, de in PAIRS)
    assert read(table(tmp_path, "deu.txt", text), log) == PAIRS
    assert log.said[-1].endswith(
        "TSV without header; `column 1` -> `column 2`; column 3 holds attributions and is not used"
    )
    with pytest.raises(UserError, match="cannot tell which of the columns"):
        read(table(tmp_path, "b.txt", text.replace(by, "a note", 1)), log)


def test_an_id_comes_back_with_its_row(tmp_path, log):
    records = [{"id": 7, "en": EN[0], "de": DE[0]}, {"id": "b", "translation": {"en": EN[0], "de": DE[0]}}]
    for record in records:
        path = table(tmp_path, "a.jsonl", json.dumps(record) + "\n")
        for split in ("train", "test", "predict"):
            (row,) = reader(log).read(path, split)
            assert row.inputs == {"id": record["id"], "source": EN[0]}
    (row,) = reader(log).stream([json.dumps({"id": 7, "text": EN[0]}) + "\n"], "<stdin>")
    assert row.inputs == {"id": 7, "source": EN[0]}
    (row,) = reader(log).read(table(tmp_path, "b.jsonl", json.dumps({"en": "One.", "id": "Satu."}) + "\n"), "train")
    assert (row.inputs, row.target) == ({"source": "One."}, "Satu."), "Indonesian is a language"


def test_files_of_unequal_length(tmp_path, log):
    with pytest.raises(UserError, match=r"2 lines, and train.de has 1"):
        read(parallel(tmp_path, de=("Eins.",)), log)


def test_what_is_no_text(tmp_path, log):
    path = table(tmp_path, "a.jsonl", '{"en": "One.", "de": "Eins."}\n{"en": "Two.", "de": 2}\n')
    with pytest.raises(UserError, match=r"a.jsonl:2: the target is not a string but int"):
        read(path, log)
    path = table(tmp_path, "b.jsonl", '{"en": "One.", "de": "\\ud800"}\n')
    with pytest.raises(UserError, match=r"b.jsonl:1: half a surrogate pair"):
        read(path, log)
    path = table(tmp_path, "c.jsonl", '{"en": "One.", "de": "Eins."}\n{"en": "Two."}\n')
    with pytest.raises(UserError, match=r"c.jsonl:2: a pair whose target is empty"):
        read(path, log)


def test_lines_to_translate(log):
    rows = list(reader(log).stream(["\ufeffOne.\r\n", "\n", "a\tb\n"], "<stdin>"))
    assert [row.inputs["source"] for row in rows] == ["One.", "", "a\tb"]
    for record in ({"source": "x"}, {"text": "x"}, {"en": "x", "de": "y"}, {"translation": {"en": "x", "de": "y"}}):
        (row,) = reader(log).stream([json.dumps(record) + "\n"], "<stdin>")
        assert row.inputs == {"source": "x"}


def test_a_folder_of_tables(tmp_path, log):
    table(tmp_path, "train.tsv", "a\tb\n")
    table(tmp_path, "test.tsv", "c\td\n")
    files = reader(log).splits(tmp_path)
    assert (files.train, files.test) == (tmp_path / "train.tsv", tmp_path / "test.tsv")


def test_rows_as_the_readme_shows_them(tmp_path, log):
    text = README.read_text(encoding="utf-8")
    blocks = re.findall(r"\*\*(TSV|CSV|Lines|JSON Lines[^*]*)(?: with `\|\|\|`)?\*\*.*?```\n(.*?)```", text, re.DOTALL)
    assert [kind for kind, _ in blocks] == ["TSV", "CSV", "JSON Lines", "JSON Lines with a translation field", "Lines"]
    suffixes = {"TSV": "tsv", "CSV": "csv", "Lines": "txt"}
    for kind, block in blocks:
        rows = read(table(tmp_path, "train." + suffixes.get(kind, "jsonl"), block), log)
        assert len(rows) == 2
        assert all("kettle" in source or "window" in source for source, _ in rows)
        assert all(target is not None and ("Kessel" in target or "Fenster" in target) for _, target in rows)
    for language, block in re.findall(r"`train\.(en|de)`\n\n```\n(.*?)```", text, re.DOTALL):
        table(tmp_path, f"train.{language}", block)
    assert len(read(tmp_path / "train.en", log)) == 2
