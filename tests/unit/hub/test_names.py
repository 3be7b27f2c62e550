from __future__ import annotations

from pathlib import Path

import pytest

from nlpsuite.errors import UserError
from nlpsuite.hub.names import in_full, is_named, parse_name


@pytest.mark.parametrize(
    ("text", "repository", "config", "revision"),
    [
        ("hf:squad", "squad", None, None),
        ("hf:stanfordnlp/sst2", "stanfordnlp/sst2", None, None),
        ("hf:nyu-mll/glue/sst2", "nyu-mll/glue", "sst2", None),
        ("hf:nyu-mll/glue/sst2@v1.0", "nyu-mll/glue", "sst2", "v1.0"),
        ("hf:org/name@refs/convert/parquet", "org/name", None, "refs/convert/parquet"),
    ],
)
def test_the_parts_of_a_name(text, repository, config, revision):
    name = parse_name(text)
    assert (name.repository, name.config, name.revision, name.folder) == (repository, config, revision, None)


@pytest.mark.parametrize("text", ["hf:", "hf:a/b/c/d", "hf:org/na me", "hf:org/", "hf:-x/y", "hf:org/name@"])
def test_what_is_no_name(text):
    with pytest.raises(UserError, match="write hf:ORG/NAME"):
        parse_name(text)


def test_a_folder(tmp_path, monkeypatch):
    (tmp_path / "rows").mkdir()
    (tmp_path / "file.csv").write_text("a\n")
    monkeypatch.chdir(tmp_path)
    assert parse_name("hf:./rows").folder == tmp_path / "rows"
    assert parse_name(f"hf:{tmp_path}/rows").slug == "rows"
    with pytest.raises(UserError, match="a file, not a folder"):
        parse_name("hf:./file.csv")
    with pytest.raises(UserError, match="no such folder"):
        parse_name("hf:./rows/none/at/all")
    with pytest.raises(UserError, match="no such folder"):
        parse_name("hf:./rows/none")


def test_the_last_part_of_a_folder_may_be_a_configuration(tmp_path):
    (tmp_path / "README.md").write_text("---\nconfigs:\n- config_name: a\n---\n")
    name = parse_name(f"hf:{tmp_path}/one")
    assert (name.folder, name.config) == (tmp_path, "one")


def test_names_that_mean_the_same_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert in_full("hf:./rows") == f"hf:{tmp_path}/rows"
    assert in_full("hf:org/name/config@v1") == "hf:org/name/config@v1"
    assert in_full("hf:~/rows") == f"hf:{Path.home()}/rows"
    assert in_full("rows.tsv") == str(tmp_path / "rows.tsv")
    assert is_named("hf:x")
    assert not is_named("half.tsv")
