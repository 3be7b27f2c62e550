"""A callback of a plugin that the user did not ask for: what goes wrong in it ends it, and not the user's run."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pytorch_lightning import Callback

if TYPE_CHECKING:
    from collections.abc import Callable

_HOOKS = tuple(name for name in dir(Callback) if name.startswith("on_") or name in ("setup", "teardown"))


class GuardedCallback(Callback):
    """Passes everything on to another callback until that one raises.

    Args:
        inner: The callback.
        fault: Told what it raised, once; it is not called again.
    """

    def __init__(self, inner: Callback, fault: Callable[[Exception], None]):
        self._inner, self._fault, self._broken = inner, fault, False
        for name in _HOOKS:
            setattr(self, name, partial(self._call, name))

    @property
    def state_key(self) -> str:
        """The other one's, so that its state is found again."""
        return self._inner.state_key

    def state_dict(self) -> dict[str, Any]:
        """Return the other one's state."""
        found = self._guard(self._inner.state_dict)
        return found if isinstance(found, dict) else {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Give it its state back."""
        self._guard(self._inner.load_state_dict, state_dict)

    def _call(self, name: str, *words: Any, **named: Any) -> None:
        self._guard(getattr(self._inner, name), *words, **named)

    def _guard(self, call: Callable[..., Any], *words: Any, **named: Any) -> Any:
        if self._broken:
            return None
        try:
            return call(*words, **named)
        except Exception as error:
            # KeyboardInterrupt and the host's own way of stopping are no faults, and are no Exceptions of the callback's.
            self._broken = True
            self._fault(error)
            return None
