"""The promises that every task keeps, and the marks and edges of this one."""

import io

import nlpsuite_relation
import pytest
from nlpsuite_relation.data import marked_cell
from nlpsuite_relation.graph import edges, write

from nlpsuite.testing import TaskConformance


class TestRelation(TaskConformance):
    """One test for each promise."""

    spec = nlpsuite_relation.nlpsuite_tasks()[0]


@pytest.mark.parametrize("text", ["[[Ada]] saw ((Bo)).", "((Bo)) was seen by [[Ada]]."])
def test_marks_are_taken_out_and_places_kept(text):
    row = marked_cell(text)
    assert row["text"] == text.replace("[[", "").replace("]]", "").replace("((", "").replace("))", "")
    assert row["text"][slice(*row["subject"])] == "Ada"
    assert row["text"][slice(*row["object"])] == "Bo"


@pytest.mark.parametrize("text", ["Ada saw Bo.", "[[Ada]] saw Bo.", "[[Ada ((Bo))]] slept.", "[[A]] [[B]] ((C))"])
def test_other_marks_are_refused(text):
    with pytest.raises(ValueError, match="must"):
        marked_cell(text)


def test_a_graph_counts_its_edges():
    triple = '{"triple": {"subject": "Ada", "relation": "knows", "object": "Bo"}, "probability": %s}'
    rows = edges([triple % 0.5, triple % 1.0, '{"triple": null, "probability": 0.9}', ""])
    assert rows == [("Ada", "knows", "Bo", 2, 0.75)]
    out = io.StringIO()
    write(rows, out)
    assert out.getvalue().splitlines()[1] == "Ada\tknows\tBo\t2\t0.7500"
