"""How fast is the engine? The micro-model "mempool under pressure" in gfplab, SimPy and cimba, in turns, by CPU time.

    python tests/bench/mempool_micro.py [--rounds 3]

The three do the same work (micro_model.py says what), which the second table shows: with other random numbers, the
figures of the model agree. cimba wants numba settings of its own, so it runs in the virtual environment
GFPLAB_CIMBA_VENV (build/cimba beside this project if that is not set, made when it is missing); where it cannot be
installed a sentence says so. Exit code 1 if gfplab is not 31 times as fast as SimPy, or not twice as fast as cimba.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import micro_model

HERE = Path(__file__).resolve().parent
SECOND = 1_000_000_000
COUNTERS = ("cycles", "failed", "reserve_hits", "waits", "timeouts", "wait_ns")
LENGTHS = {"gfplab": SECOND, "SimPy": SECOND // 4, "cimba": SECOND}
TARGETS = {"SimPy": 31, "cimba": 2}


def gfplab_engine():
    """The compiled micro-model; gives measure(seed, ns) -> (CPU seconds, counters)."""
    build = micro_model.build("compiled")
    micro_model.start(build, 0).run(SECOND // 100)

    def measure(seed, ns):
        sim = micro_model.start(build, seed)
        began = time.process_time()
        sim.run(ns)
        return time.process_time() - began, {c: int(sim.arrays["micro"][c][0]) for c in COUNTERS}

    return measure


def simpy_engine():
    """The same in SimPy, or None."""
    try:
        from micro_simpy import Micro
    except ModuleNotFoundError:
        print("SimPy is not installed (pip install simpy): left out.")
        return None

    def measure(seed, ns):
        micro = Micro(seed)
        began = time.process_time()
        micro.run(ns)
        return time.process_time() - began, {c: getattr(micro, c) for c in COUNTERS}

    return measure


def cimba_engine():
    """The same in cimba, in a Python of its own, or None."""
    folder = Path(os.environ.get("GFPLAB_CIMBA_VENV", HERE.parents[1] / "build" / "cimba"))
    python = folder / "bin" / "python"
    environment = {n: v for n, v in os.environ.items() if not n.startswith(("NUMBA", "PYTHONPATH"))}
    try:
        if not python.exists():
            print(f"Making {folder} for cimba ...")
            subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True)
            subprocess.run([python, "-m", "pip", "install", "-q", "cimba"], check=True, capture_output=True)

        def measure(seed, ns):
            command = [python, HERE / "micro_cimba.py", str(seed + 1), str(ns)]
            out = json.loads(subprocess.run(command, check=True, capture_output=True, env=environment).stdout)[0]
            return out["seconds"], out

        measure(0, 1000)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"cimba does not install or run here ({error}): left out.")
        return None
    return measure


def figures(runs):
    """What the engines must agree in, over all runs of one."""
    total = {c: sum(counters[c] for _, _, counters in runs) for c in COUNTERS}
    cycles = total["cycles"]
    return {
        "cycles/s": f"{cycles / sum(ns for _, ns, _ in runs) * SECOND / 1000:.1f} k",
        "fail": f"{total['failed'] / cycles:.3f}",
        "reserve": f"{total['reserve_hits'] / cycles:.3f}",
        "waits": f"{total['waits'] / cycles:.3f}",
        "time-outs": f"{total['timeouts'] / cycles:.5f}",
        "mean wait us": f"{total['wait_ns'] / total['waits'] / 1000:.2f}",
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    engines = {"gfplab": gfplab_engine(), "SimPy": simpy_engine(), "cimba": cimba_engine()}
    engines = {name: measure for name, measure in engines.items() if measure}
    runs = {name: [] for name in engines}
    for number in range(rounds):
        for name, measure in engines.items():
            seconds, counters = measure(number, LENGTHS[name])
            runs[name].append((seconds, LENGTHS[name], counters))
    speed = {name: [c["cycles"] / s for s, _, c in rs] for name, rs in runs.items()}
    print("| engine | k cycles per CPU second, each round | gfplab is faster by |")
    print("|---|---|---|")
    for name, each in speed.items():
        ratios = [ours / theirs for ours, theirs in zip(speed["gfplab"], each, strict=True)]
        print(f"| {name} | {', '.join(f'{x / 1000:.0f}' for x in each)} | {min(ratios):.1f} to {max(ratios):.1f} |")
    print()
    tables = {name: figures(rs) for name, rs in runs.items()}
    print("| engine |", " | ".join(tables["gfplab"]), "|")
    print("|---|" + "---|" * len(tables["gfplab"]))
    for name, table in tables.items():
        print(f"| {name} |", " | ".join(table.values()), "|")
    missed = 0
    for name, target in TARGETS.items():
        if name in speed:
            ratio = statistics.median(a / b for a, b in zip(speed["gfplab"], speed[name], strict=True))
            missed += ratio < target
            print(f"\n{ratio:.1f} times {name} (median; wanted: {target})", end="")
    print()
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
