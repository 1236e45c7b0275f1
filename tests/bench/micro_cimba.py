"""The micro-model in cimba (compiled Python models on a C engine); runs in a Python that has cimba.

python micro_cimba.py SEED NANOSECONDS ...      prints one JSON document: for each length the CPU time and the
counters
"""

import json
import sys
import time

import cimba as cb

NR_TASKS, NR_CPUS, CAP, RESERVE, DISK_SLOTS = 64, 4, 64, 4, 16
TIMED_OUT = 7


class Pool(cb.Model):
    """What the tasks share; `waiting` holds the handles of those that wait, in their order."""

    used: int = RESERVE
    curr_nr: int = RESERVE
    nr_waiting: int = 0
    waiting: cb.Array[int] = cb.Array(NR_TASKS)
    lock: cb.Resource
    disk: cb.Resource = cb.Resource(capacity=DISK_SLOTS)
    cpus: list[cb.Ref[cb.Resource]]
    cpu0: cb.Resource = cb.Resource()
    cpu1: cb.Resource = cb.Resource()
    cpu2: cb.Resource = cb.Resource()
    cpu3: cb.Resource = cb.Resource()
    cycles: cb.Output[int]
    failed: cb.Output[int]
    reserve_hits: cb.Output[int]
    waits: cb.Output[int]
    timeouts: cb.Output[int]
    wait_ns: cb.Output[int]
    latency_ns: cb.Output[int]
    tasks: list["Task"]

    def __init__(self):
        self.cpus = [self.cpu0, self.cpu1, self.cpu2, self.cpu3]
        self.tasks = [Task(self, self.cpus[i % NR_CPUS]) for i in range(NR_TASKS)]

    @cb.on_start
    def begin(self):
        self.cycles = self.failed = self.reserve_hits = self.waits = self.timeouts = 0
        self.wait_ns = self.latency_ns = 0


class Task(cb.Model):
    """One of the 64."""

    pool: cb.Ref[Pool]
    cpu: cb.Ref[cb.Resource]

    def __init__(self, pool, cpu):
        self.pool = pool
        self.cpu = cpu

    @cb.process
    def mempool_task(self):
        pool = self.pool
        while True:
            cb.hold(int(cb.random.exponential(20_000.0)) + 1)
            self.cpu.acquire()
            began = cb.now()
            while True:
                cb.hold(1_000.0)
                if cb.random.uniform() >= 1.6 * (pool.used / CAP - 0.25):
                    pool.used += 1
                    break
                pool.failed += 1
                pool.lock.acquire()
                cb.hold(200.0)
                if pool.curr_nr > 0:
                    pool.curr_nr -= 1
                    pool.reserve_hits += 1
                    pool.lock.release()
                    break
                me = cb.this_process()
                pool.waiting[pool.nr_waiting] = me.pointer
                pool.nr_waiting += 1
                pool.waits += 1
                since = cb.now()
                pool.lock.release()
                self.cpu.release()
                me.timer_set(20_000.0, TIMED_OUT)
                if cb.suspend() == TIMED_OUT:
                    pool.timeouts += 1
                    n = 0
                    for i in range(pool.nr_waiting):
                        if pool.waiting[i] != me.pointer:
                            pool.waiting[n] = pool.waiting[i]
                            n += 1
                    pool.nr_waiting = n
                else:
                    me.timers_clear()
                pool.wait_ns += int(cb.now() - since)
                self.cpu.acquire()
            cb.hold(300.0)
            pool.latency_ns += int(cb.now() - began)
            self.cpu.release()
            pool.disk.acquire()
            cb.hold(5_000 + int(cb.random.exponential(30_000.0)) + 1)
            pool.disk.release()
            self.cpu.acquire()
            cb.hold(500.0)
            pool.lock.acquire()
            cb.hold(200.0)
            if pool.curr_nr < RESERVE:
                pool.curr_nr += 1
                if pool.nr_waiting > 0:
                    first = pool.waiting[0]
                    for i in range(1, pool.nr_waiting):
                        pool.waiting[i - 1] = pool.waiting[i]
                    pool.nr_waiting -= 1
                    cb.Process(first).resume(0)
            else:
                pool.used -= 1
            pool.lock.release()
            self.cpu.release()
            pool.cycles += 1


COUNTERS = ("cycles", "failed", "reserve_hits", "waits", "timeouts", "wait_ns", "latency_ns")


def measure(seed, ns):
    """Run once on one core; the CPU time includes what cimba does around the run."""
    model = Pool()
    experiment = cb.Experiment(model, replications=1, window=cb.Window(warmup=0, duration=ns), seed=seed)
    began = time.process_time()
    results = experiment.run(workers=1)
    seconds = time.process_time() - began
    return {"seconds": seconds, **{c: int(getattr(results[model], c).values.item()) for c in COUNTERS}}


if __name__ == "__main__":
    measure(0, 1_000)  # compiles
    print(json.dumps([measure(int(sys.argv[1]), float(ns)) for ns in sys.argv[2:]]))
