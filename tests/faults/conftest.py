"""Commands that can be killed."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest


class Process:
    """A command that runs."""

    def __init__(self, server, pid, out, err):
        self._server, self.pid, self._out, self._err = server, pid, out, err
        self.status = self.memory = None

    def poll(self):
        if self.status is None and (found := self._server.ask({"do": "poll", "pid": self.pid})) is not None:
            self.status, self.memory = found
        return self.status

    def wait(self, seconds=120.0):
        deadline = time.monotonic() + seconds
        while self.poll() is None:
            assert time.monotonic() < deadline, f"still running after {seconds} s\n{self.err}"
            time.sleep(0.01)
        return self.status

    @property
    def out(self):
        return Path(self._out).read_text()

    @property
    def err(self):
        return Path(self._err).read_text()


class Server:
    """Starts commands in processes that have everything imported already."""

    def __init__(self):
        script = Path(__file__).with_name("zygote.py")
        self._process = subprocess.Popen(
            [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout.readline() == "ready\n"

    def ask(self, job):
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self):
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@pytest.fixture(scope="session")
def server():
    server = Server()
    yield server
    server.close()


@pytest.fixture
def suite(server, tmp_path):
    """Start `suite` with these words; `hooks` are names and words of those in zygote.py."""
    begun = []

    def start(*words, hooks=(), **environment):
        name = f"process-{len(begun)}"
        out, err = (str(tmp_path / f"{name}.{kind}") for kind in ("out", "err"))
        job = {
            "do": "start",
            "folder": str(tmp_path),
            "arguments": [str(word) for word in words],
            "environment": {"OMP_NUM_THREADS": "1", **environment},
            "hooks": list(hooks),
            "out": out,
            "err": err,
        }
        process = Process(server, server.ask(job), out, err)
        begun.append(process)
        return process

    yield start
    for process in begun:
        if process.poll() is None:
            subprocess.run(["kill", "-9", str(process.pid)], check=False)
            process.wait()


@pytest.fixture
def several(suite):
    """Start `suite` as two processes that train together; return both."""

    def start(*words, hooks=(), number=2):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = str(probe.getsockname()[1])
        shared = {"WORLD_SIZE": str(number), "LOCAL_WORLD_SIZE": str(number), "TORCHELASTIC_RUN_ID": "test"}
        shared |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "GROUP_RANK": "0"}
        return [suite(*words, hooks=hooks, RANK=str(rank), LOCAL_RANK=str(rank), **shared) for rank in range(number)]

    return start


TINY = """
    model.size=nano model.vocab_size=320 model.context=32 model.d_model=32 model.n_layers=2 model.n_heads=2
    model.n_kv_heads=1 model.head_dim=16 model.d_ff=64 optimizer.batch_tokens=256 optimizer.micro_tokens=128
    valid_tokens=256 samples=0
"""


@pytest.fixture
def pretrain_words(text_file):
    """What a user types for a tiny run."""

    def words(*more, steps=40, validations=20):
        sets = [*TINY.split(), f"validations={validations}"]
        flags = [word for each in sets for word in ("--set", each)]
        return ["pretrain", text_file, *flags, "--max-steps", steps, "--cache", "tokens", *more]

    return words
