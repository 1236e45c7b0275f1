"""What an attack wants to see: a figure to drive up, and when it is enough."""

import math
from dataclasses import dataclass

from gfplab.adversary.probe import Seen
from gfplab.units import MSEC, about_time

GOALS = ("stall", "fail", "deadlock", "oom")

# more than any stall in ms: what is reached beats what is not
REACHED = 1e9


@dataclass(frozen=True)
class Goal:
    """A goal, for `stall` with its bound and whose stalls count (a key of probe.WHO)."""

    name: str
    bound_ns: int = 1000 * MSEC
    who: str = "pool"

    def reached(self, seen: Seen) -> bool:
        """Whether the run shows it."""
        match self.name:
            case "stall":
                return seen.stalls.get(self.who, 0.0) * MSEC > self.bound_ns
            case "fail":
                return seen.verdict == "failed"
            case "deadlock":
                return seen.verdict == "deadlock"
        return seen.oom_kills > 0

    def figure(self, seen: Seen) -> float:
        """How near the run comes to it: higher is nearer."""
        match self.name:
            case "stall":
                return seen.stalls.get(self.who, 0.0) + seen.strain
            case "fail":
                near = seen.strain
            case "deadlock":
                # a killed task gives its memory back, which is the end of waiting for it
                long, often = math.log10(1 + seen.stalls.get("pool", 0.0)), math.log10(1 + seen.waits)
                near = -1.0 if seen.oom_kills else seen.strain + long + often
            case _:
                near = seen.strain - float(seen.min_free_pages)
        return REACHED if self.reached(seen) else near

    @property
    def least(self) -> float:
        """The least figure of a run that reaches it."""
        return self.bound_ns / MSEC if self.name == "stall" else REACHED

    def said(self, seen: Seen) -> str:
        """What a run shows, in words."""
        longest = seen.stalls.get(self.who, 0.0)
        stuck = f"longest stall {about_time(longest * MSEC)}" if longest else "no stall"
        match seen.verdict:
            case "failed" | "illegal":
                return f"{seen.verdict}: {seen.error}"
            case "deadlock":
                return f"deadlock; {stuck}: {seen.worst}"
        killed = f"{seen.oom_kills} killed for want of memory; " if seen.oom_kills else ""
        return f"{killed}{stuck}" + (f": {seen.worst}" if longest else "")

    @property
    def sentence(self) -> str:
        """What is looked for, after `a scenario in which POLICY`."""
        match self.name:
            case "stall":
                whose = {"pool": "a task inside mempool_alloc()", "worker": "a worker that write-out needs"}
                tasks = whose.get(self.who, "a user task" if self.who == "user" else "a task")
                return f"lets {tasks} be stuck for more than {about_time(self.bound_ns)}"
            case "fail":
                return "lets an allocation fail that may not"
            case "deadlock":
                return "lets tasks wait for each other for ever"
        return "lets the kernel kill for want of memory"
