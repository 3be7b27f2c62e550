"""The results table: its rows, what keeps them, how it is shown, and the baselines' own rules."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def bench(monkeypatch):
    """Import a module of the benchmarks, which are no part of the package."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return lambda name: importlib.import_module(f"suitebench.{name}")


def record(row, metrics, **more):
    machine = {"processor": "A processor", "cores": 2, "cores_usable": 1, "omp_num_threads": "1"}
    facts = {"data": row.data, "command": f"suite {row.name}", "machine": machine, "wall_seconds": 60.0}
    return {"column": row.column, "seed": row.seed, "metrics": metrics, **facts, **more}


def test_the_rows_have_names_of_their_own_and_needs_that_come_before(bench):
    rows = bench("rows").all_rows()
    names = [row.name for row in rows]
    assert len(set(names)) == len(names)
    for place, row in enumerate(rows):
        assert (row.command is None) != (row.call is None), row.name
        assert set(row.needs) <= set(names[:place]), row.name


def test_every_line_of_the_table_has_rows_in_every_column(bench):
    rows, table = bench("rows").all_rows(), bench("table")
    for line in bench("lines").LINES:
        for column in bench("rows").COLUMNS:
            assert table.planned(rows, line.data, column), (line.title, column)


def test_plugins_and_budgets_that_the_rows_name_exist(bench):
    for source in bench("rows").SOURCES:
        assert (ROOT / "plugins" / source.plugin).is_dir()
        assert source.data in bench("budgets").TIMES


def test_an_empty_table_says_what_is_not_run(bench):
    rows = bench("rows").all_rows()
    text = bench("table").section(rows, {}, {row.name: f"suite {row.name}" for row in rows})
    assert text.count("| not run | not run | not run |") == len(bench("lines").LINES)
    assert "suite sst2-scratch" in text


def test_the_table_shows_means_spreads_floors_and_times(bench):
    rows, table = {row.name: row for row in bench("rows").all_rows()}, bench("table")
    figures = {
        "sst2-pretrained": {"val/accuracy": 0.84, "test/accuracy": 0.83},
        "conll2003-pretrained": {"test/entity_f1": 0.77},
        "resume_ner-pretrained-1": {"test/entity_f1": 0.92},
        "resume_ner-pretrained-2": {"test/entity_f1": 0.94},
        "resume_ner-pretrained-3": {"test/entity_f1": 0.96},
        "resume_ner-scratch-2": {"test/entity_f1": 0.5},
        "squad-pretrained": {"test/exact_match": 0.21, "test/f1": 0.285},
        "novels-conventional": {"test/bits_per_byte": 2.0},
        "novels-pretrained": {"test/bits_per_byte": 1.7},
    }
    records = {name: record(rows[name], metrics) for name, metrics in figures.items()}
    lines = {line.split(" | ")[0]: line for line in table.table(list(rows.values()), records).splitlines()}
    assert (
        "| not run | not run | 0.840 | 0.83: met | 0.86: missed by 0.020 | –, –, 60 s | a |"
        in lines["| sst2, dev accuracy"]
    )
    assert "0.78: missed by 0.010" in lines["| conll2003, test, strict entity F1"]
    assert "| 0.500 (1 of 3 seeds) | 0.940 ± 0.020 (3 seeds) |" in lines["| zh/resume_ner, test, strict entity F1"]
    assert (
        "| 21.0 / 28.5 | 20 / 30: missed by 1.5 | 57 / 69: missed by 36.0 / 40.5 |" in lines["| squad 1.1, dev EM / F1"]
    )
    assert "10% below conventional: met, -15.0%" in lines["| novels, test bits per byte (lower is better)"]


def test_a_floor_below_zero_shot_is_not_compared_across_backbones(bench):
    rows, table = {row.name: row for row in bench("rows").all_rows()}, bench("table")
    records = {
        name: record(rows[name], {"test/bits_per_byte": 2.0}, backbone={"name": "nano", "sha256": digest})
        for name, digest in (("novels-conventional", "aa"), ("novels-pretrained", "bb"))
    }
    assert "not compared" in table.table(list(rows.values()), records)
    assert "| nano | aa |" in table.backbones(records)


