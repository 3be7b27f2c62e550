"""What tests of compiled networks share."""

from __future__ import annotations

import pytest


@pytest.fixture
def compiler():
    """Give torch's counts of what it compiles, from nothing on."""
    import torch

    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    yield torch._dynamo.utils.counters
    torch._dynamo.reset()
