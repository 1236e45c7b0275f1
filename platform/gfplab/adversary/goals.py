"""What an attack wants to see: when it is there, and how near a run without it came."""

import math
from dataclasses import dataclass

from gfplab.adversary.seen import Seen
from gfplab.run import DEADLOCK_NS
from gfplab.units import MSEC, about_time

GOALS = ("stall", "fail", "deadlock", "oom")

MOST_NEAR = 0.99  # what is reached beats what is not


@dataclass(frozen=True)
class Goal:
    """A goal, for `stall` with its bound and whose stalls count (a key of seen.WHO)."""

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

    @property
    def shows_after_ns(self) -> int:
        """How long what it wants to see has to last."""
        return {"stall": self.bound_ns, "deadlock": DEADLOCK_NS}.get(self.name, 0)

    def nearness(self, seen: Seen) -> float:
        """1 if the run shows it; below that the larger, the nearer the run came to it.

        Each goal names what has to come together for it, each from 0 to 1, and the mean of these is the nearness: so a
        harmless run is told from one that has a part of what it takes.
        """
        if self.reached(seen):
            return 1.0
        if seen.verdict == "illegal":
            return 0.0
        parts = self._parts(seen)
        return MOST_NEAR * sum(parts) / len(parts)

    def _parts(self, seen: Seen) -> list[float]:
        """What the goal takes: memory short of its marks, users that ask much of reserves, and what follows."""
        short, asked = _share(seen.shortage), min(1.0, seen.drawn + _share(seen.demand))
        match self.name:
            case "stall":
                stuck = math.log1p(seen.stalls.get(self.who, 0.0)) / math.log1p(self.bound_ns / MSEC)
                return [short, asked, *[min(1.0, stuck)] * 4]  # of all this is what is wanted
            case "deadlock":
                if seen.oom_kills:  # a killed task gives its memory back, which is the end of waiting for it
                    return [0.0]
                return [short, asked, _share(seen.crowd), min(1.0, seen.stuck_ms * MSEC / DEADLOCK_NS)]
            case "oom":
                return [short]
        return [short, asked]

    def distance(self, seen: Seen) -> float:
        """How far a run is from it, from 1 down to 0: for the one policy that has to come through."""
        if self.name == "stall":
            return self.bound_ns / (self.bound_ns + seen.stalls.get(self.who, 0.0) * MSEC)
        return 1.0 - self.nearness(seen)

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


def _share(ratio: float) -> float:
    """0 for 0, a half for 1, towards 1 for more."""
    return ratio / (1.0 + ratio)
