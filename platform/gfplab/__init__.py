"""gfplab: policies for forward progress under memory pressure, written in Python, tried on a simulated Linux.

The public names of a policy plugin; everything else is reached through its own module.
"""

__version__ = "0.1.0"

_PUBLIC = {
    "hookimpl": "gfplab.policy.markers",
    "tunable": "gfplab.policy.tunables",
    "state": "gfplab.policy.tunables",
    "c_decision": "gfplab.policy.c_policy",
    "ALLOC": "gfplab.kernel.steps",
    "RESERVE": "gfplab.kernel.steps",
    "WAIT": "gfplab.kernel.steps",
    "FAIL": "gfplab.kernel.steps",
}

__all__ = ["ALLOC", "FAIL", "RESERVE", "WAIT", "c_decision", "hookimpl", "state", "tunable"]


def __getattr__(name):
    """Load a public name on first use, so that `gfplab --help` pays for none of them."""
    if name in _PUBLIC:
        import importlib

        return getattr(importlib.import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'gfplab' has no attribute {name!r}")
