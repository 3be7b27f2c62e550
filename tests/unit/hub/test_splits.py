from __future__ import annotations

import pytest

from nlpsuite.errors import UserError
from nlpsuite.hub.names import DataName
from nlpsuite.hub.request import DataRequest
from nlpsuite.hub.splits import Part, choose_splits, not_used, parts_of


def chosen(names, purpose="train", **splits):
    return choose_splits(names, DataRequest(DataName("hf:x", "x"), purpose, {}, splits))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["train", "validation", "test"], {"train": "train", "valid": "validation", "test": "test"}),
        (["test", "train", "unsupervised"], {"train": "train", "test": "test"}),
        (["train", "dev"], {"train": "train", "valid": "dev"}),
        (
            ["train", "validation_matched", "validation_mismatched", "test_matched"],
            {"train": "train", "valid": "validation_matched", "test": "test_matched"},
        ),
        (["train_sft", "test_sft"], {"train": "train_sft", "test": "test_sft"}),
        (["corpus"], {"train": "corpus"}),
    ],
)
def test_splits_are_found_by_their_names(names, expected):
    assert chosen(names) == expected


def test_what_the_user_says_comes_first():
    names = ["train", "validation", "test"]
    assert chosen(names, train="train[:10]")["train"] == "train[:10]"
    assert chosen(names, test="") == {"train": "train", "valid": "validation"}
    # A split is not read a second time for what it was not named for.
    assert chosen(names, train="train+validation") == {"train": "train+validation", "test": "test"}
    assert chosen(names, valid="test") == {"train": "train", "valid": "test"}
    assert not_used(names, {"train": "train[:10]", "test": "test"}) == ["validation"]


def test_what_is_scored():
    names = ["train", "validation", "test"]
    assert chosen(names, "score") == {"valid": "validation", "test": "test"}
    assert chosen(["train", "dev"], "predict") == {"valid": "dev"}
    assert chosen(["rows"], "score") == {"test": "rows"}
    assert chosen(names, "score", test="train[:5]") == {"valid": "validation", "test": "train[:5]"}


def test_splits_that_are_not_there():
    with pytest.raises(UserError, match=r"no split `trian`; did you mean `train`\? there is `train`, `test`"):
        chosen(["train", "test"], train="trian[:10]")
    with pytest.raises(UserError, match="no split for training among `a`, `b`; say which is, with --splits train=NAME"):
        chosen(["a", "b"])
    with pytest.raises(UserError, match="no test or validation split among `train`, `extra`"):
        chosen(["train", "extra"], "score")


def test_slices(lib):
    sizes = {"train": 200, "test": None}
    assert parts_of("train", sizes, "x") == [Part("train")]
    assert parts_of("train[:10]", sizes, "x") == [Part("train", 0, 10)]
    assert parts_of("train[10%:20%]", sizes, "x") == [Part("train", 20, 40)]
    assert parts_of("train[-5:]", sizes, "x") == [Part("train", 195, 200)]
    assert parts_of("train[:900]+test[5:]", sizes, "x") == [Part("train", 0, 200), Part("test", 5)]
    assert parts_of("test[:7]", sizes, "x") == [Part("test", 0, 7)]
    with pytest.raises(UserError, match=r"`test\[:50%\]` needs the number of rows of `test`"):
        parts_of("test[:50%]", sizes, "x")
    with pytest.raises(UserError, match=r"`train\[a:b\]` is no split"):
        parts_of("train[a:b]", sizes, "x")
