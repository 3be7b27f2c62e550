"""What folders of models are known by, and the one that comes with the package. This file imports no torch."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from nlpsuite.errors import UserError

EMBEDDED = "nano"
"""The name of the backbone that comes with the package."""
CONFIG, ADAPTER_CONFIG = "config.json", "adapter_config.json"
"""The file that makes a folder a backbone, and the one that makes it adapters to a backbone elsewhere."""


def embedded_folder() -> Path:
    """Return the folder of the embedded backbone.

    Raises:
        UserError: This installation comes without it.
    """
    folder = Path(str(resources.files("nlpsuite") / "assets" / EMBEDDED))
    if (folder / CONFIG).is_file():
        return folder
    fix = "train one with `suite pretrain TEXT --size nano` and name its run, or use --backbone scratch"
    raise UserError("this nlpsuite comes without the embedded backbone", where=folder, fix=fix)


def is_model(folder: Path) -> bool:
    """Whether a folder holds a backbone, or adapters to one."""
    return (folder / CONFIG).is_file() or (folder / ADAPTER_CONFIG).is_file()


def is_adapted(folder: Path) -> bool:
    """Whether a folder holds adapters to a backbone elsewhere, and no backbone of its own."""
    return (folder / ADAPTER_CONFIG).is_file() and not (folder / CONFIG).is_file()
