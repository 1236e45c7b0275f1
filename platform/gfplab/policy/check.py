"""A policy on the test stand: answers that mean something, the same compiled as in Python, and none that raises.

The records it is asked about are drawn at random, small numbers more often than large ones, so that both
sides of most conditions are met; mempool_step is also led through whole calls (drill.py).  Nothing is simulated.
"""

import ast
import dataclasses
import random
import time
from collections.abc import Callable

import numpy as np

from gfplab.engine.decision import BoundDecision, Decision
from gfplab.engine.state import Schema, record_class
from gfplab.errors import PolicyError
from gfplab.kernel.answers import PAGE_SOON, SLOWPATH_FAIL, WQ_HOLD, WQ_RESCUE, WQ_RUN
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
from gfplab.policy.drill import Drill, IllegalStep
from gfplab.policy.explain import contract
from gfplab.policy.faults import of_exception, told_at
from gfplab.policy.interpret import reached
from gfplab.policy.places import INDEX, WITHOUT_MACHINE
from gfplab.policy.plugin import Plugin
from gfplab.policy.select import PolicySet
from gfplab.units import SEC

_BEYOND = np.full(8, 0x5A5A5A5A5A5A5A5A, np.int64)  # what lies around `my` when it is checked
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
    "shrink_page_list": {what | soon for what in range(5) for soon in (0, PAGE_SOON)},
    "wakeup_kswapd": range(2),
    "zone_balanced": range(2),
    "balance_dirty_pages": range(3600 * SEC),
    "should_reclaim_retry": range(SLOWPATH_FAIL, 3600 * SEC),
    "setup_per_zone_wmarks": range(1 << 62),
    "zone_batchsize": range(1 << 62),
    "zone_highsize": range(1 << 62),
    "wq_dispatch": (WQ_HOLD, WQ_RUN, WQ_RESCUE),
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
    "references": range(4),
    "freerun": range(2),
    "may_pass": range(2),
    "kswapd_balanced": range(2),
    "kswapd_boosted": range(2),
    "era": (47, 61),
    "nr_cpus": range(1, 65),
}
_MASKS = ("pf_flags", "gfp_mask", "optimistic", "full", "last_mask", "flags")


@dataclasses.dataclass(frozen=True)
class DecisionCheck:
    """What was found about one decision of a plugin."""

    decision: str
    compile_ms: float
    contexts: int
    answers: int  # different ones


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
    drawn = {name: _drawn(seed, name, schema.fields[records]) for name, records in decision.args}
    around = np.concatenate([_BEYOND, policies.my_initial(), _BEYOND])
    compiled_my, python_my = around[len(_BEYOND) : -len(_BEYOND)], policies.my_initial()
    answers = set()
    for _context in range(contexts):
        numbers = {name: records() for name, records in drawn.items()}
        before = python_my.copy()
        compiled = _outcome(plugin, compiled_answer, bound, decision, schema, numbers, compiled_my)
        python = _outcome(plugin, python_answer, bound, decision, schema, numbers, python_my)
        _written_elsewhere(plugin, bound, around, before)
        same_state = bytes(compiled_my) == bytes(python_my)
        seen = _seen(plugin, decision, numbers, bound, before)
        if isinstance(python, PolicyError):
            raise type(python)(f"{python}\n    {seen}") from python
        if compiled != python or not same_state:
            raise PolicyError(_difference(bound, compiled, python, seen))
        if decision.name in _ANSWERS and compiled not in _ANSWERS[decision.name]:
            place = plugin.definitions.get(decision.name, plugin.tree)
            sentence = f"{decision.name} answers {compiled}; {_returns(decision.name)}"
            raise PolicyError(f"{told_at(plugin.path, plugin.source, place, sentence)}\n    {seen}")
        answers.add(compiled)
    if decision.name == "mempool_step":
        _drill(plugin, policies, schema)
    return DecisionCheck(decision.name, compile_ms, contexts, len(answers))


def _drill(plugin: Plugin, policies: PolicySet, schema: Schema) -> None:
    """Lead mempool_step through calls of every kind that never succeed, as it was written."""
    (bound,) = policies.bind(schema, compiled=False).values()
    for mask in (GFP_KERNEL, GFP_NOFS, GFP_NOIO, GFP_NOWAIT, GFP_ATOMIC, GFP_NOWAIT | __GFP_IO):
        for flags in (0, PF_MEMALLOC, TIF_MEMDIE):
            my = policies.my_initial()
            own = record_class("my", bound.my_layout).from_buffer(my) if bound.my_layout else None
            drill = Drill(lambda *records, own=own: bound.python(*records, own), schema, mask, flags, limit=40)
            words = _drilled(plugin, drill)
            asleep = "W" in words or words[-1] == "FAIL"
            if not asleep:
                raise PolicyError(
                    _of_step(
                        plugin,
                        f"a call with {gfp_names(mask)} that finds no memory goes on for ever without sleeping "
                        f"({' '.join(words[:8])} ...); return WAIT(ns), or FAIL if it may not sleep",
                    )
                )


def _drilled(plugin: Plugin, drill: Drill) -> list[str]:
    """The steps of one call; what is wrong with one of them is told with the policy's file."""
    try:
        return drill.run()
    except (ArithmeticError, IndexError, ValueError) as error:
        raise of_exception(error, [plugin]) or error from None
    except IllegalStep as error:
        raise PolicyError(_of_step(plugin, str(error))) from None


