"""A policy on the test stand: answers that mean something, the same compiled as in Python, and what a call costs.

The records it is asked about are drawn at random, small numbers more often than large ones, so that both
sides of most conditions are met; mempool_step is also led through whole calls (drill.py).  Nothing is simulated.
"""

import dataclasses
import random
import time
from collections.abc import Callable

import numpy as np

from gfplab.engine.decision import BoundDecision, Decision
from gfplab.engine.state import Schema, record_class
from gfplab.errors import PolicyError
from gfplab.kernel.decisions import DECISIONS
from gfplab.kernel.gfp import (
    __GFP_IO,
    GFP_ATOMIC,
    GFP_KERNEL,
    GFP_NOFS,
    GFP_NOIO,
    GFP_NOWAIT,
    PF_MEMALLOC,
    TIF_MEMDIE,
    gfp_names,
)
from gfplab.kernel.types import kernel_schema
from gfplab.policy.drill import Drill
from gfplab.policy.explain import contract
from gfplab.policy.plugin import Plugin
from gfplab.policy.select import PolicySet
from gfplab.units import SEC

_FLAGS = tuple(1 << bit for bit in range(36))
# the answers that mean something, where that does not depend on the call
_ANSWERS = {
    "mempool_free": range(2),
    "mempool_magazine": range(17),
    "gfp_to_alloc_flags": range(64),
    "get_scan_count": range(-1, 65537),
    "too_many_isolated": range(2),
    "throttle_direct_reclaim": range(-1, 3600 * SEC),
    "throttle_vm_writeout": range(3600 * SEC),
    "wait_iff_congested": range(3600 * SEC),
    "reclaim_throttle": range(3600 * SEC),
    "inflight_gate": range(2),
}
_LIMITED = {
    "swappiness": range(201),
    "priority": range(13),
    "may_swap": range(2),
    "may_sleep": range(2),
    "kswapd": range(2),
    "file": range(2),
    "point": range(3, 5),
    "reason": range(1, 5),
    "last": range(4),
}
_MASKS = ("pf_flags", "gfp_mask", "optimistic", "full", "last_mask", "flags")


@dataclasses.dataclass(frozen=True)
class DecisionCheck:
    """What was found about one decision of a plugin."""

    decision: str
    compile_ms: float
    contexts: int
    answers: int  # different ones
    raised: int  # contexts in which both forms raised the same exception


def check_plugin(
    plugin: Plugin, schema: Schema | None = None, contexts: int = 500, seed: int = 1
) -> list[DecisionCheck]:
    """Ask every decision of the plugin both ways; PolicyError names the first answer that differs or means nothing."""
    schema = schema or kernel_schema()
    return [check_decision(plugin, d, schema, contexts, seed) for d in DECISIONS if d.name in plugin.functions]


def check_decision(plugin: Plugin, decision: Decision, schema: Schema, contexts: int, seed: int) -> DecisionCheck:
    """One decision, compiled and as it was written, over the same random records and the same private state."""
    policies = alone(plugin, decision)
    began = time.perf_counter()
    bound = policies.bind(schema)[decision.name]
    compile_ms = (time.perf_counter() - began) * 1e3
    draw = random.Random(seed)
    compiled_my, python_my = policies.my_initial(), policies.my_initial()
    answers, raised = set(), 0
    for _context in range(contexts):
        numbers = {name: draw_record(draw, schema.fields[records]) for name, records in decision.args}
        compiled = _outcome(compiled_answer, bound, decision, schema, numbers, compiled_my)
        python = _outcome(python_answer, bound, decision, schema, numbers, python_my)
        same_state = bytes(compiled_my) == bytes(python_my)
        if compiled != python or not same_state:
            raise PolicyError(_difference(bound, compiled, python, numbers))
        if isinstance(compiled, int) and decision.name in _ANSWERS and compiled not in _ANSWERS[decision.name]:
            raise PolicyError(f"{plugin.name}.{decision.name}: answers {compiled}; {_returns(decision.name)}")
        raised += isinstance(compiled, str)
        answers.add(compiled)
    if decision.name == "mempool_step":
        _drill(plugin, policies, schema)
    return DecisionCheck(decision.name, compile_ms, contexts, len(answers), raised)


def _drill(plugin: Plugin, policies: PolicySet, schema: Schema) -> None:
    """Lead mempool_step through calls of every kind that never succeed, as it was written."""
    (bound,) = policies.bind(schema, compiled=False).values()
    for mask in (GFP_KERNEL, GFP_NOFS, GFP_NOIO, GFP_NOWAIT, GFP_ATOMIC, GFP_NOWAIT | __GFP_IO):
        for flags in (0, PF_MEMALLOC, TIF_MEMDIE):
            my = policies.my_initial()
            own = record_class("my", bound.my_layout).from_buffer(my) if bound.my_layout else None
            words = Drill(lambda *records, own=own: bound.python(*records, own), schema, mask, flags, limit=40).run()
            asleep = "W" in words or words[-1] == "FAIL"
            if not asleep:
                raise PolicyError(
                    f"{plugin.name}.mempool_step: a call with {gfp_names(mask)} that finds no memory goes on for ever "
                    f"without sleeping ({' '.join(words[:8])} ...); return WAIT(ns), or FAIL if it may not sleep"
                )


