"""How much of a study's time is simulation, and how many simulations a second is that against Optuna alone?

    python tests/bench/bench_study.py [--trials 300] [--workers 2] [--naive 100] [--early-stop]

The study is studies/reserve_and_mask.toml, without the cache of results. Its naive rivals answer the same questions in
the same space with one simulation a trial, `create_study(storage="sqlite:///...").optimize(objective)`: once with the
simulation called in the process, once with `gfplab run` started for each, as simulators mostly are. They run one study
for each scenario, for one simulation can only give the figures of one; their seeds take turns. What a trial costs them
grows with the trials that they have, so few trials are kind to them.

Seconds are by the clock. Overhead is the share of the CPU time in which no machine was booted and no kernel simulated:
Optuna, the journal, plugins, tables. The exit code is 0 whatever the figures are.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

import optuna

import gfplab.tables.job
from gfplab.run import simulate
from gfplab.study.search import run_study
from gfplab.study.spec import load_study
from gfplab.study.stopping import EarlyStop
from gfplab.tables.job import run_job

STUDY = Path(__file__).parents[2] / "studies" / "reserve_and_mask.toml"


class Simulating:
    """simulate(), with how often it was called and the CPU seconds that it took."""

    def __init__(self):
        self._lock, self.count, self.seconds = threading.Lock(), 0, 0.0

    def __call__(self, *args, **more):
        began = time.thread_time()
        run = simulate(*args, **more)
        with self._lock:
            self.count, self.seconds = self.count + 1, self.seconds + time.thread_time() - began
        return run


def searched(study, folder, workers, trials):
    """(wall seconds, CPU seconds, CPU seconds in simulations, simulations, outcome) of the study as gfplab runs it."""
    gfplab.tables.job.simulate = counted = Simulating()
    wall, cpu = time.perf_counter(), time.process_time()
    found = run_study(study, folder, run_job, workers=workers, trials=trials, say=lambda _: None)
    gfplab.tables.job.simulate = simulate
    return time.perf_counter() - wall, time.process_time() - cpu, counted.seconds, counted.count, found


def jobs_of(study, trial, scenario):
    """The simulation that a naive trial is."""
    asked = study.asked(trial.number, 0, study.space.ask(trial), "")
    seed = study.seeds[trial.number % len(study.seeds)]
    (job,) = [job for job in study.jobs(asked) if job.scenario == scenario and job.seed == seed]
    return job


def naive(study, folder, simulations, run):
    """Wall seconds of so many simulations, one a trial, half of them of each scenario."""
    began = time.perf_counter()
    for scenario in study.scenarios:
        aims = [aim for aim in study.objectives if scenario in aim.name]

        def objective(trial, scenario=scenario, aims=aims):
            job = jobs_of(study, trial, scenario)
            metrics = run(job)
            return [aim.value({(scenario, job.seed): metrics}) for aim in aims]

        optuna.create_study(
            storage=f"sqlite:///{folder}/{scenario}.db",
            directions=[aim.direction for aim in aims],
            sampler=optuna.samplers.TPESampler(seed=1),
        ).optimize(objective, n_trials=simulations // len(study.scenarios))
    return time.perf_counter() - began


def started(job):
    """The metrics of a job that `gfplab run` is started for."""
    policies = [f"--policy={plugin}" for plugin in sorted(set(job.policies.values()))]
    settings = [
        f"--set={key}={value}".replace("True", "true").replace("False", "false")
        for key, value in {**job.overrides, **job.tunables}.items()
    ]
    command = [sys.executable, "-m", "gfplab", "run", job.path, *policies, *settings, f"--seed={job.seed}", "--json"]
    with tempfile.TemporaryDirectory() as out:
        # the exit code is 1 if the run ended in an OOM kill, which is a result
        return json.loads(subprocess.run([*command, f"--out={out}/run"], capture_output=True).stdout)["metrics"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--naive", type=int, default=100, help="simulations of each naive rival")
    parser.add_argument("--early-stop", action="store_true", help="once more, dropping trials that are surely beaten")
    asked = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = load_study(STUDY)
    for job in study.jobs(study.first_trials(asked.trials)[0]):
        run_job(job)  # the kernel is loaded once a process, and nobody's time
    with tempfile.TemporaryDirectory() as folder:
        rows = [("gfplab", study)]
        if asked.early_stop:
            rows.append(("gfplab, early_stop", replace(study, early_stop=EarlyStop(confidence=0.95, min_seeds=2))))
        print(f"{'':32}{'wall s':>8}{'simulations':>13}{'per s':>8}{'overhead':>10}")
        rates = {}
        for number, (name, each) in enumerate(rows):
            wall, cpu, inside, count, _ = searched(each, f"{folder}/{number}", asked.workers, asked.trials)
            rates[name] = count / wall
            print(f"{name:32}{wall:8.1f}{count:13}{count / wall:8.1f}{(cpu - inside) / cpu:10.1%}", flush=True)
        for name, run in (("Optuna, in one process", run_job), ("Optuna, a process each", started)):
            inner = Path(tempfile.mkdtemp(dir=folder))
            wall = naive(study, inner, asked.naive, run)
            rate = asked.naive / wall
            ratios = ", ".join(f"{each / rate:.1f}" for each in rates.values())
            print(
                f"{name:32}{wall:8.1f}{asked.naive:13}{rate:8.1f}{'':10}  gfplab is {ratios} times as fast", flush=True
            )


if __name__ == "__main__":
    main()
