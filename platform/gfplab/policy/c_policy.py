"""Decisions that are answered in C, as they would be in the kernel: a function of a shared library, by path and symbol.

    mempool_step = c_decision("./pool_first.so", "mempool_step")

in a plugin file says that this library answers the decision; docstring, tunables and state stay in the file.  A library
that needs none of these is a plugin by itself: `-p ./pool_first.so`.  The library is opened when a run, a check or a
bench binds the decision (c_library.py), so a plugin can be listed, and its header printed, before anything is compiled.
"""

import dataclasses
import hashlib
import inspect
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FunctionType

from gfplab.errors import PolicyError
from gfplab.policy.markers import hookimpl

SUFFIX = ".so"


@dataclasses.dataclass(frozen=True)
class CDecision:
    """Where the answer to one decision point is: library, symbol, and the line of the plugin that says so."""

    library: str
    symbol: str
    line: int

    @property
    def shown(self) -> str:
        """The library as a person in this folder would write it."""
        relative = os.path.relpath(self.library)
        return self.library if relative.startswith(os.pardir) else relative


def c_decision(library: str, symbol: str = "") -> CDecision:
    """Declare that a C function answers the decision point whose name this is assigned to.

    A relative path counts from the folder of the plugin's file.  Without a symbol the function is named like the
    decision point.
    """
    caller = sys._getframe(1)
    if not isinstance(library, str) or not isinstance(symbol, str) or not library:
        raise PolicyError(
            f"{caller.f_code.co_filename}:{caller.f_lineno}: c_decision: {library!r}, {symbol!r} are not a path and "
            'a symbol; write c_decision("./mine.so", "mempool_step")'
        )
    folder = os.path.dirname(os.path.abspath(caller.f_globals.get("__file__") or ""))
    return CDecision(os.path.normpath(os.path.join(folder, library)), symbol, caller.f_lineno)


def answer_function(declared: CDecision, decision: str, arguments: Iterable[str]) -> Callable[..., int]:
    """The declared C function as the hook implementation of a decision: a Python function of all its records."""
    declared = dataclasses.replace(declared, symbol=declared.symbol or decision)

    def answer(*records):
        raise PolicyError(
            f"{declared.shown}: {declared.symbol} is called through PolicySet.bind(), which checks it first"
        )

    plain = inspect.Parameter.POSITIONAL_OR_KEYWORD
    answer.__name__ = decision
    signature = inspect.Signature([inspect.Parameter(name, plain) for name in arguments])
    vars(answer).update(__signature__=signature, c_decision=declared)
    return hookimpl(answer)


def content_of(function: Callable) -> str:
    """The sha256 of the library behind a function: as the last run bound it, else as its file is; "" if unreadable."""
    declared = declared_in_c(function)
    if declared is None:
        return ""
    try:
        return getattr(function, "c_content", "") or hashlib.sha256(Path(declared.library).read_bytes()).hexdigest()
    except OSError:
        return ""


def declared_in_c(function: object) -> CDecision | None:
    """The library and symbol behind a plugin's function; None for one that is written in Python."""
    return getattr(function, "c_decision", None) if isinstance(function, FunctionType) else None
