"""How many scenarios does `gfplab attack` try before it finds what it looks for?

    python tests/bench/bench_attack.py [--searches 12] [--first 0] [--most 200]

Each search has another --seed and starts from the same harmless scenario; it ends when a scenario shows the goal with
seeds 1 to 10 and with 100 fresh ones. Prints the trials that each took (- for none within --most), the median, the
most, and the CPU seconds of the searches, without making the scenario smaller. No run is taken from the cache. The exit
code is 0 whatever the figures are.
"""

import argparse
import statistics
import time

from gfplab.adversary.attack import Attack, run_attack
from gfplab.adversary.goals import Goal
from gfplab.adversary.probe import Victim
from gfplab.policy.discover import discover
from gfplab.world.shipped import scenario_path
from gfplab.world.toml import read_toml

STARTS = {"stall": "harmless_swap", "deadlock": "two_writers"}
SEEDS = tuple(range(1, 11))


def searched(goal, start, seed, most, plugins):
    """(trial that was found or None, CPU seconds) of one search."""
    path = scenario_path(start)
    attack = Attack(read_toml(path), str(path), Goal(goal), SEEDS, most, seed, fresh=100)
    began = time.process_time()
    found = run_attack(attack, Victim([], plugins, str(path)), smaller=False)
    return found.trial, time.process_time() - began


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--searches", type=int, default=12)
    parser.add_argument("--first", type=int, default=0, help="seed of the first search")
    parser.add_argument("--most", type=int, default=200, help="trials of a search")
    parser.add_argument("--goal", choices=STARTS, action="append", help="only this")
    given = parser.parse_args()
    plugins, seeds = discover(), range(given.first, given.first + given.searches)
    searched("stall", "harmless_swap", 0, 1, plugins)  # compiles, or loads what was compiled
    print(f"| goal | trials until found, seeds {seeds[0]} to {seeds[-1]} | median | most | CPU seconds |")
    print("|---|---|---|---|---|")
    for goal in given.goal or STARTS:
        found = [searched(goal, STARTS[goal], seed, given.most, plugins) for seed in seeds]
        trials = [trial for trial, _ in found]
        ranked = sorted(given.most + 1 if trial is None else trial for trial in trials)
        most = "-" if None in trials else ranked[-1]
        seconds = [spent for _, spent in found]
        print(
            f"| `{goal}`, from `{STARTS[goal]}` | {', '.join('-' if t is None else str(t) for t in trials)} |"
            f" {statistics.median(ranked):g} | {most} | {min(seconds):.1f} to {max(seconds):.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
