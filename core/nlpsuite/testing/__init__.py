"""For authors of plugins: the promises that every task keeps, as tests to inherit. Needs pytest only where tests are run."""

from __future__ import annotations

from nlpsuite.testing.conformance import TaskConformance

__all__ = ["TaskConformance"]
