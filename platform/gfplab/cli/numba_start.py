"""numba in a tenth of a second less: without SciPy, which it imports only to know whether there is a BLAS.

No simulated kernel and no policy multiplies matrices. Only a process of the command line does this: in one of your own,
your other functions may need what numba would have found.
"""

import sys


def start_numba() -> None:
    """Import numba's array functions while SciPy cannot be found; nothing if either is there already."""
    if "scipy" in sys.modules or "numba.np.arraymath" in sys.modules:
        return
    sys.modules["scipy"] = None  # what Python takes for a module that does not exist
    try:
        import numba.np.arraymath  # noqa: F401
    finally:
        del sys.modules["scipy"]
