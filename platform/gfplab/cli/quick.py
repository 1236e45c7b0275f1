"""What makes one command line quicker to its first result, and would be rude in a process that is not our own."""

import contextlib
import gc
import sys


class CollectorOff(contextlib.ContextDecorator):
    """No garbage collection meanwhile: an eighth of a short run, in which a million objects are made to stay."""

    def __enter__(self) -> None:
        self._was = gc.isenabled()
        gc.disable()

    def __exit__(self, *_error: object) -> None:
        if self._was:
            gc.enable()


def start_numba() -> None:
    """Import numba's array functions while SciPy cannot be found; nothing if either is there already.

    numba asks SciPy only whether there is a BLAS, which takes a tenth of a second, and no simulated kernel and no
    policy multiplies matrices.
    """
    if "scipy" in sys.modules or "numba.np.arraymath" in sys.modules:
        return
    sys.modules["scipy"] = None  # what Python takes for a module that does not exist
    try:
        import numba.np.arraymath  # noqa: F401
    finally:
        del sys.modules["scipy"]
