"""What tests of all folders share: the compiled kernel, which takes minutes once and then comes from the cache."""

import fcntl
import signal

import pytest

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # a shell starts what runs in its background deaf to Ctrl-C, which every command that a test starts would inherit
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def compiled():
    """The simulated kernel, compiled by one process while the others wait for it."""
    from gfplab.engine import cache
    from gfplab.run import build_kernel

    with open(cache.root() / "compile.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return build_kernel("compiled")
