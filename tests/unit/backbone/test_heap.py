"""Memory that is freed and asked for again: by page faults, in a process of its own, where the C library is glibc."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

COUNT = """
import resource, sys
from nlpsuite.backbone.heap import keep_freed_memory
if sys.argv[1] == "keep":
    keep_freed_memory()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def touch():
    # More than the 32 MB up to which glibc learns by itself.
    return bytearray(40_000_000)
touch()
before = faults()
for _ in range(20):
    touch()
print(faults() - before)
"""


def faults(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", COUNT, how], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_memory_that_was_freed_is_used_again_without_page_faults():
    pages = 40_000_000 // 4096
    assert faults("let go") > 10 * pages
    assert faults("keep") < pages


def test_another_c_library_is_left_alone(monkeypatch):
    from nlpsuite.backbone import heap

    def no_such_function(name):
        raise OSError(name)

    monkeypatch.setattr(heap.ctypes, "CDLL", no_such_function)
    heap.keep_freed_memory()
