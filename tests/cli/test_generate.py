from __future__ import annotations

import json

import pytest

from nlpsuite.cli.app import main


@pytest.fixture
def suite(capsys, backbone_folder):
    """Call `suite generate` on the tiny backbone."""

    def call(*arguments: str, target: str | None = None) -> tuple[int, str, str]:
        status = main(["generate", target or str(backbone_folder), *arguments])
        out, err = capsys.readouterr()
        return status, out, err

    return call


def test_it_continues_the_prompt(suite):
    status, out, err = suite("--prompt", "The cat", "--max-new", "12")
    assert status == 0
    assert out.startswith("The cat")
    assert out.endswith("\n")
    assert len(out) > len("The cat\n")
    assert "12 tokens in" in err
    assert "seed 1" in err


def test_the_seed_decides_and_num_gives_more(suite):
    first = suite("--prompt", "The", "--seed", "3")[1]
    assert first == suite("--prompt", "The", "--seed", "3")[1]
    assert first != suite("--prompt", "The", "--seed", "4")[1]
    status, out, err = suite("--prompt", "The", "--seed", "3", "--num", "3")
    assert status == 0
    assert out.startswith(first)
    assert "continuation 3 of 3" in err


def test_json_is_one_object(suite, backbone_folder):
    shown = suite("--prompt", "The cat", "--max-new", "9", "--num", "2")[1]
    status, out, _ = suite("--prompt", "The cat", "--max-new", "9", "--num", "2", "--json")
    assert status == 0
    result = json.loads(out)
    assert result["command"] == "generate"
    assert result["backbone"] == str(backbone_folder)
    assert "".join(f"The cat{each['text']}\n" for each in result["continuations"]) == shown
    assert result["tokens"] == sum(each["tokens"] for each in result["continuations"])
    assert result["tokens_per_second"] > 0


def test_temperature_zero_does_not_depend_on_the_seed(suite):
    one, two = (suite("--prompt", "The", "--temperature", "0", "--seed", seed)[1] for seed in ("1", "2"))
    assert one == two
    assert one == suite("--prompt", "The", "--top-k", "1")[1]


def test_next_shows_the_likeliest_tokens(suite):
    status, out, err = suite("--prompt", "The cat", "--next", "10")
    assert status == 0
    lines = out.splitlines()
    assert lines[0].split() == ["RANK", "TOKEN", "PROBABILITY", "ID"]
    assert len(lines) == 11
    assert "\u2581" in err
    status, out, _ = suite("--prompt", "The cat", "--next", "10", "--json")
    tokens = json.loads(out)["next"]
    assert len(tokens) == 10
    probabilities = [each["probability"] for each in tokens]
    assert probabilities == sorted(probabilities, reverse=True)
    assert [line.split()[-1] for line in lines[1:]] == [str(each["id"]) for each in tokens]


def test_a_prompt_too_long_or_with_a_space_at_the_end_is_told(suite):
    assert "the model sees the last 32" in suite("--prompt", "rain " * 50, "--next", "1")[2]
    assert "ends in a space" in suite("--prompt", "The ", "--next", "1")[2]
    assert suite("--prompt", "", "--max-new", "3")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--prompt", "x", "--max-new", "0"], "--max-new"),
        (["--prompt", "x", "--temperature", "-1"], "--temperature"),
        (["--prompt", "x", "--top-p", "1.5"], "--top-p"),
        (["--prompt", "x", "--next", "0"], "--next"),
        (["--prompt", "x", "--num", "0"], "--num"),
        (["--prompt", "x", "--next", "5", "--top-k", "1"], "--top-k: nothing is drawn with --next"),
        (["--prompt", "x", "--next", "5", "--seed", "1"], "--seed: nothing is drawn with --next"),
        ([], "--prompt"),
        (["--prompt", "\udcff"], "surrogate"),
    ],
)
def test_bad_flags_are_one_line(suite, arguments, word):
    status, out, err = suite(*arguments)
    assert status == 2
    assert out == ""
    assert word in err
    assert len(err.strip().splitlines()) == 1


def test_no_such_backbone(suite, tmp_path):
    status, out, err = suite("--prompt", "x", target=str(tmp_path / "gone"))
    assert (status, out) == (2, "")
    assert "no such folder" in err


def test_the_backbone_of_a_fine_tuned_run(suite, run_folder):
    assert suite("--prompt", "The", "--max-new", "3", target=str(run_folder))[0] == 0
