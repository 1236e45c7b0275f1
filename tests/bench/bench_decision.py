"""What a decision costs: nanoseconds a call of the same policy compiled from Python and from C, in one run.

    python tests/bench/bench_decision.py

Each function is called by address with sixteen different records, as the simulated kernel calls it.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path

from gfplab.policy.bench import bench_plugin
from gfplab.policy.c_header import c_header
from gfplab.policy.plugin import load_file

ALWAYS_RESERVE = "int64_t mempool_free(const struct pool *pool, const struct zone *zone, struct my *my)\n"
SOURCES = {
    "c": '#include "gfplab.h"\nGFPLAB_ARGUMENT("Reserve, then attempt, then wait.")\n'
    + ALWAYS_RESERVE
    + """{
	return pool->curr_nr < pool->min_nr;
}
int64_t mempool_step(const struct pool *pool, const struct zone *zone, const struct task *task,
		const struct mempool_call *call, struct my *my)
{
	if (call->last == 0 || call->last == STEP_WAIT)
		return RESERVE;
	if (call->last == STEP_RESERVE && call->attempts <= call->waits)
		return ALLOC(call->optimistic);
	return call->may_sleep ? WAIT(5 * SEC) : FAIL;
}
""",
    "py": '''"""Reserve, then attempt, then wait."""

from gfplab import ALLOC, FAIL, RESERVE, WAIT, hookimpl
from gfplab.kernel.steps import STEP_RESERVE, STEP_WAIT
from gfplab.units import SEC


@hookimpl
def mempool_free(pool):
    return 1 if pool.curr_nr < pool.min_nr else 0


@hookimpl
def mempool_step(call):
    if call.last == 0 or call.last == STEP_WAIT:
        return RESERVE
    if call.last == STEP_RESERVE and call.attempts <= call.waits:
        return ALLOC(call.optimistic)
    return WAIT(5 * SEC) if call.may_sleep else FAIL
''',
}


def least_of(plugin, rounds=7):
    """The least of several rounds for each decision: what is more is another process on the core."""
    measured = [bench_plugin(plugin) for _ in range(rounds)]
    return {costs[0].decision: min(cost.ns for cost in costs) for costs in zip(*measured, strict=True)}


def main():
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "gfplab.h").write_text(c_header())
        for suffix, text in SOURCES.items():
            (place / f"decides.{suffix}").write_text(text)
        cc = shutil.which("cc") or "cc"
        subprocess.run([cc, "-O2", "-shared", "-fPIC", "-o", "decides.so", "decides.c"], cwd=folder, check=True)
        costs = {suffix: least_of(load_file(str(place / f"decides.{suffix}"), "-p")) for suffix in ("py", "so")}
    print("decision        Python, compiled     in C")
    for decision in costs["py"]:
        print(f"{decision:<14}{costs['py'][decision]:>14.1f} ns{costs['so'][decision]:>10.1f} ns")


if __name__ == "__main__":
    main()
