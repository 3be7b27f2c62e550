"""Keeps the run's own answer to SIGTERM in force while Lightning trains."""

from __future__ import annotations

import signal
import threading
from typing import Any

import pytorch_lightning as pl


class KeepSignals(pl.Callback):
    """Undo Lightning's handler, which ends a run in the middle of a step and saves nothing.

    Make it before `fit`, when the run's own handler is in place.
    """

    def __init__(self) -> None:
        self._handler = signal.getsignal(signal.SIGTERM)

    def on_train_start(self, trainer: pl.Trainer, pl_module: Any) -> None:
        """Put the run's own handler back; Lightning set its own just before."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self._handler)
