"""One simulation from beginning to end: a World, a PolicySet and a seed become a Run.

run = simulate(load_scenario("s1.toml"), select("v4.7", {}), seed=1)
"""

import threading
import time
from dataclasses import dataclass, field

import numpy as np

from gfplab.boot.layout import Layout
from gfplab.boot.machine import boot_machine
from gfplab.engine.records import TASK_DEAD
from gfplab.engine.slices import run_until
from gfplab.errors import PolicyError, SimulationError
from gfplab.kernel.model import kernel_model
from gfplab.policy.faults import of_exception
from gfplab.units import SEC

LOGS = ("trace", "stalls", "vmstat")
# twice the time-out of a sleep in mempool_alloc(): whoever waits has looked at its pool again at least once
DEADLOCK_NS = 10 * SEC
_builds: dict = {}
_building = threading.Lock()


@dataclass(frozen=True)
class Stack:
    """A place where tasks slept uninterruptibly: frames top first, the kind of wait, and how long in all."""

    id: int
    frames: list[str]
    chain: list[str]  # frames with those that the compiler inlines
    wait: str
    count: int
    total_ns: int
    max_ns: int


@dataclass
class Run:
    """What a simulation left behind, still in the kernel's own terms; gfplab.tables makes frames of it."""

    world: object
    policies: object
    seed: int
    mode: str
    build_hash: str
    log_hash: str
    events: int
    sim_ns: int
    wall_s: float
    verdict: str
    arrays: dict[str, np.ndarray]
    trace: np.ndarray
    stalls: np.ndarray
    vmstat: np.ndarray
    hist: np.ndarray
    stacks: list[Stack]
    tasks: np.ndarray
    names: dict[str, tuple[str, ...]]
    error: str = ""
    layout: Layout = field(repr=False, default=None)


def build_kernel(mode: str = "compiled", check: bool = False, progress=None):
    """The simulated kernel in one mode, built once per process."""
    with _building:
        if (mode, check) not in _builds:
            _builds[mode, check] = kernel_model().build(mode, check=check, progress=progress)
        return _builds[mode, check]


def build_hash() -> str:
    """Names the sources of engine and kernel: equal hashes give equal runs."""
    return kernel_model().digest


def simulate(
    world,
    policies,
    seed: int,
    mode: str = "compiled",
    check: bool = False,
    fixed_order: bool = False,
    until_ns: int | None = None,
    progress=None,
    trace_all: bool = False,
    attach=None,
) -> Run:
    """Run the world to its end (or `until_ns`). An OOM kill or a deadlock is a verdict, a broken law an error.

    A policy that divides by zero, indexes outside an array or loops without end ends the run as a PolicyError.

    attach(build, machine, decisions) may put something around the decisions, to watch them.
    """
    build = build_kernel(mode, check)
    machine = boot_machine(build, world, seed, fixed_order=fixed_order, trace_all=trace_all)
    end = world.length_ns if until_ns is None else min(until_ns, world.length_ns)
    decisions = policies.bind(build.schema, compiled=mode == "compiled")
    rows: dict[str, list] = {name: [] for name in LOGS}

    def keep(drained):
        for name in LOGS:
            rows[name].append(drained[name])

    def report(now, events):
        if progress:
            progress(min(now, end), end)

    machine.arrays["my"] = policies.my_initial(machine)
    if attach is not None:
        decisions = attach(build, machine, decisions)
    if attach is not None or "shrink_page_list" in policies.beyond_stock():
        machine.arrays["vm"]["pages_one_by_one"] = 1
    sim = build.start(machine.arrays, decisions)
    began = time.perf_counter()
    error = ""
    try:
        sim.call("setup_zones")
        why = run_until(
            sim,
            end,
            on_drain=keep,
            progress=report,
            done=lambda: bool(sim.arrays["vm"]["done"][0]),
            name_of=lambda task: machine.layout.tasks[task].comm,
        )
    except SimulationError as e:
        why, error = "error", str(e)
        if not check:
            raise
    except PolicyError:
        raise
    except Exception as e:
        fault = of_exception(e, policies.plugins())
        if fault is None:
            raise
        for place in getattr(e, "__notes__", ()):
            fault.add_note(place)
        raise fault from e
    wall = time.perf_counter() - began
    if sim.arrays["vm"]["done"][0]:
        end = int(sim.arrays["vm"]["done"][0])
    if why != "error":
        sim.arrays["e"]["now"] = end
        sim.call("finish")
        keep(sim.drain())
    return finish(world, policies, seed, mode, build, sim, machine.layout, rows, why, wall, end, error)


