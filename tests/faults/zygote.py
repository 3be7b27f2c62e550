"""Starts `suite` in processes that can be killed: a server that has imported everything once, and forks for each command.

Not a test. It reads jobs from stdin, one JSON object a line, and answers each with a line of JSON. What a fault needs inside a
process (a signal in the middle of a step, a full disk in the middle of a save) is put there by `hooks`, so that no such thing is
in the product.
"""

from __future__ import annotations

import _pickle
import json
import os
import pickle
import resource
import subprocess
import sys
import time
import traceback
from pathlib import Path

import torch
from pytorch_lightning.utilities import rank_zero_only

from nlpsuite.cli import launch
from nlpsuite.cli.app import main
from nlpsuite.training import checkpoints
from nlpsuite.training.finetuning import finetune
from nlpsuite.training.finetuning import module as finetune_module
from nlpsuite.training.finetuning.module import FinetuneModule
from nlpsuite.training.finetuning.validation import Validator
from nlpsuite.training.pretraining import module, pretrain
from nlpsuite.training.pretraining.module import PretrainModule
from nlpsuite.training.pretraining.validation import ValidationText
from nlpsuite_sentiment.task import Sentiment

AT_THE_END = []
"""Processes to wait for."""


def note_documents(file):
    """Write down the documents, or the rows, of every micro-batch that is trained on."""

    def wrap(cls, tell):
        real = cls.training_step
        own = file.replace("RANK", os.environ.get("RANK", "0"))

        def step(self, batch, index):
            result = real(self, batch, index)
            with Path(own).open("a") as out:
                out.write(json.dumps(tell(self, batch)) + "\n")
            return result

        cls.training_step = step

    wrap(PretrainModule, lambda self, parts: [list(part.example.documents) for part in parts])
    wrap(FinetuneModule, lambda self, batch: [[int(i) for i in window.ids] for window in batch.windows])


def at(phase, nth, action):
    """Do something when a phase comes for the nth time."""
    count = [0]

    def before(owner, name):
        real = getattr(owner, name)

        def called(*words, **named):
            count[0] += 1
            if count[0] == nth:
                action()
            return real(*words, **named)

        setattr(owner, name, called)

    if phase == "startup":
        # The second is what the processes beside the first do.
        before(pretrain, "plan_rows")
        before(pretrain, "open_prepared")
        before(finetune, "make_plan")
    elif phase == "training":
        # Between the micro-batches of a step: this is called for each.
        before(module, "objective_loss")
        before(FinetuneModule, "training_step")
    elif phase == "validation":
        before(ValidationText, "causal")
        before(Validator, "validate")
    elif phase == "save":
        before(checkpoints, "_sha256")
    elif phase == "write":
        before(checkpoints, "_write")
    elif phase == "model":
        before(pretrain, "save_backbone")
        before(finetune, "save_task_model")
    else:
        raise ValueError(phase)


def signal_at(phase, nth, number, rank=0, when=None, group=False):
    """Send a signal in a phase, if this is the process of that rank; write down when.

    Args:
        phase: When.
        nth: The nth time it comes.
        number: The signal.
        rank: The process that sends it, to itself.
        when: A file to note the time in.
        group: Whether all processes of the terminal get it, as from Ctrl-C.
    """

    def send():
        if when is not None:
            Path(when).write_text(str(time.time()))
        if group:
            os.killpg(0, number)
        else:
            os.kill(os.getpid(), number)

    if int(os.environ.get("RANK", "0")) == rank:
        at(phase, nth, send)


def _tell_through_a_pipe():
    """Let another process write what this one says: it is not to be hindered."""
    cat = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=2)
    sys.stderr.flush()
    os.dup2(cat.stdin.fileno(), 2)
    cat.stdin.close()
    # A stream knows whether it was opened on a file, and this is a pipe.
    sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
    AT_THE_END.append(cat)


def full_disk_at(phase, nth, room):
    """Let no file grow beyond so many bytes from a phase on."""
    _tell_through_a_pipe()
    at(phase, nth, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY)))


