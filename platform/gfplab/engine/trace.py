"""Logs are chunks: rows are appended until e.drain asks Python to copy them out. The log hash tells two runs apart.

The margin below a log's capacity (half of it) is what a single event may write.
"""

from gfplab.engine.arith import add64, lsr64, mul64
from gfplab.engine.clock import local_clock
from gfplab.engine.records import ERROR_LOG_FULL
from gfplab.engine.subset import plain

HASH_1 = -7046029254386353131
HASH_2 = -4658895280553007687
HASH_3 = -3335678366873096957  # 0xD1B54A32D192ED03


@plain
def mix_hash(k, a, b):
    """Mix two numbers into the log hash."""
    e = k.e[0]
    h = mul64(e.log_hash ^ a, HASH_1)
    h = mul64(h ^ lsr64(h, 32) ^ b, HASH_2)
    e.log_hash = h ^ lsr64(h, 29)


@plain
def trace(k, kind, a, b, c, d):
    """Append a row to log `trace` if k.trace_on[kind]; only rows that are written count in the log hash."""
    if k.trace_on[kind] == 0:
        return
    e = k.e[0]
    n = e.n_trace
    if n >= len(k.trace):
        e.error = ERROR_LOG_FULL
        return
    e.n_trace = n + 1
    if n >= e.drain_trace:
        e.drain = 1
    t = e.cur
    row = k.trace[n]
    row.time = local_clock(k)
    row.kind = kind
    row.task = t
    row.cpu = k.tasks[t].last_cpu if t else e.irq_cpu
    row.a = a
    row.b = b
    row.c = c
    row.d = d
    mix_hash(k, row.time, add64(mul64(kind, HASH_3), t))
    mix_hash(k, add64(mul64(a, HASH_3), b), add64(mul64(c, HASH_3), d))
