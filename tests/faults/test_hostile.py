"""Artifacts that mean harm: none runs code, none takes memory without bound, each is refused in one line."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import struct
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from nlpsuite.training.checkpoints import VerifiedCheckpointIO

hostile = pytest.mark.fault(
    "hostile artifacts: pickle in every position, `_target_`, `_instantiator`, YAML tags and aliases, `../` names, huge headers, "
    "overlapping tensors, a configuration of 10^12 weights; each with each command that reads it",
    "a canary is never made; exit status 2; one line; less than 300 MB of memory taken",
)
MEMORY = 300 << 20
COMMANDS = {
    "predict": ("predict", "RUN", "texts.txt"),
    "evaluate": ("evaluate", "RUN", "--data", "rows.tsv"),
    "run": ("run", "sentiment", "--data", "rows", "--backbone", "RUN", "--max-steps", "1", "--out", "new"),
    "generate": ("generate", "RUN", "--prompt", "one"),
    "pretrain": ("pretrain", "text.txt", "--init", "RUN", "--max-steps", "1", "--out", "new"),
    "export": ("export", "RUN", "--to", "new"),
    "import": ("import", "RUN/model", "--out", "new"),
}
TOKENIZER = ("tokenizer", "encode", "RUN/model", "texts.txt")
HEAD = ("predict", "evaluate")
"""Commands that read a head."""


class Harm:
    """What makes the canary when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("canary",)


def head_folder(model):
    return next((model / "heads").iterdir())


def pickled(name):
    def make(model):
        with (model / name).open("wb") as file:
            torch.save({"weights": Harm()}, file)

    return make


def plain_pickle(name):
    return lambda model: (model / name).write_bytes(pickle.dumps(Harm()))


def head(make):
    return lambda model: make(head_folder(model))


def edited(name, change):
    def make(folder):
        data = json.loads((folder / name).read_text())
        change(data)
        (folder / name).write_text(json.dumps(data))

    return make


def tensors(header, data=b"", length=None):
    """Write a safetensors file by hand."""

    def make(folder):
        text = json.dumps(header).encode()
        (folder / "model.safetensors").write_bytes(struct.pack("<Q", length or len(text)) + text + data)

    return make


def overlapping(folder):
    """Every tensor of the file at the same place."""
    path = folder / "model.safetensors"
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header, data = json.loads(file.read(length)), file.read()
    first = next(value["data_offsets"] for name, value in header.items() if name != "__metadata__")
    for name, value in header.items():
        if name != "__metadata__":
            value["data_offsets"] = first
    tensors(header, data)(folder)


def enormous(data):
    data.update(hidden_size=65_536, num_hidden_layers=512, intermediate_size=262_144, vocab_size=2_000_000)


def many_labels(data):
    data["state"]["labels"] = [f"label {number}" for number in range(300_000)]


def filled(name, what, size):
    return lambda folder: (folder / name).write_bytes(what * size)


