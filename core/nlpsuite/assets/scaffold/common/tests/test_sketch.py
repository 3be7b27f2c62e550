"""The promises that every task keeps, held against this one on its own example rows."""

import nlpsuite_sketch

from nlpsuite.testing import TaskConformance


class TestSketch(TaskConformance):
    """One test for each promise; `suite plugins check sketch` shows the same as a table."""

    spec = nlpsuite_sketch.nlpsuite_tasks()[0]
