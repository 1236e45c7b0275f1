"""A small table of measurements, and a simulator that only looks into it."""

import pytest

from gfplab.truth.measured import read_measured
from gfplab.truth.replay import replay

COLUMNS = (
    "cfg,policy,seed,icount,work,last_proc_end_s,pswpout,allocstall,oom_kill,touch_all_p50_ns,"
    "odirect_write_4096_us_per_io"
)
ROWS = (
    "slow20,0,1,1,swap,20.0,1000,900,0,3327,", "slow20,0,2,1,swap,20.4,1010,950,0,3327,",
    "slow20,3,1,1,swap,40.0,1000,400,1,3327,", "slow20,3,2,1,swap,41.0,1020,420,2,3327,",
    "rt_slow,0,1,0,swap,7.0,1000,900,0,3327,", "fastpath,0,1,1,odirect,,,,,,144.0",
)  # fmt: skip
SMALL = {"last_proc_end_s", "pswpout", "allocstall", "oom_kill", "odirect_write_4096_us_per_io"}


@pytest.fixture
def csv(tmp_path):
    """The table as a file."""
    path = tmp_path / "runs.csv"
    path.write_text("\n".join([COLUMNS, *ROWS]) + "\n")
    return path


@pytest.fixture
def compare(csv):
    """A function(change, refuse) -> Comparison, in which `change(row, metric, value)` is what simulation gives."""

    def run(change=lambda row, metric, value: value, refuse=lambda row: "", workers=1):
        measured = read_measured(csv)
        rows = {row["name"]: row for row in measured.rows}

        def run_job(job):
            row = rows[job.settings["name"]]
            return {name: change(row, name, value) for name, value in row.metrics.items()}

        return replay(measured, workers=workers, run_job=run_job, refuse=refuse)

    return run
