"""How fast are the rig's configurations simulated, beside the rig itself?

    python tests/bench/bench_rig.py [--rounds 5] [--policy 0] [CONFIGURATION ...]

Runs every scenario studies/scenarios/rig_*.toml in turns. A run counts from the world and the policy to the arrays that
it leaves, boot included; tables are apart. Seconds are CPU seconds of one thread, which are wall seconds where nobody
else wants the core; what the clock on the wall said is beside them. The rig emulates each instruction and needs about
two wall seconds for a second of its guest. The exit code is 0 whatever the figures are.
"""

import argparse
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from gfplab.boot.machine import boot_machine
from gfplab.engine.slices import run_until
from gfplab.run import build_kernel, simulate
from gfplab.tables.metrics import tabulate
from gfplab.truth.policies import rig_policies
from gfplab.world.scenario import load_scenario

SCENARIOS = Path(__file__).resolve().parents[2] / "studies" / "scenarios"
PREFIX = "rig_"
TARGET = 100  # simulated seconds of slow20 per second
RIG_S = 2.0  # wall seconds that the rig needs for a second of its guest
SEED = 1


@dataclass
class Times:
    """Seconds of the parts of one run, and what it was."""

    boot: float
    run: float
    wall: float
    simulated: float
    events: int
    scanned: int
    log_hash: str

    @property
    def cpu(self):
        return self.boot + self.run


def row(*cells):
    print(f"| {' | '.join(map(str, cells))} |")


def header(*cells):
    row(*cells)
    row(*["---"] * len(cells))


def measure(build, world, policies):
    """One run."""
    wall, began = time.perf_counter(), time.process_time()
    decisions = policies.bind(build.schema)
    machine = boot_machine(build, world, SEED)
    machine.arrays["my"] = policies.my_initial(machine)
    sim = build.start(machine.arrays, decisions)
    booted = time.process_time()
    run_until(sim, world.length_ns, done=lambda: bool(sim.arrays["vm"]["done"][0]))
    ended, wall = time.process_time(), time.perf_counter() - wall
    e, vm = sim.arrays["e"][0], sim.arrays["vm"][0]
    return Times(
        boot=booted - began,
        run=ended - booted,
        wall=wall,
        simulated=int(vm["done"] or e["now"]) / 1e9,
        events=int(e["nr_events"]),
        scanned=int(vm["pgscan_direct"] + vm["pgscan_kswapd"]),
        log_hash=f"{int(e['log_hash']) & (2**64 - 1):016x}",
    )


def tables_seconds(world, policies):
    """CPU seconds of the tables of a run, the second time."""
    run = simulate(world, policies, SEED)
    tabulate(run)
    began = time.process_time()
    tabulate(run)
    return time.process_time() - began


def print_speeds(found, tables):
    header(
        "configuration",
        "simulated s",
        "events",
        "M events/s",
        "M pages scanned",
        "simulated s per s",
        "by the clock",
        "times as fast as the rig",
    )
    for name, runs in found.items():
        first, cpu = runs[0], statistics.median(r.cpu for r in runs)
        speed = first.simulated / cpu
        row(
            name,
            f"{first.simulated:.2f}",
            first.events,
            f"{first.events / statistics.median(r.run for r in runs) / 1e6:.2f}",
            f"{first.scanned / 1e6:.2f}",
            f"{speed:.0f}",
            f"{first.simulated / statistics.median(r.wall for r in runs):.0f}",
            f"{speed * RIG_S:.0f}",
        )
    print(f"\ntarget {TARGET} simulated s per s on slow20; the rig needs {RIG_S:g} s for a simulated one\n")
    header("part, ms of CPU", *found)
    for part in ("boot", "run"):
        row(part, *(f"{statistics.median(getattr(r, part) for r in runs) * 1e3:.1f}" for runs in found.values()))
    row("tables", *(f"{seconds * 1e3:.1f}" for seconds in tables.values()))
    row("log hash", *(runs[0].log_hash for runs in found.values()))


def main():
    known = sorted(path.stem.removeprefix(PREFIX) for path in SCENARIOS.glob(f"{PREFIX}*.toml"))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("configuration", nargs="*", metavar="CONFIGURATION", help=f"of {', '.join(known)}")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--policy", type=int, default=0, help="the number of a policy of the rig")
    options = parser.parse_args()
    names = options.configuration or known
    for name in names:
        if name not in known:
            parser.error(f"there is no configuration {name!r}: one of {', '.join(known)}")
    build, policies = build_kernel(), rig_policies(options.policy)
    worlds = {name: load_scenario(SCENARIOS / f"{PREFIX}{name}.toml") for name in names}
    tables = {name: tables_seconds(world, policies) for name, world in worlds.items()}  # loads and binds as well
    found = {name: [] for name in names}
    for _ in range(options.rounds):
        for name, world in worlds.items():
            found[name].append(measure(build, world, policies))
    print_speeds(found, tables)


if __name__ == "__main__":
    main()
