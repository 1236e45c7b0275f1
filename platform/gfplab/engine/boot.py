"""Before time begins: sizes, and fresh arrays filled with the engine's constants, random streams, tables and idle CPUs.

arrays = build.arrays({**boot.sizes(tasks=64, cpus=4), "zones": 4})
boot.prepare(arrays, seed=1, purposes=("device", "workload"), switch_ns=1500)
k = PyState(build.schema, arrays)               # plain functions run on it as they are
plan_task(k, 1, build.fid("kswapd"), 0, 0)
sim = build.start(arrays, decisions)
"""

import numpy as np

from gfplab.engine.records import DEFAULTS, FIRST_STREAM, TIE_STREAM
from gfplab.engine.rng import exponential_table, lognormal_table, stream_state

QUANTILE_TABLES = (lognormal_table, exponential_table)  # numbers 1, 2, ... of draw_ns


def sizes(tasks, cpus, heap=None, waitqueues=0, locks=0, streams=0, kinds=1, stacks=1024, stack_words=256):
    """Sizes of the engine's arrays for that many of each; the null slots are added here."""
    index = 1 << (2 * stacks).bit_length()
    return {
        "e": 1,
        "tasks": tasks + 1,
        "cpus": cpus,
        "heap": (4 * (tasks + cpus) + 64 if heap is None else heap) + 1,
        "waitqueues": waitqueues + 1,
        "locks": locks + 1,
        "rng": FIRST_STREAM + streams,
        "quantiles": sum(len(table()) for table in QUANTILE_TABLES),
        "stacks": stacks + 1,
        "stack_frames": 16 * stacks,
        "stack_index": index,
        "trace_on": kinds + 1,
        "stack_words": stack_words,
    }


def prepare(arrays, seed, purposes=(), fixed_order=False, **constants):
    """Fill the engine's records; `purposes` names the random streams FIRST_STREAM, FIRST_STREAM + 1, ..."""
    e, cpus = arrays["e"], arrays["cpus"]
    unknown = sorted(set(constants) - set(e.dtype.names))
    if unknown:
        raise KeyError(f"prepare: e has no field {unknown[0]!r}")
    for name, value in {**DEFAULTS, "stack_words": int(e["stack_words"][0]), **constants}.items():
        e[name] = value
    e["ncpus"] = len(cpus)
    e["fixed_order"] = int(fixed_order)
    for log in ("trace", "stalls"):
        e[f"drain_{log}"] = len(arrays[log]) // 2
    for c in range(len(cpus)):
        cpus["idle_prev"][c] = c
        cpus["idle_next"][c] = c + 2 if c + 1 < len(cpus) else 0
    e["idle_head"] = 1
    arrays["rng"]["state"][TIE_STREAM] = stream_state(seed, "tie")
    for i, purpose in enumerate(purposes):
        arrays["rng"]["state"][FIRST_STREAM + i] = stream_state(seed, purpose)
    tables = [table() for table in QUANTILE_TABLES]
    arrays["quantiles"][: sum(map(len, tables))] = np.concatenate(tables)
    arrays["tasks"]["cpu_allowed"] = -1
    arrays["tasks"]["deadline"] = -1
    arrays["tasks"]["last_cpu"][1:] = np.arange(len(arrays["tasks"]) - 1) % len(cpus)
