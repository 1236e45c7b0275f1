"""How long from an edit of a policy to its metrics, in a new process and in `gfplab watch`?

    python tests/bench/bench_edit.py [--rounds 5] [--scenario s1_quarter]

Each round changes a policy, so that its decision is compiled anew. Seconds are CPU seconds (user and system), which are
wall seconds where nobody else wants the core; what the clock on the wall said is beside them. The last column is the
ratio to the same command with the stock policy, whose machine code is in the cache. The exit code is 0 whatever the
figures are.
"""

import argparse
import contextlib
import io
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

POLICY = '''"""Wait for a while."""
from gfplab import ALLOC, FAIL, RESERVE, WAIT, hookimpl
from gfplab.kernel.steps import STEP_ALLOC, STEP_RESERVE


@hookimpl
def mempool_step(call):
    if call.last == 0:
        return ALLOC(call.optimistic)
    if call.last == STEP_ALLOC:
        return RESERVE
    if call.last == STEP_RESERVE:
        return WAIT({wait}) if call.may_sleep else FAIL
    return ALLOC(call.full)
'''
TARGETS = {"new process": 1.5, "watch": 0.5}


def edited(path, number):
    """The policy as nobody has compiled it yet."""
    path.write_text(POLICY.format(wait=1_000_000_000 + (time.time_ns() + number) % 1_000_000_000))


def new_process(scenario, folder, policy):
    """(CPU seconds, wall seconds) of one `gfplab run`."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-m", "gfplab", "run", scenario, *policy, "--out", str(folder / f"out{time.time_ns()}")]
    subprocess.run(command, check=True, capture_output=True)
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - began
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def watched(watch, number):
    """(CPU seconds, wall seconds) of one turn of `gfplab watch`, from a file on disk to the page."""
    began, wall = time.process_time(), time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        watch.page(number)
    return time.process_time() - began, time.perf_counter() - wall


def row(*cells):
    print(f"| {' | '.join(map(str, cells))} |")


def print_row(name, edits, stock):
    cpu, wall = (statistics.median(e[i] for e in edits) for i in (0, 1))
    ratio = cpu / statistics.median(s[0] for s in stock)
    row(name, f"{cpu:.2f}", f"{min(e[0] for e in edits):.2f}", f"{wall:.2f}", f"{ratio:.2f}", TARGETS[name])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scenario", default="s1_quarter")
    given = parser.parse_args()
    from gfplab.cli.quick import start_numba
    from gfplab.cli.watch import Watch
    from gfplab.world.shipped import scenario_path

    scenario = str(scenario_path(given.scenario).resolve())
    with tempfile.TemporaryDirectory() as name:
        folder, policy = Path(name), Path(name) / "edited_policy.py"
        os.chdir(folder)
        edited(policy, 0)
        new_process(scenario, folder, ["-p", str(policy)])  # brings the kernel into the cache
        edits, stock = [], []
        for number in range(given.rounds):
            edited(policy, number)
            edits.append(new_process(scenario, folder, ["-p", str(policy)]))
            stock.append(new_process(scenario, folder, []))
        row("edit to metrics", "CPU s, median", "least", "wall s", "of a stock run", "target s")
        row(*["---"] * 6)
        print_row("new process", edits, stock)
        start_numba()
        watch, idle = Watch(scenario, [str(policy)], (), 1), Watch(scenario, (), (), 1)
        edits, stock = [], []
        for turn in (watch, idle):
            watched(turn, 0)
        for number in range(given.rounds):
            edited(policy, number)
            edits.append(watched(watch, number))
            stock.append(watched(idle, number))
        print_row("watch", edits, stock)


if __name__ == "__main__":
    main()