BACKBONES = {
    "weights: a pickle of torch": pickled("model.safetensors"),
    "weights: a pickle": plain_pickle("model.safetensors"),
    "tokenizer: a pickle": plain_pickle("tokenizer.model"),
    "tokenizer: noise": lambda model: (model / "tokenizer.model").write_bytes(os.urandom(5000)),
    "config: a pickle": plain_pickle("config.json"),
    "config: 10^12 weights": edited("config.json", enormous),
    "config: a context beyond all bounds": edited("config.json", lambda data: data.update(max_position_embeddings=1 << 60)),
    "config: a longest context": edited("config.json", lambda data: data.update(max_position_embeddings=1 << 22, num_hidden_layers=512)),
    "config: a number as text": edited("config.json", lambda data: data.update(hidden_size="os.system('x')")),
    "config: nested without end": filled("config.json", b"[", 1_000_000),
    "config: 200 MB": filled("config.json", b" ", 200_000_000),
    "config: a list": lambda model: (model / "config.json").write_text("[1]"),
    "weights: a header of 10^18 bytes": tensors({}, length=1 << 60),
    "weights: a header of 90 MB that is not there": tensors({}, length=90_000_000),
    "weights: a tensor of 2^80 values": tensors({"model.embed_tokens.weight": {"dtype": "F32", "shape": [1 << 40, 1 << 40], "data_offsets": [0, 4]}}, b"abcd"),
    "weights: overlapping tensors": overlapping,
    "weights: an unknown kind of number": tensors({"x": {"dtype": "PICKLE", "shape": [1], "data_offsets": [0, 4]}}, b"abcd"),
    "weights: offsets outside": tensors({"x": {"dtype": "F32", "shape": [1], "data_offsets": [1 << 40, (1 << 40) + 4]}}, b"abcd"),
    "weights: a name that is a path": tensors({"../../canary": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, b"abcd"),
    "weights: empty": lambda model: (model / "model.safetensors").write_bytes(b""),
}  # fmt: skip
HEADS = {
    "head: a pickle of torch": head(pickled("model.safetensors")),
    "head: a pickle": head(plain_pickle("model.safetensors")),
    "head: its config a pickle": head(plain_pickle("config.json")),
    "head: `_target_` in the settings": head(edited("config.json", lambda data: data["settings"].update(_target_="os.mkdir"))),
    "head: `_target_` beside the settings": head(edited("config.json", lambda data: data.update(_target_="os.mkdir"))),
    "head: `_instantiator`": head(edited("config.json", lambda data: data.update(_instantiator="os.mkdir"))),
    "head: a task that is a path": head(edited("config.json", lambda data: data.update(task="../../evil"))),
    "head: another task's": head(edited("config.json", lambda data: data.update(task="ner"))),
    "head: settings of the wrong kind": head(edited("config.json", lambda data: data["settings"].update(dropout={"_target_": "os.mkdir"}))),
    "head: a state of the wrong kind": head(edited("config.json", lambda data: data.update(state={"labels": 5}))),
    "head: labels that are no text": head(edited("config.json", lambda data: data["state"].update(labels=[{"a": 1}, ["b"]]))),
    "head: more labels than weights": head(edited("config.json", many_labels)),
    "head: a file of 10^18 bytes it says": head(tensors({}, length=1 << 60)),
    "head: overlapping tensors": head(overlapping),
    "head: nested without end": head(filled("config.json", b"[", 1_000_000)),
    "head: a folder with a name that is a path": lambda model: head_folder(model).rename(model / "heads" / "..evil"),
}  # fmt: skip


def adapted(make):
    """Turn the model into adapters to a backbone beside it, and spoil them."""

    def spoil(model):
        base = model.parent / "base"
        base.mkdir()
        for name in ("config.json", "model.safetensors", "tokenizer.model"):
            shutil.copy(model / name, base / name)
        (model / "config.json").unlink()
        (model / "model.safetensors").unlink()
        layer = "base_model.model.model.layers.0.self_attn.q_proj"
        save_file(
            {f"{layer}.lora_A.weight": torch.zeros(2, 16), f"{layer}.lora_B.weight": torch.zeros(32, 2)},
            model / "adapter_model.safetensors",
        )
        config = {"peft_type": "LORA", "base_model_name_or_path": str(base.absolute()), "r": 2, "lora_alpha": 4}
        (model / "adapter_config.json").write_text(json.dumps(config))
        make(model)

    return spoil


def adapter_tensors(header, data=b""):
    def make(model):
        text = json.dumps(header).encode()
        (model / "adapter_model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)

    return make


LAYER = "base_model.model.model.layers.0.self_attn.q_proj"
ADAPTERS = {
    "adapters: weights a pickle": adapted(plain_pickle("adapter_model.safetensors")),
    "adapters: config a pickle": adapted(plain_pickle("adapter_config.json")),
    "adapters: config nested without end": adapted(filled("adapter_config.json", b"[", 1_000_000)),
    "adapters: to themselves": adapted(edited("adapter_config.json", lambda data: data.update(base_model_name_or_path=str(Path("RUN/model").absolute())))),
    "adapters: to a device": adapted(edited("adapter_config.json", lambda data: data.update(base_model_name_or_path="/dev/zero"))),
    "adapters: to a name with a zero byte": adapted(edited("adapter_config.json", lambda data: data.update(base_model_name_or_path="a\0b"))),
    "adapters: a scale that is no number": adapted(edited("adapter_config.json", lambda data: data.update(lora_alpha=float("nan")))),
    "adapters: a rank beyond all bounds": adapted(edited("adapter_config.json", lambda data: data.update(r=1 << 60))),
    "adapters: of another kind": adapted(edited("adapter_config.json", lambda data: data.update(peft_type="../../evil"))),
    "adapters: a matrix of 2^80 values": adapted(adapter_tensors({f"{LAYER}.lora_A.weight": {"dtype": "F32", "shape": [1 << 40, 1 << 40], "data_offsets": [0, 4]}}, b"abcd")),
    "adapters: a layer that is a path": adapted(adapter_tensors({"../../canary": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, b"abcd")),
    "adapters: a matrix of no such shape": adapted(adapter_tensors({f"{LAYER}.lora_A.weight": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, b"abcd")),
}  # fmt: skip
CASES = [(name, make, command) for name, make in BACKBONES.items() for command in COMMANDS]
CASES += [(name, make, command) for name, make in ADAPTERS.items() for command in COMMANDS]
CASES += [(name, make, command) for name, make in HEADS.items() for command in HEAD]


@pytest.fixture
def folder(tmp_path, monkeypatch, run_folder):
    """A folder to work in, with a run to spoil, and something to do with it."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(run_folder, tmp_path / "RUN")
    (tmp_path / "texts.txt").write_text("one\ntwo\n")
    (tmp_path / "rows.tsv").write_text("text\tlabel\n" + "one\tgood\ntwo\tbad\n" * 40)
    rows = tmp_path / "rows"
    rows.mkdir()
    for name in ("train", "valid"):
        (rows / f"{name}.tsv").write_text((tmp_path / "rows.tsv").read_text())
    (tmp_path / "text.txt").write_text("\n\n".join(f"the mill of {n} turns in the wind." for n in range(300)))
    return tmp_path


@pytest.fixture(scope="session")
def usual_memory():
    """What a command takes that does nothing, found by the first test that asks."""
    return {}


@pytest.fixture
def refuse(suite, folder, usual_memory):
    """Run a command that must refuse in one line; return what it said."""

    def run(*words):
        if not usual_memory:
            nothing = suite("plugins", "list")
            nothing.wait()
            usual_memory["bytes"] = nothing.memory
        process = suite(*words, hooks=[["forbid_pickle"]])
        status = process.wait()
        assert not (folder / "canary").exists(), "code of the artifact ran"
        assert status == 2, process.err
        grown = process.memory - usual_memory["bytes"]
        assert grown < MEMORY, f"{grown >> 20} MB"
        said = [line for line in process.err.splitlines() if line.startswith("error: ")]
        assert len(said) == 1, process.err
        assert "Traceback" not in process.err
        assert len(said[0]) < 1000
        return said[0]

    return run


@hostile
@pytest.mark.parametrize(("name", "make", "command"), CASES, ids=[f"{name}, {command}" for name, _, command in CASES])
def test_an_artifact_that_means_harm(folder, refuse, name, make, command):
    make(folder / "RUN" / "model")
    refuse(*COMMANDS[command])
    assert not (folder / "new").exists()


@hostile
@pytest.mark.parametrize("name", [name for name in BACKBONES if name.startswith("tokenizer:")])
def test_a_tokenizer_that_means_harm(folder, refuse, name):
    BACKBONES[name](folder / "RUN" / "model")
    refuse(*TOKENIZER)


RECIPES = {
    "tags": "!!python/object/apply:os.mkdir [canary]\n",
    "a tag in a setting": "seed: !!python/object/apply:os.mkdir [canary]\n",
    "a name of Python": "seed: !!python/name:os.system\n",
    "`_target_`": "_target_: os.mkdir\n",
    "`_target_` inside": "task: {_target_: os.mkdir, path: canary}\n",
    "aliases of aliases": "a: &a [x, x]\n" + "".join(f"{b}: &{b} [{', '.join(['*' + a] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)),
    "nested without end": "a: " + "[" * 100_000,
}  # fmt: skip


@hostile
@pytest.mark.parametrize("command", ["run", "pretrain"])
@pytest.mark.parametrize("name", list(RECIPES))
def test_a_recipe_that_means_harm(folder, refuse, name, command):
    (folder / "recipe.yaml").write_text(RECIPES[name])
    words = {"run": ("run", "sentiment", "--data", "rows.tsv"), "pretrain": ("pretrain", "text.txt")}[command]
    refuse(*words, "--config", "recipe.yaml", "--out", "new")


def stopped_run(folder, settings, checkpoint):
    run = folder / "theirs"
    (run / "checkpoints").mkdir(parents=True)
    (run / "config.yaml").write_text(settings)
    # By somebody else, who has a key of their own.
    key = Path(os.environ["XDG_CONFIG_HOME"]) / "nlpsuite" / "key"
    mine = key.read_bytes() if key.exists() else None
    key.unlink(missing_ok=True)
    VerifiedCheckpointIO().save_checkpoint(
        {"global_step": 1, "nlpsuite": {"seconds": 1.0}}, run / "checkpoints" / "last.ckpt"
    )
    key.unlink()
    if mine is not None:
        key.write_bytes(mine)
    if checkpoint is not None:
        with (run / "checkpoints" / "last.ckpt").open("wb") as file:
            torch.save(checkpoint, file)
        (run / "checkpoints" / "manifest.json").unlink()
    return run.rename(folder / "mine")


@hostile
@pytest.mark.parametrize("command", ["run", "pretrain"])
def test_a_run_from_elsewhere_names_no_plugin_to_load(folder, refuse, command):
    """The settings of a stopped run name a plugin, which is code; from elsewhere they are not even read."""
    plugin = folder / "evil"
    plugin.mkdir()
    (plugin / "pyproject.toml").write_text(
        '[project]\nname = "nlpsuite-evil"\nversion = "1"\n[project.entry-points.nlpsuite]\nevil = "evil_module"\n'
    )
    (plugin / "evil_module.py").write_text("import os\nos.mkdir('canary')\n")
    stopped_run(folder, f"target: {plugin}\n", None)
    said = refuse(command, "--resume", "--out", "mine")
    assert "--trust-checkpoint" in said


@hostile
@pytest.mark.parametrize("command", ["run", "pretrain"])
def test_a_manifest_that_says_it_was_written_here_is_not_believed(folder, refuse, command):
    run = stopped_run(folder, "target: sentiment\n", None)
    manifest = run / "checkpoints" / "manifest.json"
    data = json.loads(manifest.read_text())
    for signature in ("", "0" * 64, data["signature"]):
        manifest.write_text(json.dumps(data | {"folder": str((run / "checkpoints").resolve()), "signature": signature}))
        assert "written by another user" in refuse(command, "--resume", "--out", "mine")


@hostile
@pytest.mark.parametrize("command", ["run", "pretrain"])
@pytest.mark.parametrize("what", ["checkpoint", "tags"])
def test_a_run_from_elsewhere_runs_no_code_even_if_trusted(folder, suite, command, what):
    settings = "target: sentiment\ndata: rows.tsv\n"
    if command == "pretrain":
        settings = "corpus: [text.txt]\nmax_steps: 2\nmodel: {size: nano}\n"
    if what == "tags":
        settings = "!!python/object/apply:os.mkdir [canary]\n"
    stopped_run(folder, settings, {"global_step": 1, "nlpsuite": {"seconds": 1.0}, "harm": Harm()})
    process = suite(command, "--resume", "--trust-checkpoint", "--out", "mine")
    assert process.wait() == 2, process.err
    assert "Traceback" not in process.err
    assert not (folder / "canary").exists()


@pytest.mark.fault("pickle, in the commands that use an artifact (guarded)", "none unpickles anything")
@pytest.mark.parametrize("command", list(COMMANDS))
def test_commands_never_unpickle(folder, suite, command):
    process = suite(*COMMANDS[command], hooks=[["forbid_pickle"]])
    assert process.wait() == 0, process.err


STATES = (5, None, [], {}, "x", [1], [{"a": 1}], {"x": []}, float("inf"), -1, 1 << 70, [["deep"]])


@hostile
@pytest.mark.parametrize("name", ["classification", "sentiment", "ner", "qa", "translation", "generation"])
def test_the_state_of_any_task_may_say_anything(name, tiny_tokenizer):
    """Each value of what a task learned, by all sorts of others: it is refused in one line, or it changes nothing that matters."""
    from nlpsuite.errors import UserError
    from nlpsuite.host.manager import PluginHost
    from nlpsuite.host.resolve import resolve_name
    from nlpsuite.inference.artifact import _restored
    from nlpsuite.report import Silent
    from nlpsuite.tasks.task import TaskContext

    spec = resolve_name(name, PluginHost.installed(Silent()))
    task = spec.build(TaskContext(tiny_tokenizer, 64, 0, Silent()), spec.config())
    task.fit(list(task.read(task.splits(spec.examples).train, "train")))
    state = json.loads(json.dumps(task.state()))
    for key in [*state, "unknown"]:
        for value in STATES:
            fresh = spec.build(TaskContext(tiny_tokenizer, 64, 0, Silent()), spec.config())
            try:
                _restored(fresh, {"attention": fresh.attention, "state": {**state, key: value}}, Path("config.json"))
            except UserError as error:
                assert "state is damaged" in str(error)  # noqa: PT017
