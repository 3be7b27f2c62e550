from __future__ import annotations

import errno
import os
import subprocess
import sys

import pytest
import typer

from nlpsuite import __version__
from nlpsuite.cli import app as module
from nlpsuite.cli.app import main
from nlpsuite.cli.console import Console
from nlpsuite.cli.options import VerboseOption  # noqa: TC001 - typer reads it
from nlpsuite.errors import Interrupted, UserError

RUN = "import sys; from nlpsuite.cli.app import main; sys.exit(main())"
HEAVY = ["torch", "pydantic", "yaml", "sentencepiece", "numpy", "rich", "pytorch_lightning"]


def suite(*arguments: str, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", RUN, *arguments], capture_output=True, text=True, timeout=60, **options
    )


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from nlpsuite.cli.app import main; main(['--help'])\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help_is_a_result_without_completion_flags(capsys, arguments):
    assert main(arguments) == 0
    seen = capsys.readouterr()
    assert "Usage: suite" in seen.out
    assert "plugins" in seen.out
    assert "completion" not in seen.out
    assert seen.err == ""


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"suite {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["plugns"], "No such command 'plugns'"),
        (["--verson"], "no such option: --verson; did you mean --version? see suite --help"),
        (["plugins", "list", "--jsn"], "no such option: --jsn; did you mean --json? see suite plugins list --help"),
        (["plugins", "list", "extra"], "extra"),
        (["plugins"], "issing command"),
    ],
)
def test_a_usage_error_is_one_line(capsys, arguments, line):
    assert main(arguments) == 2
    seen = capsys.readouterr()
    assert seen.out == ""
    assert seen.err.startswith("error: ")
    assert seen.err.count("\n") == 1
    assert line.lower() in seen.err.lower()
    assert "--help" in seen.err


class OneCommand:
    """A real application with one command that ends as it is told."""

    def __init__(self, end):
        self.end = end

    def __call__(self) -> typer.Typer:
        made = typer.Typer(add_completion=False)

        def command(verbose: VerboseOption = False) -> None:
            self.end()

        made.command("go")(command)
        made.callback()(lambda: None)
        return made


@pytest.fixture
def ending(monkeypatch, capsys):
    """Run a command that ends by `end`; return the exit status and what went to stdout and stderr."""

    def run(end, *flags: str) -> tuple[int, str, str]:
        monkeypatch.setattr(module, "make_app", OneCommand(end))
        status = main(["go", *flags])
        return status, *capsys.readouterr()

    return run


def raising(error: BaseException, cause: BaseException | None = None):
    def end() -> None:
        raise error from cause

    return end


def test_done_is_zero(ending):
    assert ending(lambda: Console().result("x")) == (0, "x\n", "")


def test_a_user_error_is_one_line_and_two(ending):
    error = UserError("no label\x1b[31m\n[red]", where="a.csv", line=3, fix="add one")
    assert ending(raising(error)) == (2, "", "error: a.csv:3: no label\\x1b[31m\\n[red]; add one\n")


def test_an_interrupted_run_says_how_to_go_on(ending):
    for number in (2, 15):
        status, out, err = ending(raising(Interrupted(number, "suite pretrain --resume --out x")))
        assert (status, out) == (128 + number, "")
        assert err == f"stopped by signal {number}; go on with: suite pretrain --resume --out x\n"


def test_ctrl_c_is_130(ending):
    assert ending(raising(KeyboardInterrupt())) == (130, "", "stopped\n")


def test_anything_else_is_one_line_and_one(ending):
    status, out, err = ending(raising(ValueError("bad\nsecond line")))
    assert (status, out, err) == (1, "", "error: ValueError: bad; run again with -v for the traceback\n")


def test_verbose_shows_the_traceback(ending):
    status, _, err = ending(raising(ValueError("bad\x1b[31m")), "-v")
    assert status == 1
    assert err.startswith("Traceback (most recent call last):\n")
    assert err.endswith("error: ValueError: bad\\x1b[31m\n")
    assert "\x1b" not in err


@pytest.mark.parametrize(
    "end",
    [
        raising(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/x/model.bin")),
        raising(RuntimeError("writing failed"), OSError(errno.EDQUOT, "quota", "/x/model.bin")),
    ],
)
def test_a_full_disk_is_one_line(ending, end):
    assert ending(end) == (
        1,
        "",
        "error: /x/model.bin: the disk is full; make room, and run the command again, or with --resume if training had begun\n",
    )


def test_a_full_disk_met_in_compiled_code_is_one_line(ending):
    error = RuntimeError(f"Error while serializing: I/O error: {os.strerror(errno.ENOSPC)} (os error 28)")
    assert ending(raising(error)) == (
        1,
        "",
        "error: the disk is full; make room, and run the command again, or with --resume if training had begun\n",
    )


def test_a_file_that_ends_early_is_not_taken_for_a_prompt(ending):
    status, _, err = ending(raising(EOFError("Compressed file ended")))
    assert status == 1
    assert "error: EOFError: Compressed file ended" in err


@pytest.mark.parametrize(
    ("error", "status"), [(SystemExit(3), 3), (SystemExit(), 0), (SystemExit("x"), 1), (typer.Exit(4), 4)]
)
def test_a_command_may_choose_its_status(ending, error, status):
    assert ending(raising(error))[0] == status


def test_a_closed_pipe_is_quiet():
    code = RUN.replace("from nlpsuite", "import time; time.sleep(0.3); from nlpsuite")
    with subprocess.Popen(
        [sys.executable, "-c", code, "--version"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        run.stdout.close()
        assert run.stderr.read() == b""
        assert run.wait(30) == 1


def test_text_that_the_terminal_cannot_encode_is_escaped():
    env = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = suite("plugins", "日本", env=env)
    assert done.returncode == 2
    assert "\\u65e5\\u672c" in done.stderr
