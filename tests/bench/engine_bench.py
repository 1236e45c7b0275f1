"""What the engine's basic actions cost, in compiled code and in plain Python, by CPU time.

python tests/bench/engine_bench.py
"""

import sys
import time

import engine_model

from gfplab.engine import boot
from gfplab.engine.build import Model
from gfplab.engine.records import engine_schema
from gfplab.engine.state import PyState
from gfplab.engine.tasks import plan_task

SECOND = 10**9
CASES = (
    # what one event does, function, tasks, CPUs, heap filled up to, things per event
    ("use the CPU, one task per CPU", "burner", 4, 4, 0, 1),
    ("use the CPU, 1,000 other events waiting", "burner", 4, 4, 1000, 1),
    ("use the CPU and sleep, 4 tasks on 4 CPUs", "ping", 4, 4, 0, 1),
    ("use the CPU and sleep, 64 tasks on 4 CPUs", "ping", 64, 4, 0, 1),
    ("interrupt, wake-up, stall with its stack", "waits_for_interrupts", 4, 4, 0, 1),
    ("call and return of a blocking function", "caller", 1, 1, 0, engine_model.CALLS),
    ("spin lock, burn, unlock", "locker", 1, 1, 0, engine_model.CALLS),
    ("trace row, copied out to Python", "tracer", 1, 1, 0, 100),
)


def start(build, function, tasks, cpus, filled):
    """A simulation of `tasks` tasks that run `function`."""
    sizes = boot.sizes(tasks, cpus, heap=4096, waitqueues=tasks, locks=1, streams=1, kinds=1)
    arrays = build.arrays(sizes)
    boot.prepare(arrays, 1, ("bench",), switch_ns=0, wake_ns=0, jiffy_ns=1)
    arrays["trace_on"][1] = 1
    k = PyState(build.schema, arrays)
    for t in range(1, tasks + 1):
        plan_task(k, t, build.fid(function), t, 0)
    for _ in range(filled):
        plan_task(k, 0, 0, 0, 1000 * SECOND)
    return build.start(arrays)


def ns_per_event(build, function, tasks, cpus, filled, per_event, events):
    """The best of five."""
    best = float("inf")
    for _ in range(5):
        sim = start(build, function, tasks, cpus, filled)
        sim.run(SECOND, 50)
        wanted = int(sim.arrays["e"]["nr_events"][0]) + events
        began = time.process_time()
        while (left := wanted - int(sim.arrays["e"]["nr_events"][0])) > 0:
            if sim.run(1000 * SECOND - 1, left) == "drain":
                sim.drain()
        best = min(best, time.process_time() - began)
    return best / events * 1e9 / per_event


def main():
    model = Model(engine_schema(), [engine_model])
    builds = {mode: model.build(mode) for mode in ("compiled", "generators")}
    print("| each | compiled, ns | million per second | plain Python, ns |\n|---|---|---|---|")
    for what, function, tasks, cpus, filled, per_event in CASES:
        case = function, tasks, cpus, filled, per_event
        fast = ns_per_event(builds["compiled"], *case, max(200, 1_000_000 // per_event))
        slow = ns_per_event(builds["generators"], *case, max(20, 3_000 // per_event))
        print(f"| {what} | {fast:.1f} | {1000 / fast:.1f} | {slow:,.0f} |")
    sim = start(builds["compiled"], "ping", 64, 4, 0)
    size = sum(a.nbytes for a in sim.arrays.values())
    began = time.process_time()
    for _ in range(200):
        sim.snapshot()
    each = (time.process_time() - began) / 200
    print(f"\nsnapshot of {size / 1e6:.1f} MB: {each * 1e6:.0f} us, {each / size * 1e12:.0f} us per MB")


if __name__ == "__main__":
    sys.exit(main())