def finish(world, policies, seed, mode, build, sim, layout, rows, why, wall, end, error) -> Run:
    """Gather what tables need."""
    arrays = sim.arrays
    logs = {
        name: np.concatenate(parts) if parts else np.zeros(0, build.schema.dtype(name)) for name, parts in rows.items()
    }
    return Run(
        world=world,
        policies=policies,
        seed=seed,
        mode=mode,
        build_hash=build.model.digest,
        log_hash=f"{int(arrays['e']['log_hash'][0]) & (2**64 - 1):016x}",
        events=int(arrays["e"]["nr_events"][0]),
        sim_ns=end,
        wall_s=wall,
        verdict=verdict(arrays, why, world.length_ns),
        arrays=arrays,
        hist=arrays["hist"].reshape(-1, 256),
        stacks=stacks_of(build, sim),
        tasks=tasks_of(arrays, layout),
        names={
            "pools": ("", *(plan.name for plan in layout.pools[1:])),
            "sites": ("", *layout.sites[1:]),
            "comms": ("", *(plan.comm for plan in layout.tasks[1:])),
        },
        error=error,
        layout=layout,
        **logs,
    )


def verdict(arrays, why: str, length_ns: int) -> str:
    """How the run ended, in one word."""
    vm = arrays["vm"][0]
    if why == "error":
        return "failed check"
    if vm["oom_kill"]:
        return "oom"
    if vm["deadlock"] or deadlocked(arrays):
        return "deadlock"
    return "unfinished" if vm["until_done"] and not vm["done"] and arrays["e"]["now"][0] >= length_ns else "ok"


def deadlocked(arrays) -> bool:
    """Whether the tasks in mempool_alloc() wait for each other: they have been stuck for DEADLOCK_NS."""
    return stuck_ns(arrays) >= DEADLOCK_NS


def stuck_ns(arrays) -> int:
    """How long nothing has come back to any of the pools that tasks are allocating from, if all of these are empty and
    no disk has anything to finish; else 0. A pool that still holds an element is slow and not stuck, however long its
    user naps in reclaim.
    """
    tasks, pools = arrays["tasks"], arrays["pools"]
    inside = np.unique(tasks["context_b"][(tasks["context_b"] > 0) & (tasks["state"] != TASK_DEAD)])
    if not len(inside) or arrays["disks"]["inflight"].any():
        return 0
    wanted = pools[inside]
    if wanted["curr_nr"].any():
        return 0
    return int((arrays["e"]["now"][0] - np.maximum(wanted["last_return"], wanted["empty_since"])).min())


def stacks_of(build, sim) -> list[Stack]:
    """Every interned stack with its names."""
    table = sim.arrays["stacks"]
    out = []
    if not hasattr(build, "stack_names"):
        return out
    for s in range(1, int(sim.arrays["e"]["n_stacks"][0]) + 1):
        frames = build.stack_names(sim, s)
        row = table[s]
        out.append(
            Stack(
                s,
                [name for name, _line, inlined in frames if not inlined],
                [name for name, _line, _inlined in frames],
                build.wait_name(int(row["op"])),
                int(row["count"]),
                int(row["total_ns"]),
                int(row["max_ns"]),
            )
        )
    return out


TASK_COLUMNS = ("pid", "role", "state", "t_running", "t_runnable", "t_d", "t_iowait", "t_s")


def tasks_of(arrays, layout: Layout) -> np.ndarray:
    """One row per task: its names and the time it spent in each state."""
    n = len(layout.tasks) - 1
    rows = np.zeros(n, [("task", "i8"), ("comm", "U16"), *((name, "i8") for name in TASK_COLUMNS)])
    rows["task"] = np.arange(1, n + 1)
    rows["comm"] = [plan.comm for plan in layout.tasks[1:]]
    for name in TASK_COLUMNS:
        rows[name] = arrays["tasks"][name][1 : n + 1]
    return rows
