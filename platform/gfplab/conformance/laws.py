"""One run with the kernel's laws looked at as it goes on, in the compiled kernel that everybody runs.

A build that checks at every event takes minutes to compile.  The laws themselves are plain functions of the kernel, and
between two slices any plain function can be called: eight times a run costs less than a millisecond.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gfplab.boot.machine import boot_machine
from gfplab.engine.decision import BoundDecision
from gfplab.engine.slices import run_until
from gfplab.errors import PolicyError, SimulationError
from gfplab.policy.select import PolicySet
from gfplab.run import build_kernel, verdict
from gfplab.world.scenario import World

LOOKS = 8
_BEYOND = np.full(8, 0x5A5A5A5A5A5A5A5A, np.int64)  # what lies behind `my`, where nobody may write


@dataclass(frozen=True)
class Kept:
    """How one run ended."""

    verdict: str  # ok, oom, deadlock
    log_hash: str
    events: int
    broken: str = ""  # the law that was broken, in words


def run_with_laws(
    world: World, policies: PolicySet, decisions: Mapping[str, BoundDecision], seed: int, looks: int = LOOKS
) -> Kept:
    """Run a world to its end; the laws are asked `looks` times.  `decisions` are those of policies.bind()."""
    build = build_kernel()
    machine = boot_machine(build, world, seed)
    machine.arrays["my"] = np.concatenate([policies.my_initial(machine), _BEYOND])
    sim = build.start(machine.arrays, dict(decisions))
    why, broken = "", ""
    for look in range(1, looks + 1):
        try:
            why = run_until(
                sim,
                world.length_ns * look // looks,
                done=lambda: bool(sim.arrays["vm"]["done"][0]),
                name_of=lambda task: machine.layout.tasks[task].comm,
            )
        except SimulationError as error:
            why, broken = "error", str(error)
        except PolicyError as error:
            error.add_note(f"in {world.source}")
            raise
        broken = broken or _broken(sim)
        if broken or why in ("idle", "done"):
            break
    e = sim.arrays["e"][0]
    word = "failed check" if broken else verdict(sim.arrays, why, world.length_ns)
    return Kept(word, f"{int(e['log_hash']) & (2**64 - 1):016x}", int(e["nr_events"]), broken)


def _broken(sim) -> str:
    law = sim.call("check_invariants") or sim.call("check_pages")
    if law:
        return f"law {law} is broken at {int(sim.arrays['e']['now'][0])} ns: {sim.build.model.laws.get(law, '')}"
    if not np.array_equal(sim.arrays["my"][-len(_BEYOND) :], _BEYOND):
        return "the policy has written beyond the end of my"
    return ""
