"""A key of the user's own: what it signed is known, what another one signed is not."""

from __future__ import annotations

import os
import stat

import pytest

from nlpsuite import own_key
from nlpsuite.own_key import is_signed, sign


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config"


def test_what_was_signed_is_known(home):
    signature = sign("/runs/one")
    assert is_signed("/runs/one", signature)
    assert not is_signed("/runs/two", signature)
    assert not is_signed("/runs/one", "")
    assert not is_signed("/runs/one", signature[:-1])
    assert stat.S_IMODE((home / "nlpsuite" / "key").stat().st_mode) == 0o600
    assert os.listdir(home / "nlpsuite") == ["key"]


def test_another_user_signs_otherwise(home):
    signature = sign("/runs/one")
    (home / "nlpsuite" / "key").unlink()
    assert sign("/runs/one") != signature
    assert not is_signed("/runs/one", signature)


def test_where_no_key_can_be_kept_nothing_is_signed(monkeypatch):
    monkeypatch.setattr(own_key, "_key", lambda: None)
    assert sign("/runs/one") == ""
    assert is_signed("/runs/one", "")
    assert not is_signed("/runs/one", "5" * 64)


def test_a_path_that_is_no_text_can_be_signed():
    name = os.fsdecode(b"/runs/caf\xe9")
    assert is_signed(name, sign(name))
