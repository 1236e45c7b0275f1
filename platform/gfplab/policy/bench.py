"""What a call of a decision costs, in nanoseconds of the machine at hand, beside that of a policy that does nothing.

Both are called through a pointer, as the simulated kernel calls them, in turns, and the best of each counts: what is
left of the noise is common to both.
"""

import dataclasses
import random
import time

import numpy as np

from gfplab.engine.decision import BoundDecision, Decision
from gfplab.engine.state import Schema
from gfplab.errors import PolicyError
from gfplab.kernel.decisions import DECISIONS
from gfplab.kernel.types import kernel_schema
from gfplab.policy.check import alone, compiled_answer, draw_record
from gfplab.policy.plugin import Plugin

ROUNDS = 5
RECORDS = 16  # of every argument, asked about in turn
TARGET_NS = 10


@dataclasses.dataclass(frozen=True)
class Cost:
    """What one decision costs."""

    decision: str
    ns: float  # a call
    empty_ns: float  # a call of a decision that returns 0 at once

    @property
    def ratio(self) -> float:
        """How many times as long as the empty one."""
        return self.ns / self.empty_ns


def bench_plugin(plugin: Plugin, schema: Schema | None = None, calls: int = 1_000_000) -> list[Cost]:
    """The cost of each decision that the plugin answers."""
    schema = schema or kernel_schema()
    return [_cost(plugin, d, schema, calls) for d in DECISIONS if d.name in plugin.functions]


def _cost(plugin: Plugin, decision: Decision, schema: Schema, calls: int) -> Cost:
    from numba import njit, typeof, types

    from gfplab.policy.compile import signature

    policies = alone(plugin, decision)
    bound, my = policies.bind(schema)[decision.name], policies.my_initial()
    dtypes = {records: schema.dtype(records) for _name, records in decision.args}
    columns = _quiet_records(bound, decision, schema, my)
    names = [f"records{i}" for i in range(len(columns))]
    text = f"def empty({', '.join(names)}, my):\n    return 0\n\n\n"
    text += f"def loop(ask, {', '.join(names)}, my, calls):\n    total = 0\n    for i in range(calls):\n"
    text += f"        total += ask({', '.join(f'{name}[i & {RECORDS - 1}]' for name in names)}, my)\n    return total\n"
    namespace: dict = {}
    exec(text, namespace)
    kinds = [typeof(column) for column in columns]
    asked = types.FunctionType(signature(decision, dtypes))
    loop = njit(types.int64(asked, *kinds, types.int64, types.int64))(namespace["loop"])
    empty = njit(signature(decision, dtypes), error_model="python")(namespace["empty"])
    best = {"empty": float("inf"), "policy": float("inf")}
    for _round in range(ROUNDS):
        for who, function in (("empty", empty), ("policy", bound.compiled)):
            began = time.perf_counter()
            loop(function, *columns, my.ctypes.data, calls)
            best[who] = min(best[who], time.perf_counter() - began)
    return Cost(decision.name, best["policy"] / calls * 1e9, best["empty"] / calls * 1e9)


def _quiet_records(bound: BoundDecision, decision: Decision, schema: Schema, my: np.ndarray) -> list[np.ndarray]:
    """Records for every argument, none of which makes the policy raise."""
    draw, rows = random.Random(1), []
    for _attempt in range(64 * RECORDS):
        numbers = {name: draw_record(draw, schema.fields[records]) for name, records in decision.args}
        try:
            compiled_answer(bound, decision, schema, numbers, my)
        except PolicyError:
            continue
        rows.append(numbers)
        if len(rows) == RECORDS:
            break
    if len(rows) < RECORDS:
        raise PolicyError(f"{bound.plugin}.{bound.name}: raises for nearly every record, so there is nothing to time")
    return [
        np.array([tuple(row[name].values()) for row in rows], schema.dtype(records)) for name, records in decision.args
    ]
