"""Kernel tests share their benches: io_world.py for the I/O path, wb_lab.py for writeback, mm_lab.py for the whole."""

import contextlib
import fcntl
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@contextlib.contextmanager
def alone(name):
    """One process at a time: what the first one compiles, the others find in the cache."""
    from gfplab.engine import cache

    with open(cache.root() / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def compiled():
    """The simulated kernel, compiled."""
    from gfplab.run import build_kernel

    with alone("compile"):
        return build_kernel("compiled")