def _returns(decision: str) -> str:
    """The contract's line about answers."""
    lines = contract(decision).split("\n")
    start = next(i for i, line in enumerate(lines) if line.startswith("Returns:"))
    end = next(i for i, line in enumerate(lines) if line.startswith("Stock:"))
    return "it returns " + " ".join(" ".join(lines[start:end]).split()).removeprefix("Returns: ")


def alone(plugin: Plugin, decision: Decision) -> PolicySet:
    """A PolicySet in which the plugin answers this decision, with its default numbers, and nobody any other."""
    values = {plugin.name: {tunable.name: tunable.default for tunable in plugin.tunables.values()}}
    return PolicySet("", {decision.name: plugin}, values)


def draw_record(draw: random.Random, fields: list[str]) -> dict[str, int]:
    """Plausible numbers for the fields of one record: flags for masks, else mostly small counts."""
    return {field: _field(draw, field) for field in fields}


def _field(draw: random.Random, field: str) -> int:
    if field in _LIMITED:
        return draw.choice(_LIMITED[field])
    return _mask(draw) if field in _MASKS else _count(draw)


def _mask(draw: random.Random) -> int:
    return sum(draw.sample(_FLAGS, draw.randrange(12)))


def _count(draw: random.Random) -> int:
    return draw.randrange(draw.choice((1, 2, 5, 20, 1 << 10, 1 << 20)))


def compiled_answer(bound: BoundDecision, decision: Decision, schema: Schema, numbers: dict, my: np.ndarray) -> int:
    """What the machine code says about these records."""
    records = [np.array([tuple(numbers[name].values())], schema.dtype(records))[0] for name, records in decision.args]
    return int(bound.compiled(*records, my.ctypes.data + 8 * bound.my_offset))


def python_answer(bound: BoundDecision, decision: Decision, schema: Schema, numbers: dict, my: np.ndarray) -> int:
    """What the function says as it was written."""
    records = []
    for name, array in decision.args:
        cls = record_class(name, [(field, "i8", 1) for field in schema.fields[array]])
        records.append(cls(**numbers[name]))
    own = record_class("my", bound.my_layout).from_buffer(my, 8 * bound.my_offset) if bound.my_layout else None
    return int(bound.python(*records, own))


def _outcome(ask: Callable, *arguments) -> int | str:
    try:
        return ask(*arguments)
    except (ArithmeticError, IndexError) as error:
        return type(error).__name__


def _difference(bound: BoundDecision, compiled, python, numbers) -> str:
    told = "; ".join(
        f"{name}: " + ", ".join(f"{f}={v}" for f, v in fields.items() if v) for name, fields in numbers.items()
    )
    where = f"{bound.plugin}.{bound.name}"
    return f"{where}: compiled it answers {compiled}, in Python {python}, or leaves another my; {told}"


def bench_plugin(plugin: Plugin, schema: Schema | None = None, calls: int = 2_000_000) -> dict[str, float]:
    """Nanoseconds a call of each decision, called through a pointer as the simulated kernel calls it."""
    schema = schema or kernel_schema()
    return {d.name: _nanoseconds(plugin, d, schema, calls) for d in DECISIONS if d.name in plugin.functions}


def _nanoseconds(plugin: Plugin, decision: Decision, schema: Schema, calls: int) -> float:
    from numba import njit, typeof, types

    from gfplab.policy.compile import signature

    policies = alone(plugin, decision)
    bound, my = policies.bind(schema)[decision.name], policies.my_initial()
    dtypes = {records: schema.dtype(records) for _name, records in decision.args}
    columns = _quiet_records(bound, decision, schema, my)
    asked = types.FunctionType(signature(decision, dtypes))
    arrays = [f"records{i}" for i in range(len(columns))]
    loop = f"def loop(ask, {', '.join(arrays)}, my, calls):\n    total = 0\n    for i in range(calls):\n"
    loop += f"        total += ask({', '.join(f'{name}[i & 15]' for name in arrays)}, my)\n    return total\n"
    namespace: dict = {}
    exec(loop, namespace)
    kinds = [typeof(column) for column in columns]
    compiled = njit(types.int64(asked, *kinds, types.int64, types.int64))(namespace["loop"])
    best = float("inf")
    for _attempt in range(3):
        began = time.perf_counter()
        compiled(bound.compiled, *columns, my.ctypes.data, calls)
        best = min(best, time.perf_counter() - began)
    return best / calls * 1e9


def _quiet_records(bound: BoundDecision, decision: Decision, schema: Schema, my: np.ndarray) -> list[np.ndarray]:
    """Sixteen records for every argument, none of which makes the policy raise."""
    draw, rows = random.Random(1), []
    for _attempt in range(1000):
        numbers = {name: draw_record(draw, schema.fields[records]) for name, records in decision.args}
        if not isinstance(_outcome(compiled_answer, bound, decision, schema, numbers, my), str):
            rows.append(numbers)
        if len(rows) == 16:
            break
    if len(rows) < 16:
        raise PolicyError(f"{bound.plugin}.{bound.name}: raises for nearly every record, so there is nothing to time")
    return [
        np.array([tuple(row[name].values()) for row in rows], schema.dtype(records)) for name, records in decision.args
    ]
