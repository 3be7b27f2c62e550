"""`suite pretrain --devices 2` on a CPU: two processes, and the run that one alone would have made."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest
import torch

from nlpsuite.backbone.checkpoint import load_backbone
from nlpsuite.training.runfolder import RunFolder

SETS = """
    model.size=nano model.vocab_size=320 model.context=64 model.d_model=32 model.n_layers=2 model.n_heads=2
    model.n_kv_heads=1 model.head_dim=16 model.d_ff=64 optimizer.batch_tokens=256 optimizer.micro_tokens=64
    validations=2 samples=1 sampled_output=0.6 short_rows=0.5 optimizer.average=0.6
"""
"""Rows are cut at first, the output layer is sampled, and the weights are averaged at the end: all of it by several."""


def command(text_file, out, *flags: str) -> list[str]:
    sets = [word for each in SETS.split() for word in ("--set", each)]
    return [sys.executable, "-m", "nlpsuite.cli", "pretrain", str(text_file), "--out", str(out), *sets, *flags]


def run(text_file, out, *flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(text_file, out, *flags), capture_output=True, text=True, check=False, timeout=300)


@pytest.mark.skipif(torch.cuda.is_available(), reason="two processes on a CPU")
@pytest.mark.parametrize(("strategy", "even"), [("ddp", "false"), ("fsdp", "false"), ("fsdp", "true")])
def test_two_processes_make_the_run_that_one_makes(text_file, tmp_path, strategy, even):
    same = ("--max-steps", "6", "--json", "--set", f"optimizer.even_neurons={even}")
    alone = run(text_file, tmp_path / "alone", *same)
    flags = ("--devices", "2", "--strategy", strategy)
    both = run(text_file, tmp_path / "both", *same, *flags)
    assert alone.returncode == both.returncode == 0, both.stderr
    one, two = json.loads(alone.stdout), json.loads(both.stdout)
    assert two["steps"] == one["steps"] == 6
    assert two["tokens"] == one["tokens"], "the same rows"
    assert two["validation_tokens"] == one["validation_tokens"]
    for name, value in one["metrics"].items():
        # A loss of the last step is that of the first process's rows alone.
        if name.startswith("val/"):
            assert two["metrics"][name] == pytest.approx(value, rel=1e-4), name
    first, second = (load_backbone(tmp_path / name / "model")[0] for name in ("alone", "both"))
    for weight, other in zip(first.parameters(), second.parameters(), strict=True):
        torch.testing.assert_close(weight, other, rtol=1e-3, atol=1e-4)
    # One voice: the plan is told once, and so is every validation.
    assert both.stderr.count("validation loss") == alone.stderr.count("validation loss") == 2
    assert len(both.stdout.strip().splitlines()) == 1


@pytest.mark.skipif(torch.cuda.is_available(), reason="two processes on a CPU")
def test_a_divided_run_that_is_stopped_goes_on_to_the_very_same_weights(text_file, tmp_path):
    flags = ("--max-steps", "200", "--set", "validations=20", "--devices", "2", "--strategy", "fsdp")
    flags = (*flags, "--set", "optimizer.even_neurons=true")
    assert run(text_file, tmp_path / "whole", *flags).returncode == 0
    stopped = tmp_path / "stopped"
    process = subprocess.Popen(command(text_file, stopped, *flags), stderr=subprocess.DEVNULL)
    while not RunFolder(stopped).last.exists() and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=120) == 128 + signal.SIGTERM
    saved = torch.load(RunFolder(stopped).last, weights_only=True)
    assert saved["global_step"] < 200
    resumed = subprocess.run(
        [sys.executable, "-m", "nlpsuite.cli", "pretrain", "--resume", "--out", str(stopped)],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert resumed.returncode == 0, resumed.stderr
    first, second = (load_backbone(tmp_path / name / "model")[0] for name in ("whole", "stopped"))
    assert all(torch.equal(one, two) for one, two in zip(first.parameters(), second.parameters(), strict=True))


@pytest.mark.skipif(torch.cuda.is_available(), reason="two processes on a CPU")
def test_what_is_wrong_is_said_once_with_status_two(tmp_path):
    done = run(tmp_path / "nothing.txt", tmp_path / "run", "--max-steps", "2", "--devices", "2")
    assert done.returncode == 2
    assert done.stderr.count("error:") == 1
    assert not (tmp_path / "run").exists()
