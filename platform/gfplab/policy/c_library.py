"""Shared libraries that answer decisions: opened, checked against the header, called.

What is opened is a copy, named by its content, in the cache folder: a person may compile the library again while a run
goes on, and a process that has opened an older one does not get that one again.  A crash in it cannot be caught.
"""

import functools
import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gfplab.engine import cache
from gfplab.errors import PolicyError
from gfplab.policy.c_header import layout_of
from gfplab.policy.c_policy import SUFFIX, CDecision, declared_in_c
from gfplab.policy.plugin import ARGUMENTS, Plugin, did_you_mean

_MACHINES = {3: "i386", 40: "ARM", 62: "x86-64", 183: "AArch64", 243: "RISC-V"}


class Library:
    """One opened library; `content` is the sha256 of its file."""

    def __init__(self, content: str, ffi: Any, handle: Any):
        self.content, self._ffi, self._handle = content, ffi, handle
        self._found: dict[str, Any] = {}

    def has(self, symbol: str) -> bool:
        """Whether the library exports this name."""
        if symbol not in self._found:
            self._found[symbol] = self._find(symbol) if symbol.isascii() and symbol.isidentifier() else None
        return self._found[symbol] is not None

    def _find(self, symbol: str) -> Any:
        self._ffi.cdef(f"extern char {symbol}[];")
        try:
            return getattr(self._handle, symbol)
        except (AttributeError, KeyError):  # cffi raises one for functions, the other for variables
            return None

    @property
    def layout(self) -> str:
        """The layout of the header that it was compiled against, 16 digits; nothing if it includes none."""
        if not self.has("gfplab_layout"):
            return ""
        return f"{self._ffi.cast('uint64_t *', self._found['gfplab_layout'])[0]:016x}"

    @property
    def argument(self) -> str:
        """What its GFPLAB_ARGUMENT() says, or nothing."""
        if not self.has("gfplab_argument"):
            return ""
        return self._ffi.string(self._found["gfplab_argument"]).decode("utf-8", "replace").strip()

    def address(self, symbol: str) -> int:
        """Where the machine code of a function begins."""
        return int(self._ffi.cast("intptr_t", self._found[symbol])) if self.has(symbol) else 0

    def function(self, symbol: str) -> Callable[..., int]:
        """The C function as a Python function of any number of records: it sees copies, but of `my`, the last."""
        ffi, start = self._ffi, self._found[symbol]

        def ask(*records: Any) -> int:
            pointers = ", ".join(["void *"] * len(records))
            copies: list[Any] = [ffi.from_buffer(bytearray(memoryview(record).cast("B"))) for record in records[:-1]]
            copies.append(ffi.NULL if records[-1] is None else ffi.from_buffer(records[-1]))
            return ffi.cast(f"int64_t(*)({pointers})", start)(*copies)

        return ask


def library_of(plugin: Plugin, decision: str) -> tuple[Library, str]:
    """The library and the symbol that answer a decision, fit for the records of this gfplab and for the plugin."""
    declared = declared_in_c(plugin.functions[decision])
    assert declared is not None
    where = f"{plugin.path}:{declared.line}" if plugin.path.endswith(".py") else plugin.path
    library = opened(declared.library, where)
    print_it = f"`gfplab explain --c-header{' ' + plugin.path if plugin.layout else ''} > gfplab.h`"
    if not library.has(declared.symbol):
        known = [name for name in ARGUMENTS if library.has(name)]
        hint = did_you_mean(declared.symbol, known) if known else "is it static, or compiled as C++?"
        raise PolicyError(f"{where}: {declared.shown} exports no function '{declared.symbol}'; {hint}")
    if not library.layout:
        raise PolicyError(
            f'{where}: {declared.shown} was compiled without gfplab\'s header; write {print_it} and #include "gfplab.h"'
        )
    wanted = layout_of(plugin)
    if library.layout != wanted:
        raise PolicyError(
            f"{where}: {declared.shown} was compiled against the records of another header (layout {library.layout}, "
            f"here {wanted}); write {print_it} and compile it again"
        )
    vars(plugin.functions[decision])["c_content"] = library.content  # what the run was made with
    return library, declared.symbol


def load_library(path: str, origin: str) -> Plugin:
    """The plugin that a library is by itself: it answers every decision point of which it exports the name."""
    from gfplab.policy.plugin import plugin_of_text

    declared = CDecision(os.path.abspath(path), "", 1)
    library = opened(declared.library, declared.shown)
    answers = [name for name in ARGUMENTS if library.has(name)]
    if not answers:
        raise PolicyError(f"{declared.shown}: answers no decision point; export a function named like one")
    if not library.argument:
        raise PolicyError(
            f'{declared.shown}: does not say what it argues; write GFPLAB_ARGUMENT("One sentence.") into its source'
        )
    lines = [repr(library.argument), "from gfplab import c_decision"]
    lines += [f"{name} = c_decision({declared.library!r}, {name!r})" for name in answers]
    return plugin_of_text("\n".join(lines) + "\n", path, declared.shown, origin)


def opened(path: str, where: str) -> Library:
    """The library in a file as it is now; PolicyError says why it cannot be used."""
    shown = CDecision(path, "", 0).shown
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise PolicyError(
            f"{where}: {shown} cannot be read: {error.strerror}; compile it with cc -O2 -shared -fPIC -o {shown} FILE.c"
        ) from None
    fault = _unfit(content)
    if fault:
        raise PolicyError(f"{where}: {shown} {fault}")
    copy = cache.root() / "libraries" / f"{hashlib.sha256(content).hexdigest()}{SUFFIX}"
    copy.parent.mkdir(exist_ok=True)
    cache.write(copy, content)
    try:
        return _open(str(copy))
    except OSError as error:
        reason = str(error).rpartition(f"{copy.name}: ")[2].partition(".  Additionally")[0]  # cffi adds advice
        raise PolicyError(f"{where}: {shown} cannot be loaded: {reason}") from None
    except ImportError:
        raise PolicyError(f"{where}: a policy in C needs cffi; install it with pip install 'gfplab[c]'") from None


@functools.cache
def _open(copy: str) -> Library:
    import cffi

    ffi = cffi.FFI()
    return Library(Path(copy).stem, ffi, ffi.dlopen(copy))


def _unfit(content: bytes) -> str:
    """What is wrong with a file that this process cannot load, judged by its head and by Python's own; or nothing."""
    own = _own_head()
    if content[:4] != own[:4]:
        return "is not a shared object; compile it with cc -O2 -shared -fPIC"
    if own[:4] != b"\x7fELF":
        return ""
    machine, ours = (int.from_bytes(head[18:20], sys.byteorder) for head in (content, own))
    if content[4:6] != own[4:6] or machine != ours:
        names = [_MACHINES.get(number, f"machine {number}") for number in (machine, ours)]
        return f"is for {names[0]}, and this is {names[1]}; compile it here"
    if int.from_bytes(content[16:18], sys.byteorder) != 3:
        return "is no shared object yet; link it with cc -shared -fPIC"
    # the loader maps what the head promises, and a process that reads beyond the end of a file is killed
    sections, size, count = (int.from_bytes(content[a:b], sys.byteorder) for a, b in ((40, 48), (58, 60), (60, 62)))
    if content[4] == 2 and sections + size * count > len(content):
        return "is cut off; compile it again"
    return ""


@functools.cache
def _own_head() -> bytes:
    with open(sys.executable, "rb") as file:
        return file.read(64)
