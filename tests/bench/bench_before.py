"""Did a change make runs faster? Two checkouts simulate the same worlds in turns; how much time does each need?

    git worktree add ../before HEAD~1
    python tests/bench/bench_before.py ../before [--rounds 5]

Each round starts a process of either checkout, which simulates every world three times and gives the least CPU time of
the compiled code alone: no boot, no tables. Prints milliseconds of both, the ratio of their least and of their medians,
and whether the event logs are the same. The exit code is 0 whatever the times are, and 1 if a log differs.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORLDS = (
    ("s1_quarter", "hocko_rfc", None),
    ("s1_quarter", "neil_mask", None),
    ("s1_quarter", "pool_first", None),
    ("s1_dm_crypt_swap", "pool_first", "10s"),
    ("s2_pure_anon", None, "3s"),
    ("rig_slow20", None, "6s"),
)
RUNS = 3


def times():
    """The child: {world: [least milliseconds, log hash]} of the checkout that is on the path."""
    from gfplab.boot.machine import boot_machine
    from gfplab.engine.slices import run_until
    from gfplab.policy.discover import discover
    from gfplab.policy.select import select
    from gfplab.run import build_kernel
    from gfplab.world.scenario import load_scenario

    build, plugins, found = build_kernel(), discover(), {}
    for scenario, policy, length in WORLDS:
        world = load_scenario(ROOT / "studies" / "scenarios" / f"{scenario}.toml", {"length": length} if length else {})
        chosen = select(world.kernel, world.policies, (policy,) if policy else (), world.tunables, plugins=plugins)
        taken = []
        for _ in range(RUNS + 1):  # the first one is for the caches
            decisions = chosen.bind(build.schema)
            machine = boot_machine(build, world, 1)
            machine.arrays["my"] = chosen.my_initial(machine)
            sim = build.start(machine.arrays, decisions)
            began = time.process_time()
            run_until(sim, world.length_ns)
            taken.append((time.process_time() - began) * 1e3)
        found[f"{scenario} {policy or 'stock'}"] = min(taken[1:]), int(sim.arrays["e"]["log_hash"][0])
    print(json.dumps(found))


def of_checkout(root):
    path = os.pathsep.join(str(root / name) for name in ("platform", "plugins"))
    command = [sys.executable, __file__, "--child"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=dict(os.environ, PYTHONPATH=path))
    return json.loads(done.stdout.splitlines()[-1])


def row(*cells):
    print(f"| {' | '.join(map(str, cells))} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("before", type=Path, nargs="?", help="a checkout to compare with")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return times()
    if options.before is None:
        parser.error("which checkout to compare with?")
    rounds = [(of_checkout(options.before.resolve()), of_checkout(ROOT)) for _ in range(options.rounds)]
    row("world, policy", "before, ms", "after, ms", "after / before, least", "median", "same log")
    row(*["---"] * 6)
    differ = False
    for world in rounds[0][0]:
        before, after = ([checkouts[i][world][0] for checkouts in rounds] for i in (0, 1))
        same = len({checkouts[i][world][1] for checkouts in rounds for i in (0, 1)}) == 1
        differ |= not same
        ratios = [f(after) / f(before) for f in (min, statistics.median)]
        row(world, f"{min(before):.1f}", f"{min(after):.1f}", *(f"{r:.2f}" for r in ratios), "yes" if same else "NO")
    return int(differ)


if __name__ == "__main__":
    sys.exit(main())
