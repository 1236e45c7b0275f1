"""From a linted function to machine code: each decision compiled once, against one fixed signature.

The compiled form of `f(vm, task, my)` is int64(Record(vm), Record(task), Record(scan), int64): every record of the
decision, asked for or not, and the address of the plugin's `my`.  The kernel calls it through a pointer.  The result is
cached on disk under a hash of everything that can change it: the text of the function and of those it calls, the values
of its constants, the layouts of its records, and the files that compile it.

Arithmetic is Python's: a division by zero, an index out of bounds and a negative shift raise, as they do interpreted,
and a loop without an end is noticed in both forms.  Whole numbers have 64 bits and wrap.
"""

import ast
import functools
import inspect
import json
import threading
import types as python_types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numba import from_dtype, int64, njit, types
from numba.core import caching
from numba.extending import intrinsic

from gfplab.engine import cache
from gfplab.engine.decision import Decision
from gfplab.errors import PolicyError
from gfplab.policy.c_policy import declared_in_c
from gfplab.policy.expressions import STEPS
from gfplab.policy.faults import told
from gfplab.policy.guards import GUARDS
from gfplab.policy.interpret import reached, watched
from gfplab.policy.places import Layout, kinds_of, kinds_used, row_layout, with_rows
from gfplab.policy.plugin import Plugin
from gfplab.policy.rewrite import rewritten

_LOCK = threading.Lock()
_LOADED: dict[str, Callable] = {}  # key -> dispatcher, for this process
OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "python"}
# what the lint lets through and the compiler does not; its own words mean nothing to an author, and are the cause
_UNREADABLE = "{} cannot be compiled; keep to whole numbers and floats, one kind in each name, and take this line apart"
_SOURCES = ("compile.py", "rewrite.py", "guards.py", "faults.py")


def signature(decision: Decision, dtypes: Mapping[str, np.dtype]):
    """int64(Record, ..., int64): what the kernel calls."""
    return int64(*(from_dtype(dtypes[records]) for _name, records in decision.args), int64)


def compile_decision(plugin: Plugin, decision: Decision, dtypes: Mapping[str, np.dtype]):
    """The dispatcher of one decision of a linted plugin; it has one signature and compiles no other."""
    key = decision_key(plugin, decision, dtypes)
    if declared_in_c(plugin.functions[decision.name]):
        from gfplab.policy.c_compile import compile_call

        return loaded_once(key, lambda: compile_call(plugin, decision, dtypes, key))
    return loaded_once(key, lambda: _compile(plugin, decision, dtypes, reached(plugin, decision.name), key))


def decision_key(plugin: Plugin, decision: Decision, dtypes: Mapping[str, np.dtype]) -> str:
    """The name of the machine code of a plugin's answer."""
    if declared_in_c(plugin.functions[decision.name]):
        from gfplab.policy.c_compile import c_key

        return c_key(plugin, decision, dtypes)
    return _key(plugin, decision, dtypes, reached(plugin, decision.name))


def loaded_once(key: str, compiled: Callable[[], Any]):
    """What `compiled` gives, made once in this process."""
    with _LOCK:
        if key not in _LOADED:
            _LOADED[key] = compiled()
        return _LOADED[key]


def python_function(plugin: Plugin, decision: Decision) -> Callable[..., int]:
    """The plugin's own function, taking every record of the decision and `my`."""
    wanted = list(inspect.signature(plugin.functions[decision.name]).parameters)
    function = _own_function(plugin, decision)
    offered = [*(name for name, _records in decision.args), "my"]
    answer = function
    if wanted != offered:
        places = [offered.index(name) for name in wanted]

        @functools.wraps(function)
        def every_record(*records):
            return function(*[records[place] for place in places])

        answer = every_record
    kinds = kinds_used(plugin, reached(plugin, decision.name)) if _keeps_rows(plugin, decision) else []
    return with_rows(plugin, decision, answer) if kinds else answer


def _keeps_rows(plugin: Plugin, decision: Decision) -> bool:
    """A function in C finds its rows by itself, with my->per_pool_at and pool->index."""
    return bool(kinds_of(plugin)) and not declared_in_c(plugin.functions[decision.name])


def _own_function(plugin: Plugin, decision: Decision) -> Callable[..., int]:
    function = plugin.functions[decision.name]
    if declared_in_c(function):
        from gfplab.policy.c_library import library_of

        library, symbol = library_of(plugin, decision.name)
        return library.function(symbol)
    return watched(plugin, decision.name)


def _constants(plugin: Plugin, names: list[str]) -> dict[str, int | float]:
    """The module's numbers that these functions read."""
    known = vars(plugin.module)
    return {name: known[name] for name in _read(plugin, tuple(names)) if type(known.get(name)) in (bool, int, float)}


@functools.lru_cache
def _read(plugin: Plugin, names: tuple[str, ...]) -> list[str]:
    """The names that these functions mention, in order."""
    return sorted({n.id for name in names for n in ast.walk(plugin.definitions[name]) if isinstance(n, ast.Name)})


def _key(plugin: Plugin, decision: Decision, dtypes: Mapping[str, np.dtype], names: list[str]) -> str:
    """A hash of all that the machine code depends on, but versions and processor, which name the cache folder."""
    layouts = tuple(dtypes[records] for _name, records in decision.args)
    return _key_of(plugin, decision, layouts, tuple(names), tuple(_constants(plugin, names).items()))


