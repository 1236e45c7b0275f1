"""Does a study find the front, and do its intervals hold the truth? Asked where both are known.

    python tests/bench/bench_known_front.py [--studies 10] [--repetitions 100] [--samplers tpe nsga2 random] [--check N]
    python tests/bench/bench_known_front.py --anew FOLDER [--workers 2]

The problem is tests/files/known_front: a small swap machine, of which every point of the search space was simulated
under every one of 64 seeds. The studies are whole studies, only their simulations are looked up in that record.

* front: `--studies` studies for each sampler, each with a sampler's seed and four simulation seeds of its own. What a
  study reports as its front after so many trials is taken at its true values, and its hypervolume divided by that of
  the true front: medians, and the worst of them after the last trial.
* intervals: `--repetitions` studies with fresh seeds. The share of the reported 95 % intervals that hold the true
  difference, for each objective and number of confirming seeds.
* both once more with other objectives of the same record, whose front has two lonely points that hold 3 % of it.
* `--check` simulates so many recorded runs again and says how many still come out the same. A changed kernel makes
  them differ, which takes nothing from the problem. `--anew` simulates all (about an hour), a file for each seed in
  FOLDER, so it can be stopped and goes on, and then writes the record.
"""

import argparse
import io
import os
import random
import sys
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "study"))

from known_front import COLUMNS, HARDER, RECORD, KnownFront, all_trials, known_front, known_study  # noqa: E402

from gfplab.tables.job import run_job  # noqa: E402

SEEDS = 64
TRIALS = (25, 50, 100, 150)
CONFIRM = (6, 10, 20)
TARGET, BAND = 0.98, (0.90, 0.99)


def row(*cells):
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def header(*cells):
    row(*cells)
    row(*["---"] * len(cells))


def simulated(task):
    """The numbers of the record, of one (job, seed)."""
    job, seed = task
    found = run_job(replace(job, seed=seed))
    if found["deadlock"]:
        raise SystemExit(f"deadlock in {job.overrides} {job.policies} {job.tunables} seed {seed}: not what was meant")
    return [round(found[metric] / unit) for metric, unit in COLUMNS.values()]


def measure_anew(folder: Path, workers: int) -> pl.DataFrame:
    """Every point under every seed; a seed whose file is there is not run again."""
    folder.mkdir(parents=True, exist_ok=True)
    study = known_study()
    jobs = [study.jobs(trial)[0] for trial in all_trials(study)]
    parts = []
    with get_context("spawn").Pool(workers, os.nice, (10,)) as pool:
        for seed in range(1, SEEDS + 1):
            path = folder / f"seed_{seed}.parquet"
            if not path.exists():
                rows = pool.map(simulated, [(job, seed) for job in jobs], chunksize=8)
                keys = {"point": range(len(jobs)), "seed": [seed] * len(jobs)}
                written = path.with_suffix(".part")
                pl.DataFrame(keys | dict(zip(COLUMNS, zip(*rows, strict=True), strict=True))).write_parquet(written)
                written.rename(path)
                print(f"seed {seed} of {SEEDS}", file=sys.stderr)
            parts.append(pl.read_parquet(path))
    return pl.concat(parts)


def write_record(frame: pl.DataFrame) -> None:
    """Small whole numbers, sorted so that neighbours are alike."""
    small = {"point": pl.Int16, "seed": pl.Int16, "oom_kills": pl.Int8}
    said = [pl.col(name).cast(small.get(name, pl.Int32)) for name in ("point", "seed", *COLUMNS)]
    content = io.BytesIO()
    frame.select(said).sort("point", "seed").write_parquet(content, compression="zstd", compression_level=19)
    RECORD.write_bytes(content.getvalue())


def check(known: KnownFront, count: int) -> None:
    """Some recorded runs against today's simulator."""
    jobs = [known.study.jobs(trial)[0] for trial in all_trials(known.study)]
    rows = random.Random(0).sample(range(known.record.height), count)
    drawn = [known.record.row(place, named=True) for place in rows]
    same = sum(simulated((jobs[each["point"]], each["seed"])) == [each[c] for c in COLUMNS] for each in drawn)
    print(f"of {count} recorded runs {same} come out the same today\n", flush=True)


def print_problem(known: KnownFront) -> None:
    truth, spread = known.truth, known.measured.std(axis=1, ddof=1)
    print(f"\n{len(truth)} points x {known.measured.shape[1]} seeds; {len(known.front())} points on the true front\n")
    header("objective", "least", "median", "greatest", "of stock", "noise of a seed, median")
    metrics = [metric for metric, _ in COLUMNS.values()]
    for place, each in enumerate(known.study.objectives):
        mine = truth[:, place]
        noise = np.median(spread[:, metrics.index(each.metric)])
        row(each.name, *(f"{x:.5g}" for x in (mine.min(), np.median(mine), mine.max(), mine[0], noise)))


def print_fronts(known: KnownFront, samplers: list[str], studies: int) -> None:
    print(f"\nshare of the true front's hypervolume; {TARGET:.0%} asked for after {TRIALS[-1]} trials\n")
    header("sampler", *(f"{count} trials" for count in TRIALS), "worst of them")
    for sampler in samplers:
        found = []
        for repetition in range(studies):
            _, record = known.run(repetition, sampler=sampler, trials=TRIALS[-1], confirm=())
            found.append(known.shares(record, TRIALS))
        shares = np.array(found)
        row(sampler, *(f"{x:.4f}" for x in np.median(shares, axis=0)), f"{shares[:, -1].min():.4f}")


def print_coverage(known: KnownFront, repetitions: int, trials: int) -> None:
    print(f"\n95 % intervals with the truth in them; {BAND[0]:.0%} to {BAND[1]:.0%} asked for\n")
    names = [each.name for each in known.study.objectives]
    header("confirming seeds", "intervals", *names, "all")
    for seeds in CONFIRM:
        rows = []
        for repetition in range(repetitions):
            confirm = tuple(range(101, 101 + seeds))
            found, record = known.run(1000 + repetition, trials=trials, confirm=confirm)
            rows.append(known.covered(found, record))
        table = pl.concat(rows)
        by = {name: table.filter(objective=name)["covered"].mean() for name in names}
        row(seeds, table.height, *(f"{by[name]:.3f}" for name in names), f"{table['covered'].mean():.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--studies", type=int, default=10)
    parser.add_argument("--repetitions", type=int, default=100)
    parser.add_argument("--trials", type=int, default=40, help="of each repetition")
    parser.add_argument("--samplers", nargs="*", default=["tpe", "nsga2", "random"])
    parser.add_argument("--check", type=int, default=0, metavar="RUNS")
    parser.add_argument("--anew", type=Path, metavar="FOLDER")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    if options.anew:
        write_record(measure_anew(options.anew, options.workers))
    known = known_front()
    if options.check:
        check(known, options.check)
    for problem in (known, known_front(HARDER)):
        print_problem(problem)
        if options.studies:
            print_fronts(problem, options.samplers, options.studies)
        if options.repetitions:
            print_coverage(problem, options.repetitions, options.trials)


if __name__ == "__main__":
    main()
