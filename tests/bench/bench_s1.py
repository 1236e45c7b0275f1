"""How fast is S1, the storm that gfplab was made for, and how long does one wait for a first result?

    python tests/bench/bench_s1.py [--rounds 3] [--starts]

Runs the storm under three policies in turns and says where the time goes: into which part of a run, and into how much
work each event carries (pages scanned and touched). Then starts gfplab anew: help, a warm run to its first event and to
its end, and a run with a policy that was just edited. Prints each figure beside its target; the exit code is 0 whatever
they are, for on a machine that others use none of them can be promised.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from gfplab.boot.machine import boot_machine
from gfplab.engine import cache
from gfplab.engine.slices import run_until
from gfplab.policy.discover import discover
from gfplab.policy.select import select
from gfplab.run import build_kernel, simulate
from gfplab.tables.metrics import tabulate
from gfplab.world.scenario import load_scenario

ROOT = Path(__file__).resolve().parents[2]
S1 = ROOT / "studies" / "scenarios" / "s1_dm_crypt_swap.toml"
PLUGIN = ROOT / "plugins" / "gfplab_plugins" / "hocko_rfc.py"
EDITED = "my.timeout"  # in the code of a decision
POLICIES = ("linux_4_7", "linux_4_9", "pool_first")
EVENTS_TARGET = 10e6
HELP_S, EVENT_S, WARM_S, EDIT_S = 0.1, 1.0, 1.0, 1.5
GFPLAB = ("-m", "gfplab")
UNTIL_FIRST_EVENT = (
    "-c",
    "import os, sys; from gfplab.engine import slices; slices.run_until = lambda *_, **__: os._exit(0); "
    "from gfplab.cli.main import run_command_line; run_command_line(sys.argv[1:]); sys.exit('no simulation began')",
)


def row(*cells):
    print(f"| {' | '.join(map(str, cells))} |")


def storm(policy, plugins):
    """One run: (CPU seconds of its parts, the arrays it left)."""
    world = load_scenario(S1)
    chosen = select(world.kernel, world.policies, extra=[policy], plugins=plugins)
    parts = {}

    def timed(name, call):
        began = time.process_time()
        result = call()
        parts[name] = time.process_time() - began
        return result

    build = build_kernel()
    decisions = timed("bind", lambda: chosen.bind(build.schema))
    machine = timed("boot", lambda: boot_machine(build, world, 1))
    machine.arrays["my"] = chosen.my_initial(machine)
    sim = build.start(machine.arrays, decisions)
    timed("run", lambda: run_until(sim, world.length_ns))
    return parts, sim.arrays


def storms(rounds):
    plugins = discover()
    build_kernel()
    tables = {}
    for policy in POLICIES:  # the first run of each loads and binds
        world = load_scenario(S1)
        run = simulate(world, select(world.kernel, world.policies, extra=[policy], plugins=plugins), 1)
        began = time.process_time()
        tabulate(run)
        tables[policy] = time.process_time() - began
    found = {policy: [] for policy in POLICIES}
    for _ in range(rounds):
        for policy in POLICIES:
            found[policy].append(storm(policy, plugins))
    row(
        "policy",
        "events",
        "M events/s",
        "simulated s per s",
        "M pages scanned/s",
        "k pages touched/s",
        "ns per event",
        "us of simulated CPU per event",
    )
    row(*["---"] * 8)
    for policy, runs in found.items():
        arrays = runs[0][1]
        seconds = statistics.median(parts["run"] for parts, _ in runs)
        vm, cpu, events = arrays["vm"], arrays["tasks"]["t_running"].sum(), int(arrays["e"]["nr_events"][0])
        scanned = int(vm["pgscan_direct"][0] + vm["pgscan_kswapd"][0])
        touched = int(arrays["workloads"]["done"].sum())
        row(
            policy,
            events,
            f"{events / seconds / 1e6:.3f}",
            f"{int(arrays['e']['now'][0]) / 1e9 / seconds:.1f}",
            f"{scanned / seconds / 1e6:.2f}",
            f"{touched / seconds / 1e3:.0f}",
            f"{seconds * 1e9 / events:.0f}",
            f"{cpu / events / 1e3:.1f}",
        )
    print(f"\ntarget {EVENTS_TARGET / 1e6:.0f} M events/s\n")
    row("part, ms of CPU", *POLICIES)
    row(*["---"] * (1 + len(POLICIES)))
    for part in ("bind", "boot", "run"):
        values = (statistics.median(parts[part] for parts, _ in found[policy]) * 1e3 for policy in POLICIES)
        row(part, *(f"{value:.1f}" for value in values))
    row("tables", *(f"{tables[policy] * 1e3:.1f}" for policy in POLICIES))


def command(*arguments, python=GFPLAB):
    """Wall-clock and CPU seconds of a gfplab command in a new process."""
    before, began = os.times(), time.perf_counter()
    subprocess.run([sys.executable, *python, *arguments], check=True, capture_output=True, env=os.environ)
    wall, after = time.perf_counter() - began, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, cpu


def compiled_policies():
    """How many decisions of policies are in the cache."""
    return len(list((cache.folder() / "policies").glob("*")))


def starts(rounds):
    """help, a warm run of one simulated millisecond, and the same with a policy whose code nobody has compiled yet.

    A tunable with another default would not do: its number lies in a record, and nothing is compiled.
    """
    first_event, first_result, edit = (
        "warm start to the first event",
        "warm start to a first result",
        "policy edit to its first result",
    )
    found = {what: [] for what in ("gfplab --help", first_event, first_result, edit)}
    with tempfile.TemporaryDirectory() as folder:
        short = [str(S1), "--set", "length=1ms", "--json", "--out"]
        command("run", *short, f"{folder}/first")
        for n in range(rounds):
            edited = Path(folder) / "edited.py"
            number = time.time_ns() % 100_000
            edited.write_text(PLUGIN.read_text().replace(EDITED, f"{EDITED} + {number}"))
            found["gfplab --help"].append(command("--help"))
            found[first_event].append(command("run", *short, f"{folder}/none{n}", python=UNTIL_FIRST_EVENT))
            found[first_result].append(command("run", *short, f"{folder}/warm{n}"))
            known = compiled_policies()
            found[edit].append(command("run", "-p", str(edited), *short, f"{folder}/e{n}"))
            if compiled_policies() == known:
                sys.exit("the edited policy was not compiled: its figure would be that of a warm start")
    print()
    row("new process, s", "wall, best", "CPU, best", "target")
    row(*["---"] * 4)
    for (what, taken), target in zip(found.items(), (HELP_S, EVENT_S, WARM_S, EDIT_S), strict=True):
        row(what, f"{min(wall for wall, _ in taken):.2f}", f"{min(cpu for _, cpu in taken):.2f}", target)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--starts", action="store_true", help="only the new processes")
    options = parser.parse_args()
    if not options.starts:
        storms(options.rounds)
    starts(options.rounds)


if __name__ == "__main__":
    main()