@functools.lru_cache(maxsize=1 << 14)
def _key_of(plugin: Plugin, decision: Decision, layouts, names: tuple[str, ...], constants: tuple) -> str:
    """The same; runs of a study ask it again and again."""
    dtypes = {records: layout for (_name, records), layout in zip(decision.args, layouts, strict=True)}
    parts = [
        _compiler(),
        record_texts(decision, dtypes),
        [plugin.layout, *(row_layout(plugin, kind) for kind in kinds_of(plugin))],
        _texts(plugin, names),
        constants,
        plugin.path,  # a traceback names it
    ]
    return cache.digest(json.dumps(parts))


@functools.cache
def _compiler() -> list[str]:
    """The text of what compiles, and of the functions that policies call; it does not change while a process lives."""
    files = [Path(__file__).with_name(name).read_text(encoding="utf-8") for name in _SOURCES]
    return files + [inspect.getsource(step) for step in STEPS.values()]


def record_texts(decision: Decision, dtypes: Mapping[str, np.dtype]) -> list[tuple[str, str, str]]:
    """The layout of each record of a decision."""
    return [(name, records, _layout_text(dtypes[records])) for name, records in decision.args]


@functools.cache
def _layout_text(dtype: np.dtype) -> str:
    """repr() of a structured dtype takes numpy longer than a small simulation takes to run."""
    return repr(dtype)


@functools.lru_cache
def _texts(plugin: Plugin, names: tuple[str, ...]) -> list[tuple[int, str | None]]:
    """Line and text of functions, as they were typed: a fault quotes its line."""
    definitions = [plugin.definitions[name] for name in names]
    return [(node.lineno, ast.get_source_segment(plugin.source, node)) for node in definitions]


def _compile(plugin, decision, dtypes, names, key):
    namespace = {**_constants(plugin, names), **_callables(), "__name__": __name__}
    if plugin.layout:
        namespace["__my"] = record_at(from_dtype(my_dtype(plugin.layout)))
    kinds = kinds_used(plugin, names)
    for kind in kinds:
        namespace[f"__row_{kind}"] = record_at(from_dtype(my_dtype(row_layout(plugin, kind))))
    definitions = [rewritten(plugin, name, decision if name == decision.name else None, kinds) for name in names]
    module = ast.fix_missing_locations(ast.Module(definitions, []))
    exec(compile(module, plugin.module.__file__ or plugin.path, "exec"), namespace)
    for name in names[:-1]:
        namespace[name] = njit(_named_by(key, namespace[name]), **OPTIONS)
    try:
        return dispatcher_of(namespace[decision.name], decision, dtypes, key)
    except Exception as error:  # numba raises KeyError and others as well
        line = error.loc.line if getattr(error, "loc", None) else plugin.definitions[decision.name].lineno
        raise PolicyError(told(plugin.path, plugin.source, line, _UNREADABLE.format(decision.name))) from error


def dispatcher_of(function: python_types.FunctionType, decision: Decision, dtypes: Mapping[str, np.dtype], key: str):
    """`function` compiled for the one signature of the decision, or what the cache has under `key`."""
    dispatcher = njit(_named_by(key, function), **OPTIONS)
    dispatcher._cache = PolicyCache(function, key)
    dispatcher.compile(signature(decision, dtypes))
    dispatcher.disable_compile()
    return dispatcher


def _named_by(key: str, function: python_types.FunctionType) -> python_types.FunctionType:
    """numba finds machine code by a symbol made of this name; policies compiled by other processes would share it."""
    function.__qualname__ = f"{function.__name__}__{key}"
    return function


def my_dtype(layout: Layout) -> np.dtype:
    """The record `my`, or one row of it, as numpy sees it: 8-byte slots, arrays inline."""
    return np.dtype([(name, kind, (length,)) if length > 1 else (name, kind) for name, kind, length in layout])


@functools.cache
def record_at(record: types.Record):
    """The function address -> the record that lies there."""

    @intrinsic
    def record_at(_context, address):
        def generate(context, builder, _sig, args):
            return builder.inttoptr(args[0], context.get_value_type(record))

        return record(int64), generate

    return record_at


@functools.cache
def _callables() -> dict[str, Callable]:
    """What compiled policies call that they do not define."""
    steps: dict[str, Callable] = {name: njit(function, **OPTIONS) for name, function in STEPS.items()}
    return {**GUARDS, **steps}


class PolicyCache(caching.FunctionCache):
    """numba's cache of one function, found by our key and not by the date of a file."""

    def __init__(self, function: python_types.FunctionType, key: str):
        folder = str(cache.folder() / "policies" / key)

        class Locator(caching._CacheLocator):
            _py_file = function.__code__.co_filename

            def get_cache_path(self):
                return folder

            def get_source_stamp(self):
                return key

            def get_disambiguator(self):
                return "0"

            @classmethod
            def from_function(cls, py_func, py_file):
                return cls()

        class Implementation(caching.CompileResultCacheImpl):
            _locator_classes: list[Any] = [Locator]

        self._impl_class = Implementation
        super().__init__(function)
