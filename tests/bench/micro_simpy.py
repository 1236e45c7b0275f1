"""The micro-model in SimPy, written as SimPy's documentation would write it."""

import random
from collections import deque

import simpy

NR_TASKS, NR_CPUS, CAP, RESERVE, DISK_SLOTS = 64, 4, 64, 4, 16


class Micro:
    """One simulation; counters as in micro_model.py."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.env = simpy.Environment()
        self.cpus = [simpy.Resource(self.env) for _ in range(NR_CPUS)]
        self.disk = simpy.Resource(self.env, DISK_SLOTS)
        self.lock = simpy.Resource(self.env)
        self.waiters = deque()
        self.used = self.curr_nr = RESERVE
        self.cycles = self.failed = self.reserve_hits = self.waits = self.timeouts = self.wait_ns = self.latency_ns = 0
        for i in range(NR_TASKS):
            self.env.process(self.mempool_task(self.cpus[i % NR_CPUS]))

    def exponential(self, mean):
        return int(self.random.expovariate(1 / mean)) + 1

    def mempool_task(self, cpu):
        env = self.env
        while True:
            yield env.timeout(self.exponential(20_000))
            held = cpu.request()
            yield held
            began = env.now
            while True:
                yield env.timeout(1_000)
                if self.random.random() >= 1.6 * (self.used / CAP - 0.25):
                    self.used += 1
                    break
                self.failed += 1
                lock = self.lock.request()
                yield lock
                yield env.timeout(200)
                if self.curr_nr:
                    self.curr_nr -= 1
                    self.reserve_hits += 1
                    self.lock.release(lock)
                    break
                woken = env.event()
                self.waiters.append(woken)
                self.waits += 1
                since = env.now
                self.lock.release(lock)
                cpu.release(held)
                yield woken | env.timeout(20_000)
                if not woken.triggered:
                    self.waiters.remove(woken)
                    self.timeouts += 1
                self.wait_ns += env.now - since
                held = cpu.request()
                yield held
            yield env.timeout(300)
            self.latency_ns += env.now - began
            cpu.release(held)
            with self.disk.request() as slot:
                yield slot
                yield env.timeout(5_000 + self.exponential(30_000))
            held = cpu.request()
            yield held
            yield env.timeout(500)
            with self.lock.request() as lock:
                yield lock
                yield env.timeout(200)
                if self.curr_nr < RESERVE:
                    self.curr_nr += 1
                    if self.waiters:
                        self.waiters.popleft().succeed()
                else:
                    self.used -= 1
            cpu.release(held)
            self.cycles += 1

    def run(self, ns):
        """Let `ns` more pass."""
        self.env.run(until=self.env.now + ns)
