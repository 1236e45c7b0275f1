"""Workers: what is begun first."""

import contextlib
import time

from gfplab.study.executors import Workers
from gfplab.study.jobs import Job

SECONDS = {"long": 0.05, "short": 0.001}


def job(scenario, seed):
    return Job(scenario, f"{scenario}.toml", {}, {}, {}, seed)


def test_once_their_times_are_known_the_long_jobs_are_begun_before_the_short_ones():
    begun = []

    def run_job(job):
        begun.append((job.scenario, job.seed))
        time.sleep(SECONDS[job.scenario])
        return {"m": 1.0}

    with contextlib.closing(Workers(run_job, 1)) as crew:
        for scenario in SECONDS:  # nobody knows yet how long they take
            crew.give(scenario, job(scenario, 0))
        while len(begun) < 2 or crew._waiting.qsize():
            time.sleep(0.001)
        assert [crew.take(5) is not None for _ in SECONDS] == [True, True]
        crew.give("first", job("short", 1))  # taken at once
        while len(begun) < 3:
            time.sleep(0.001)
        for seed, scenario in enumerate(["short", "long", "short", "long"], start=2):
            crew.give(seed, job(scenario, seed))
        ended = [crew.take(5) for _ in range(5)]
    assert None not in ended
    assert begun[3:] == [("long", 3), ("long", 5), ("short", 2), ("short", 4)]
