"""Where `--break` stops: DECISION[@NAME][:N][>=TIME].

mempool_step                 each time the policy is asked (mempool_alloc:step is the same)
mempool_step@swap0.tio       only for this mempool; any decision may name a task instead, such as @kswapd0
mempool_step:100             from the hundredth time on
mempool_step>=1.5s           from that simulated time on
"""

import ctypes
import dataclasses
import re

from gfplab.debug.names import decision_named
from gfplab.errors import PolicyError
from gfplab.kernel.decisions import DECISIONS
from gfplab.policy.plugin import did_you_mean
from gfplab.units import parse_time

GRAMMAR = "DECISION[@POOL|@TASK][:N][>=TIME]"
_FORM = re.compile(r"(?P<what>\w+(?::[A-Za-z_]\w*)?)(?:@(?P<who>[^>]+?))?(?::(?P<count>\d+))?(?:>=(?P<time>.+))?")


@dataclasses.dataclass
class Breakpoint:
    """One `--break`; `place` and `index` say which record must be the one named, once a machine has booted."""

    text: str
    decision: str
    who: str = ""
    count: int = 1
    after_ns: int = 0
    asked: int = 0  # times that all but the count was true
    tasks: frozenset[int] = frozenset()  # all of one name; none: any task
    pool: tuple[int, int] | None = None  # argument of the decision, address of the record

    def resolve(self, machine) -> None:
        """Find the pool or task that is meant, among those of a booted machine."""
        if not self.who:
            return
        pools = {plan.name: number for number, plan in enumerate(machine.layout.pools) if number}
        tasks = {plan.comm for plan in machine.layout.tasks[1:]}
        arguments = [name for name, _records in next(d.args for d in DECISIONS if d.name == self.decision)]
        offered = [*(pools if "pool" in arguments else ()), *sorted(tasks)]
        if self.who not in offered and self.count == 1:
            self.who, self.count = _split_count(self.who, offered)
        if self.who in pools and "pool" in arguments:
            records = machine.arrays["pools"]
            self.pool = arguments.index("pool"), records.ctypes.data + pools[self.who] * records.itemsize
        elif self.who in tasks:
            self.tasks = frozenset(t for t, plan in enumerate(machine.layout.tasks) if t and plan.comm == self.who)
        elif self.who in pools:
            raise PolicyError(f"--break {self.text}: {self.decision} is not asked about a pool; name a task, or none")
        else:
            raise PolicyError(
                f"--break {self.text}: there is no pool or task '{self.who}' in this scenario; "
                f"{did_you_mean(self.who, offered)}"
            )

    def hit(self, now: int, task: int, records) -> bool:
        """Is this the moment? Counts the times that it might have been."""
        if now < self.after_ns or self.tasks and task not in self.tasks:
            return False
        if self.pool is not None and ctypes.addressof(records[self.pool[0]]) != self.pool[1]:
            return False
        self.asked += 1
        return self.asked >= self.count


def _split_count(who: str, known) -> tuple[str, int]:
    """`tio:3` as name and count; a name may have a colon and digits of its own, as kworker/u4:1 has."""
    name, _colon, count = who.rpartition(":")
    return (name, int(count)) if name in known and count.isdigit() and int(count) else (who, 1)


def read_breakpoint(text: str) -> Breakpoint:
    """The Breakpoint that a person wrote; PolicyError says in one sentence what is wrong with it."""
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise PolicyError(f"--break {text}: not of the form {GRAMMAR}; write for example --break mempool_step")
    decision = decision_named(match["what"], f"--break {text}")
    count, after = int(match["count"] or 1), 0
    if count == 0:
        raise PolicyError(f"--break {text}: times are counted from 1; write {decision}:1")
    if match["time"]:
        try:
            after = parse_time(match["time"].strip())
        except ValueError as error:
            raise PolicyError(f"--break {text}: {error}") from None
    who = match["who"] or ""
    if who and match["count"]:
        who, count = f"{who}:{match['count']}", 1  # resolve() knows what is part of the name
    return Breakpoint(text, decision, who, count, after)