def full_disk(room):
    """Let no file grow beyond so many bytes."""
    _tell_through_a_pipe()
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))


def spoil(nth, rank):
    """Make the loss of a micro-batch of one process bad."""
    real, count = module.objective_loss, [0]

    def loss(*words, **named):
        count[0] += 1
        value = real(*words, **named)
        bad = count[0] == nth and int(os.environ.get("RANK", "0")) == rank
        return value * float("nan") if bad else value

    module.objective_loss = loss


def spoil_task(nth, rank):
    """Make the loss of a micro-batch of a sentiment task bad, in one process."""
    real, count = Sentiment.loss, [0]

    def loss(*words, **named):
        count[0] += 1
        value = real(*words, **named)
        bad = count[0] == nth and int(os.environ.get("RANK", "0")) == rank
        return value * float("nan") if bad else value

    Sentiment.loss = loss


def in_children(*hooks):
    """Give the processes that `--devices` starts these hooks."""
    real = launch.subprocess.Popen

    def start(command, **options):
        arguments = command[command.index("nlpsuite.cli") + 1 :]
        return real([sys.executable, __file__, json.dumps({"arguments": arguments, "hooks": hooks})], **options)

    launch.subprocess.Popen = start


def forbid_pickle():
    """Make every way of unpickling an error."""

    def forbidden(*words, **named):
        raise AssertionError("something was unpickled")

    for owner in (pickle, _pickle, pickle._Unpickler):
        for name in ("load", "loads", "Unpickler", "_load", "_loads"):
            if hasattr(owner, name):
                setattr(owner, name, forbidden)
    torch.load = forbidden


def forget(what):
    """Lose a part of what a checkpoint knows, for the control of the comparison: it must then come out different."""
    real = FinetuneModule.on_load_checkpoint, PretrainModule.on_load_checkpoint

    def load(which):
        def loaded(self, checkpoint):
            real[which](self, checkpoint)
            if what == "position":
                self.micro = 0
                self.position = self._first = 0
            elif what == "chance":
                # The chance of a step hangs on its number: as if it had not been restored.
                real_seeded = finetune_module.seeded
                finetune_module.seeded = lambda seed, number, device: real_seeded(seed, number + 1, device)
            elif what == "optimizer":
                for state in checkpoint["optimizer_states"][0].get("parts", checkpoint["optimizer_states"]):
                    state["state"] = {}

        return loaded

    FinetuneModule.on_load_checkpoint, PretrainModule.on_load_checkpoint = load(0), load(1)


CHANGES = (note_documents, signal_at, full_disk_at, full_disk, spoil, spoil_task, in_children, forbid_pickle, forget)
HOOKS = {each.__name__: each for each in CHANGES}


def run(job):
    """Be the command, and end with its status."""
    status = 70
    try:
        if "folder" in job:
            os.setsid()
            os.chdir(job["folder"])
            os.environ.update(job["environment"])
            for stream, name in ((1, "out"), (2, "err")):
                os.dup2(os.open(job[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        # Lightning asks when it is imported, and here that was before there was a rank.
        rank_zero_only.rank = int(os.environ.get("RANK", "0"))
        for name, *words in job["hooks"]:
            HOOKS[name](*words)
        sys.argv = ["suite", *job["arguments"]]
        status = main(job["arguments"])
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os.close(2)
        for process in AT_THE_END:
            process.wait()
        os._exit(status)


def serve():
    """Answer jobs until stdin ends."""
    print("ready", flush=True)
    for line in sys.stdin:
        job = json.loads(line)
        if job["do"] == "start":
            pid = os.fork()
            if pid == 0:
                run(job)
            answer = pid
        else:
            done, status, used = os.wait4(job["pid"], os.WNOHANG)
            answer = [os.waitstatus_to_exitcode(status), used.ru_maxrss * 1024] if done else None
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        run(json.loads(sys.argv[1]))
    serve()
