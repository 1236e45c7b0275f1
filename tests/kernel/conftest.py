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


def built(check):
    from gfplab.run import build_kernel

    with alone("compile"):
        return build_kernel("compiled", check=check)


@pytest.fixture(scope="session")
def compiled():
    """The simulated kernel, compiled."""
    return built(check=False)


@pytest.fixture(scope="session")
def compiled_and_checked():
    """The simulated kernel with its asserts, bounds checks and invariants, compiled."""
    return built(check=True)
