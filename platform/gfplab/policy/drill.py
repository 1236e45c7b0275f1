"""mempool_alloc() without a machine: ask a policy step by step, with an allocator that does as it is told.

The steps come out as short words: `A(T)` an attempt with the optimistic mask, `A(F)` with the full one, `A(...)` with
another; `!` after it stands for PF_LESS_THROTTLE, `~` for PF_NO_THROTTLE, `^` for PF_BAIL_OUT, `'` for
PF_LIGHT_RECLAIM.  `R` is the reserve, `W` a wait; then there is `FAIL`.  The step that ends the call is the last.
"""

import dataclasses
from collections.abc import Callable

from gfplab.engine.state import Schema, record_class
from gfplab.errors import PolicyError
from gfplab.kernel.decisions import DECISIONS
from gfplab.kernel.gfp import __GFP_DIRECT_RECLAIM, __GFP_IO, MEMPOOL_EXTRA, gfp_names
from gfplab.kernel.steps import (
    STEP_ALLOC,
    STEP_BAIL_OUT,
    STEP_FAIL,
    STEP_LESS_THROTTLE,
    STEP_LIGHT_RECLAIM,
    STEP_MASK,
    STEP_NO_THROTTLE,
    STEP_RESERVE,
    STEP_SHIFT,
    STEP_WAIT,
)
from gfplab.units import SEC

# under other names, for inside a class Python mangles those that begin with two underscores
_SLEEPS, _STARTS_IO = __GFP_DIRECT_RECLAIM, __GFP_IO

_MARKS = {STEP_LESS_THROTTLE: "!", STEP_NO_THROTTLE: "~", STEP_BAIL_OUT: "^", STEP_LIGHT_RECLAIM: "'"}

(_STEP,) = (decision for decision in DECISIONS if decision.name == "mempool_step")


class IllegalStep(PolicyError):
    """A step that mempool_alloc() cannot take for its caller."""


@dataclasses.dataclass
class Drill:
    """One call of mempool_alloc() in the making."""

    ask: Callable[..., int]  # (pool, zone, task, call) -> step
    schema: Schema
    gfp_mask: int
    pf_flags: int = 0
    reserve: int = 0  # elements in it at first
    min_nr: int = 16
    allocator_succeeds: Callable[[int], bool] = lambda attempt: False  # attempt counts from 1
    returned: Callable[[int], int] = lambda wait: 0  # elements back in the reserve when wait number n ends
    limit: int = 12

    def run(self) -> list[str]:
        """The steps up to success, FAIL or the limit; IllegalStep for a step that this caller cannot take."""
        pool, zone, task, call = (self._record(name, records) for name, records in _STEP.args)
        pool.curr_nr, pool.min_nr, task.pf_flags = self.reserve, self.min_nr, self.pf_flags
        call.gfp_mask, call.full = self.gfp_mask, self.gfp_mask | MEMPOOL_EXTRA
        call.optimistic = call.full & ~(_SLEEPS | _STARTS_IO)
        call.may_sleep = int(bool(self.gfp_mask & _SLEEPS))
        words: list[str] = []
        while len(words) < self.limit:
            step = self.ask(pool, zone, task, call)
            self._legal(step, call, words)
            words.append(_word(step, call))
            call.steps += 1
            call.last = step & STEP_MASK
            if self._take(step, pool, call):
                break
        return words

    def _take(self, step: int, pool, call) -> bool:
        """Do the step; True if the call is over."""
        what = step & STEP_MASK
        if what == STEP_ALLOC:
            call.attempts += 1
            call.last_mask = step >> STEP_SHIFT
            return self.allocator_succeeds(call.attempts)
        if what == STEP_RESERVE:
            hit = pool.curr_nr > 0
            pool.curr_nr -= hit
            return hit
        if what == STEP_WAIT:
            call.waits += 1
            pool.curr_nr += self.returned(call.waits)
            return False
        return True

    def _legal(self, step: int, call, words: list[str]) -> None:
        what, argument = step & STEP_MASK, step >> STEP_SHIFT
        fault = ""
        if what not in (STEP_ALLOC, STEP_RESERVE, STEP_WAIT, STEP_FAIL) or step < 0:
            fault = f"{step} is no step; return ALLOC(mask), RESERVE, WAIT(ns) or FAIL"
        elif what == STEP_FAIL and call.may_sleep:
            fault = "FAIL for a caller that may sleep; mempool_alloc() never fails for it"
        elif what == STEP_WAIT and not call.may_sleep:
            fault = "WAIT for a caller that may not sleep; return FAIL"
        elif what == STEP_WAIT and not 0 < argument <= 3600 * SEC:
            fault = f"WAIT({argument}); wait between 1 ns and an hour"
        elif what == STEP_ALLOC and argument & _SLEEPS and not call.may_sleep:
            fault = f"ALLOC({gfp_names(argument)}) for a caller that may not sleep"
        if fault:
            history = " ".join(words) or "nothing"
            raise IllegalStep(f"{fault}; mask {gfp_names(self.gfp_mask)}, after {history}")

    def _record(self, name: str, records: str):
        return record_class(name, [(field, "i8", 1) for field in self.schema.fields[records]])()


def _word(step: int, call) -> str:
    if step & STEP_MASK == STEP_ALLOC:
        mask = step >> STEP_SHIFT
        name = "T" if mask == call.optimistic else "F" if mask == call.full else gfp_names(mask)
        return f"A({name})" + "".join(mark for flag, mark in _MARKS.items() if step & flag)
    return {STEP_RESERVE: "R", STEP_WAIT: "W", STEP_FAIL: "FAIL"}[step & STEP_MASK]