def _of_step(plugin: Plugin, sentence: str) -> str:
    place = plugin.definitions.get("mempool_step", plugin.tree)
    return told_at(plugin.path, plugin.source, place, f"mempool_step: {sentence}")


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
    """Plausible numbers for the fields of one record: flags for masks, else mostly small counts.

    A record's own number is one of those that have rows of state (places.py), and follows from the rest.
    """
    drawn = {field: _field(draw, field) for field in fields if field != INDEX}
    numbered = {INDEX: sum(drawn.values()) % WITHOUT_MACHINE} if INDEX in fields else {}
    return {field: (drawn | numbered)[field] for field in fields}


def _drawn(seed: int, name: str, fields: list[str]) -> Callable[[], dict[str, int]]:
    """A function that draws one record after the other; each field by itself, so that no other field changes it."""
    draws = {field: random.Random(f"{seed} {name}.{field}") for field in fields}
    return lambda: {
        field: draw.randrange(WITHOUT_MACHINE) if field == INDEX else _field(draw, field)
        for field, draw in draws.items()
    }


def _field(draw: random.Random, field: str) -> int:
    if field in _LIMITED:
        return draw.choice(_LIMITED[field])
    return _mask(draw) if field in _MASKS else _count(draw)


def _mask(draw: random.Random) -> int:
    return sum(draw.sample(_FLAGS, draw.randrange(12)))


def _count(draw: random.Random) -> int:
    return draw.randrange(draw.choice((1, 2, 5, 20, 1 << 10, 1 << 20)))


def compiled_answer(bound: BoundDecision, decision: Decision, schema: Schema, numbers: dict, my: np.ndarray) -> int:
    """What the machine code says about these records; a policy in C can write them, and is found out here."""
    records = [np.array([tuple(numbers[name].values())], schema.dtype(records))[0] for name, records in decision.args]
    before = [record.tobytes() for record in records]
    answer = int(bound.compiled(*records, my.ctypes.data + 8 * bound.my_offset))
    for (name, _array), record, was in zip(decision.args, records, before, strict=True):
        if record.tobytes() != was:
            now = dict(zip(numbers[name], record.tolist(), strict=True))
            field = next(field for field, number in numbers[name].items() if now[field] != number)
            raise PolicyError(f"{bound.plugin}.{bound.name}: writes {name}.{field}; it may write only my")
    return answer


def python_answer(bound: BoundDecision, decision: Decision, schema: Schema, numbers: dict, my: np.ndarray) -> int:
    """What the function says as it was written."""
    records = []
    for name, array in decision.args:
        cls = record_class(name, [(field, "i8", 1) for field in schema.fields[array]])
        records.append(cls(**numbers[name]))
    own = record_class("my", bound.my_layout).from_buffer(my, 8 * bound.my_offset) if bound.my_layout else None
    return int(bound.python(*records, own))


def _outcome(plugin: Plugin, ask: Callable, *arguments) -> int | PolicyError:
    """The answer, or what the policy raised."""
    try:
        return ask(*arguments)
    except PolicyError as error:
        return error
    except (ArithmeticError, IndexError, ValueError) as error:
        fault = of_exception(error, [plugin])
        if fault is None:
            raise
        return fault


def _seen(plugin: Plugin, decision: Decision, numbers: dict, bound: BoundDecision, my: np.ndarray) -> str:
    """What the policy saw of the records, as far as it reads them."""
    read = _fields_read(plugin, decision)
    words = [f"{name}.{field} = {number}" for name in numbers for field, number in numbers[name].items()]
    words = [word for word in words if word.split(" = ")[0] in read]
    if bound.my_layout:
        own = record_class("my", bound.my_layout).from_buffer(my, 8 * bound.my_offset)
        scalars = [name for name, _kind, length in bound.my_layout if length == 1]
        words += [f"my.{name} = {getattr(own, name)}" for name in scalars if f"my.{name}" in read]
    return "asked with " + (", ".join(words) or "nothing that it reads")


def _fields_read(plugin: Plugin, decision: Decision) -> set[str]:
    """`record.field` of all that a decision and the functions it calls read."""
    if decision.name not in plugin.definitions:
        return set()
    nodes = [node for name in reached(plugin, decision.name) for node in ast.walk(plugin.definitions[name])]
    return {f"{n.value.id}.{n.attr}" for n in nodes if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name)}


def _written_elsewhere(plugin: Plugin, bound: BoundDecision, around: np.ndarray, before: np.ndarray) -> None:
    """Refuse a policy that has written outside of its state: beside `my`, or one of its tunables."""
    where = f"{bound.plugin}.{bound.name}"
    n = len(_BEYOND)
    if not np.array_equal(around[:n], _BEYOND) or not np.array_equal(around[-n:], _BEYOND):
        raise PolicyError(f"{where}: writes outside of my; it may write only the state that it declares")
    for place, name in enumerate(plugin.tunables):  # they come first, a slot each
        if around[n + place] != before[place]:
            raise PolicyError(f"{where}: writes my.{name}, a tunable; declare a state(...) for a number of its own")


def _difference(bound: BoundDecision, compiled, python, seen: str) -> str:
    where = f"{bound.plugin}.{bound.name}"
    if compiled == python:
        return f"{where}: compiled it leaves another my than in Python; {seen}"
    if isinstance(compiled, PolicyError):
        compiled = compiled.lines[0]
    return f"{where}: compiled it answers {compiled}, in Python {python}; {seen}"
