"""A fine-tuned model on disk: a complete backbone or adapters to one, and the task's head beside it in `heads/<task>/`.

Safetensors and JSON only. Names in the files are looked up among the installed plugins; they never become paths or imports.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from nlpsuite.backbone.adapter_files import save_adapters
from nlpsuite.backbone.checkpoint import load_backbone, save_backbone
from nlpsuite.backbone.writing import save_tensors, weights_sha256
from nlpsuite.config import build, merge
from nlpsuite.errors import UserError
from nlpsuite.files import read_json, write_json
from nlpsuite.host.resolve import resolve_name
from nlpsuite.host.spec import API_VERSION, OLDEST_API_VERSION
from nlpsuite.report import Silent
from nlpsuite.tasks.task import TaskContext
from nlpsuite.text.json_tokenizer import load_tokenizer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import nn

    from nlpsuite.backbone.adapter_files import Adapters
    from nlpsuite.backbone.model import Backbone
    from nlpsuite.config import Settings
    from nlpsuite.host.manager import PluginHost
    from nlpsuite.host.spec import TaskSpec
    from nlpsuite.report import Reporter
    from nlpsuite.tasks.task import Task
    from nlpsuite.text.tokenizer import Tokenizer

HEADS = "heads"
_COPY_AGAIN = "copy the whole model folder again"


@dataclass(frozen=True, slots=True)
class TaskModel:
    """Everything that predictions need.

    Attributes:
        name: The task's name.
        task: The task, restored.
        head: Its head, in eval mode.
        backbone: The backbone it was trained on, in eval mode.
        tokenizer: The backbone's tokenizer.
    """

    name: str
    task: Task
    head: nn.Module
    backbone: Backbone
    tokenizer: Tokenizer


def save_task_model(
    model_folder: Path,
    *,
    name: str,
    settings: Settings,
    task: Task,
    head: nn.Module,
    backbone: Backbone,
    tokenizer: Tokenizer,
    plugin: str = "",
    adapters: Adapters | None = None,
) -> None:
    """Write a model, in float32; the head's `config.json` comes last and makes it whole.

    Args:
        model_folder: Where to; made if need be.
        name: The task's name.
        settings: The plugin's settings.
        task: The task, fitted.
        head: Its head.
        backbone: The backbone, with adapters merged.
        tokenizer: The backbone's tokenizer.
        plugin: Distribution and version that the task is from, for people.
        adapters: Written in place of the backbone, which is elsewhere; None: the backbone is written.
    """
    folder = model_folder / HEADS / checked_name(name)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").unlink(missing_ok=True)
    if adapters is None:
        save_backbone(model_folder, backbone, tokenizer, torch.float32)
    else:
        save_adapters(model_folder, adapters)
        tokenizer.save(model_folder)
    tensors = {key: value.detach().cpu().contiguous().clone() for key, value in head.state_dict().items()}
    save_tensors(folder / "model.safetensors", tensors)
    config = {
        "task": name,
        "plugin": plugin,
        "api_version": API_VERSION,
        "attention": task.attention,
        "settings": settings.model_dump(mode="json"),
        "state": task.state(),
        "backbone_sha256": weights_sha256(model_folder),
        "tokenizer_sha256": tokenizer.sha256,
    }
    write_json(folder / "config.json", config)


def load_task_model(
    model_folder: Path,
    host: PluginHost,
    *,
    name: str | None = None,
    asked: Mapping[str, Any] | None = None,
    report: Reporter | None = None,
) -> TaskModel:
    """Read a model that `save_task_model` wrote; it gives the very same predictions.

    Args:
        model_folder: The folder with the backbone and `heads/`.
        host: The plugins there are.
        name: Which of the heads, where there are several.
        asked: Settings of the task that differ from those it was trained with.
        report: Where the task tells what it finds in data; nowhere if None.

    Raises:
        UserError: A part is missing or damaged, parts do not belong together, or the task's plugin is not there.
    """
    name = checked_name(name) if name is not None else only_head(model_folder)
    path = model_folder / HEADS / name / "config.json"
    config = _read_config(path, name)
    spec = _spec(name, config, host)
    backbone, tokenizer = load_backbone(model_folder)
    if config["backbone_sha256"] != weights_sha256(model_folder):
        raise UserError(
            "the head was trained on another backbone than the one beside it", where=model_folder, fix=_COPY_AGAIN
        )
    # Models of before this was noted have none.
    if config.get("tokenizer_sha256", tokenizer.sha256) != tokenizer.sha256:
        raise UserError(
            "the head was trained with another tokenizer than the one beside it", where=model_folder, fix=_COPY_AGAIN
        )
    context = TaskContext(tokenizer, backbone.config.context, 0, report or Silent())
    settings = build(spec.config, config["settings"], where=path)
    if asked:
        settings = build(spec.config, merge(config["settings"], asked), where="--set task")
    task = _restored(spec.build(context, settings), config, path)
    head = _read_head(task, backbone.config.d_model, path.with_name("model.safetensors"))
    return TaskModel(name, task, head.eval(), backbone.eval(), tokenizer)


def copy_head(model_folder: Path, to: Path, name: str) -> None:
    """Copy a head beside the same backbone, or the same tokenizer, written anew in another folder."""
    place = to / HEADS / name
    place.mkdir(parents=True)
    for file in ("config.json", "model.safetensors"):
        shutil.copyfile(model_folder / HEADS / name / file, place / file)
    # The same weights may lie in other bytes: merged, in several files, in fewer bits; and so may the tokenizer.
    own = {"backbone_sha256": weights_sha256(to), "tokenizer_sha256": load_tokenizer(to).sha256}
    write_json(place / "config.json", read_json(place / "config.json") | own)


def head_names(model_folder: Path) -> list[str]:
    """Return the names of the complete heads in a model folder."""
    return sorted(path.parent.name for path in model_folder.glob(f"{HEADS}/*/config.json"))


def only_head(model_folder: Path) -> str:
    """Return the name of the one head in a model folder.

    Raises:
        UserError: There is none, or there are several.
    """
    names = head_names(model_folder)
    if len(names) == 1:
        return checked_name(names[0])
    if names:
        raise UserError("the model has several heads", where=model_folder, fix="name one of them: " + ", ".join(names))
    raise UserError("the model has no task head", where=model_folder, fix="make one with `suite run TASK --backbone`")


def checked_name(name: str) -> str:
    """Return a task's name that is safe as the name of a folder.

    Raises:
        UserError: It is not.
    """
    if re.fullmatch(r"[a-z0-9-]+", name):
        return name
    raise UserError(f"{name!r} is no task name", fix="a name has lower-case letters, digits and hyphens")


def _read_config(path: Path, name: str) -> dict[str, Any]:
    try:
        data = read_json(path)
    except FileNotFoundError:
        raise UserError(f"the model has no head `{name}`", where=path.parent, fix=_COPY_AGAIN) from None
    except (OSError, ValueError):
        raise UserError("not readable as JSON", where=path, fix=_COPY_AGAIN) from None
    kinds: Mapping[str, type] = {
        "task": str,
        "api_version": int,
        "attention": str,
        "settings": dict,
        "state": dict,
        "backbone_sha256": str,
    }
    for key, kind in kinds.items():
        if not isinstance(data, dict) or not isinstance(data.get(key), kind):
            raise UserError(f"`{key}` is missing or not as it should be", where=path, fix=_COPY_AGAIN)
    # What is not known may be meant for another reader, and may be meant ill.
    if unknown := sorted(data.keys() - kinds.keys() - {"plugin", "tokenizer_sha256"}):
        raise UserError(f"unknown entry `{unknown[0]}`", where=path, fix=_COPY_AGAIN)
    if data["task"] != name:
        raise UserError(f"the head is of task `{data['task']}`, not `{name}`", where=path, fix=_COPY_AGAIN)
    if not OLDEST_API_VERSION <= data["api_version"] <= API_VERSION:
        what = f"the model was made with plugin API {data['api_version']}, and this nlpsuite speaks {API_VERSION}"
        raise UserError(what, where=path, fix="install the nlpsuite that made it, or train it again")
    return dict(data)


def _spec(name: str, config: Mapping[str, Any], host: PluginHost) -> TaskSpec[Any]:
    try:
        spec = resolve_name(name, host)
    except UserError as error:
        if not config.get("plugin"):
            raise
        # Not a package of the task's name from a registry: it may be somebody else's, and the user may have this one in a folder.
        fix = "install the plugin that it was trained with, such as by pip install -e ITS_FOLDER"
        raise UserError(f"{error.what}; the model was trained with that of {config['plugin']}", fix=fix) from None
    # A plugin may have the name of another plugin's task.
    return spec if spec.name == name else host.tasks()[name]


def _restored(task: Task, config: Mapping[str, Any], path: Path) -> Task:
    if task.attention != config["attention"]:
        what = f"the head was trained with {config['attention']} attention, and the plugin now has {task.attention}"
        raise UserError(
            what, where=path, fix=f"install {config.get('plugin') or 'the plugin'} as it was, or train again"
        )
    try:
        task.restore(config["state"])
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise UserError(f"the task's state is damaged ({error!r})", where=path, fix=_COPY_AGAIN) from None
    return task


def _read_head(task: Task, hidden_size: int, path: Path) -> nn.Module:
    try:
        _check_size(task, hidden_size, path)
        # The fresh weights are all replaced; the process's own chance is left as it was.
        with torch.random.fork_rng(devices=[]):
            head = task.make_head(hidden_size)
        head.load_state_dict(load_file(path))
    except FileNotFoundError:
        raise UserError("the head's weights are missing", where=path, fix=_COPY_AGAIN) from None
    except SafetensorError as error:
        raise UserError(f"damaged ({error})", where=path, fix=_COPY_AGAIN) from None
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise UserError(f"the weights do not fit the head: {reason[:200]}", where=path, fix=_COPY_AGAIN) from None
    return head


def _check_size(task: Task, hidden_size: int, path: Path) -> None:
    """Check that a head is no larger than the file of its weights, before memory is taken for it.

    How large it is, the artifact's settings and state say, and those may say anything.
    """
    try:
        with torch.device("meta"):
            values = task.make_head(hidden_size).state_dict().values()
    except (NotImplementedError, RuntimeError):
        # A head that computes with its fresh weights can only be made for good.
        return
    if (wanted := sum(value.numel() for value in values)) > path.stat().st_size:
        what = f"the settings ask for a head of {wanted:,} weights, and the file has fewer"
        raise UserError(what, where=path, fix=_COPY_AGAIN)
