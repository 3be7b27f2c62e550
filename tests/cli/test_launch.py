"""Which GPUs the processes of a command see."""

from __future__ import annotations

import pytest

from nlpsuite.cli.launch import visible_gpus
from nlpsuite.errors import UserError


@pytest.mark.parametrize(
    ("indices", "visible", "expected"),
    [("2,3", None, "2,3"), ("2,3,", "", "2,3"), ("1,0", "4,5,6", "5,4"), ("0,1", "GPU-a,GPU-b", "GPU-a,GPU-b")],
)
def test_indices_count_what_is_visible(indices, visible, expected):
    assert visible_gpus(indices, visible) == expected


def test_an_index_that_is_not_visible_is_refused():
    with pytest.raises(UserError, match=r"there is no GPU 2 among CUDA_VISIBLE_DEVICES=4,5"):
        visible_gpus("1,2", "4,5")
