"""A decision in C as compiled code sees it: a dispatcher of the decision's own signature that calls the library.

The machine code names the C function by a symbol that carries the library's hash, and the symbol is given its address
whenever the library is opened: so the few instructions around the call are cached like any policy.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from llvmlite import binding, ir
from numba import int64
from numba.extending import intrinsic

from gfplab.engine import cache
from gfplab.engine.decision import Decision
from gfplab.policy.c_library import library_of
from gfplab.policy.compile import dispatcher_of, record_texts
from gfplab.policy.plugin import Plugin


def c_key(plugin: Plugin, decision: Decision, dtypes: Mapping[str, np.dtype]) -> str:
    """A hash of all that the machine code around the call depends on, and of the library."""
    library, symbol = library_of(plugin, decision.name)
    parts = [
        library.content,
        symbol,
        record_texts(decision, dtypes),
        bool(plugin.layout),
        Path(__file__).read_text(encoding="utf-8"),
    ]
    return cache.digest(json.dumps(parts))


def compile_call(plugin: Plugin, decision: Decision, dtypes: Mapping[str, np.dtype], key: str):
    """The dispatcher int64(Record, ..., int64) that calls the C function with pointers to the records and to `my`."""
    library, symbol = library_of(plugin, decision.name)
    external = f"gfplab_c_{key}"
    binding.add_symbol(external, library.address(symbol))
    arguments = [*(name for name, _array in decision.args), "my"]
    text = f"def {decision.name}({', '.join(arguments)}):\n    return __in_c({', '.join(arguments)})\n"
    namespace = {"__in_c": _call(external, len(arguments), bool(plugin.layout)), "__name__": __name__}
    exec(compile(text, plugin.path, "exec"), namespace)
    return dispatcher_of(namespace[decision.name], decision, dtypes, key)


def _call(external: str, count: int, keeps: bool):
    """call(record, ..., my): the function `external`; a plugin that keeps nothing gets a null pointer for `my`."""

    def typed(_context, *records):
        def generate(_target, builder, _sig, args):
            pointer = ir.IntType(8).as_pointer()
            kind = ir.FunctionType(ir.IntType(64), [pointer] * count)
            function = builder.module.globals.get(external) or ir.Function(builder.module, kind, external)
            given = [builder.bitcast(record, pointer) for record in args[:-1]]
            given.append(builder.inttoptr(args[-1], pointer) if keeps else ir.Constant(pointer, None))
            return builder.call(function, given)

        return int64(*records), generate

    # numba reads the names of an intrinsic's parameters, so they cannot be *records
    names = ", ".join(f"record{n}" for n in range(count))
    namespace = {"typed": typed}
    exec(f"def call(context, {names}):\n    return typed(context, {names})\n", namespace)
    return intrinsic(namespace["call"])