def test_the_page_gets_the_table_between_its_marks(bench, tmp_path):
    table, page = bench("table"), tmp_path / "page.md"
    page.write_text(f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n", encoding="utf-8")
    table.write_section(page, "new")
    assert page.read_text(encoding="utf-8") == f"before\n{table.BEGIN}\n\nnew\n\n{table.END}\nafter\n"
    page.write_text("no marks", encoding="utf-8")
    with pytest.raises(ValueError, match=r"page\.md: no place"):
        table.write_section(page, "new")


def test_the_store_keeps_what_others_wrote_and_is_sorted(bench, tmp_path):
    path = tmp_path / "results" / "tasks.json"
    one, other = bench("store").Store(path), bench("store").Store(path)
    one.put("b", {"x": 1})
    other.put("a", {"x": 2})
    assert list(json.loads(path.read_text())) == ["a", "b"]
    one.drop("a")
    assert other.read() == {"b": {"x": 1}}


def test_a_row_that_another_process_runs_is_left_alone(bench, tmp_path):
    locked = bench("store").locked
    with locked(tmp_path / "lock", wait=False) as first, locked(tmp_path / "lock", wait=False) as second:
        assert (first, second) == (True, False)


def test_the_state_of_a_run_folder(bench, tmp_path):
    state, folder = bench("runner").state, tmp_path / "run"
    assert state(folder) == "absent"
    (folder / "checkpoints").mkdir(parents=True)
    assert state(folder) == "broken"
    (folder / "checkpoints" / "last.ckpt").touch()
    assert state(folder) == "stopped"
    (folder / "model").mkdir()
    (folder / "model" / "config.json").touch()
    (folder / "metrics.json").touch()
    assert state(folder) == "finished"


def test_a_stopped_run_of_another_command_is_refused(bench, tmp_path):
    runner, row = bench("runner"), bench("rows").runs(bench("rows").SOURCES[0], "scratch", "scratch")[0]
    (tmp_path / row.name / "checkpoints").mkdir(parents=True)
    (tmp_path / row.name / "checkpoints" / "last.ckpt").touch()
    (tmp_path / f"{row.name}.started.json").write_text(json.dumps({"command": "suite run other"}))
    with pytest.raises(runner.RowError, match="of another command"):
        runner.trained(row, runner.Places(tmp_path, tmp_path))


def test_a_finished_run_is_read_and_not_run_again(bench, tmp_path):
    runner, rows = bench("runner"), bench("rows")
    row = rows.runs(rows.SOURCES[0], "scratch", "scratch")[0]
    folder = tmp_path / row.name
    (folder / "model").mkdir(parents=True)
    (folder / "model" / "config.json").touch()
    figures = {"test/accuracy": 0.8, "seconds": 9.0, "steps": 3, "tokens_per_second": 5.0}
    (folder / "metrics.json").write_text(json.dumps(figures))
    about = {"date": "2026-01-02T03:04:05", "device": "CPU", "versions": {}}
    (folder / "environment.json").write_text(json.dumps(about))
    (folder / "metrics.csv").write_text("step,seconds\n3,8.5\n")
    store = bench("store").Store(tmp_path / "tasks.json")
    runner.run_row(row, runner.Places(tmp_path, tmp_path), store, {})
    kept = store.read()[row.name]
    assert kept["metrics"] == {"test/accuracy": 0.8}
    assert (kept["training_seconds"], kept["wall_seconds"], kept["date"]) == (8.5, 9.0, "2026-01-02")


def test_a_row_waits_for_the_rows_it_needs(bench, tmp_path):
    runner, rows = bench("runner"), bench("rows")
    row = next(row for row in rows.all_rows() if row.needs)
    with pytest.raises(runner.RowError, match=f"needs the row {row.needs[0]}"):
        runner.run_row(row, runner.Places(tmp_path, tmp_path), bench("store").Store(tmp_path / "t.json"), {})


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ("B-A I-A O B-A", {(0, 2, "A"), (3, 4, "A")}),
        ("B-A B-A I-B", {(0, 1, "A"), (1, 2, "A"), (2, 3, "B")}),
        ("B-A M-A E-A S-B O", {(0, 3, "A"), (3, 4, "B")}),
        ("O I-A", {(1, 2, "A")}),
    ],
)
def test_spans_of_tags(bench, tags, spans):
    assert bench("baselines.entities").spans(tags.split()) == spans


def test_answers_are_scored_as_squad_scores_them(bench):
    scores = bench("baselines.squad_score").squad_scores([("the Red, car", ["red car"]), ("a blue", ["blue sky", "x"])])
    assert scores == {"exact_match": 0.5, "f1": pytest.approx((1 + 2 / 3) / 2)}


def test_the_window_answers_from_the_sentence_that_shares_words(bench):
    window = bench("baselines.sliding_window")
    passage = window.read("Ada Byron wrote the notes in 1843. The engine was planned by Charles Babbage in London.")
    assert window.answer(passage, "Who planned the engine?") in ("Charles Babbage", "London")


def run_script(*flags, **variables):
    command = [sys.executable, str(ROOT / "benchmarks" / "tasks.py"), *flags]
    return subprocess.run(command, capture_output=True, text=True, env=variables, check=False)


def test_the_script_lists_rows_and_needs_the_data_folder_to_run_them():
    assert "sst2-conventional" in run_script("--list").stdout
    done = run_script("sst2-scratch")
    assert done.returncode == 1
    assert done.stderr == "tasks.py: NLPSUITE_DATA is not set; set it to the folder of the data sets\n"
