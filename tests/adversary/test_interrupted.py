"""Ctrl-C in the middle of a search: one sentence, exit code 130, no process left, nothing half-written."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from gfplab.cli.main import INTERRUPTED
from gfplab.engine.cache import root

ATTACK = ["attack", "stock", "--bound", "1000s", "--seeds", "2"]
RESERVE = ["reserve", "harmless_swap", "--pool", "crypt_bs", "--seeds", "200"]


@pytest.fixture
def cache(tmp_path):
    """A cache folder with the compiled kernel and no results."""
    folder = tmp_path / "cache"
    folder.mkdir()
    for each in root().iterdir():
        if each.name != "runs":
            (folder / each.name).symlink_to(each)
    return folder


def processes_of(group):
    """The processes of a group that have not ended."""
    said = subprocess.run(["ps", "-eo", "pgid=,stat="], capture_output=True, text=True, check=True).stdout
    return [line for line in said.splitlines() if line.split()[0] == str(group) and not line.split()[1].startswith("Z")]


@pytest.mark.parametrize("executor", ["threads", "processes"])
@pytest.mark.parametrize(
    ("arguments", "said"),
    [(ATTACK, "trials; nothing found yet"), (RESERVE, "gfplab: stopped after")],
    ids=["attack", "reserve"],
)
def test_ctrl_c_leaves_whole_results_and_nothing_else(compiled, cache, tmp_path, arguments, said, executor):
    work = tmp_path / "work"
    work.mkdir()
    command = [sys.executable, "-m", "gfplab", *arguments, "--workers", "2", "--executor", executor]
    with subprocess.Popen(
        command, cwd=work, env={**os.environ, "GFPLAB_CACHE_DIR": str(cache)}, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as search:  # fmt: skip
        try:
            deadline = time.monotonic() + 120
            while len(list(cache.glob("runs/*/*.json"))) < 4:
                assert search.poll() is None and time.monotonic() < deadline, "the search never got going"
                time.sleep(0.01)
            os.killpg(search.pid, signal.SIGINT)
            _, told = search.communicate(timeout=60)
        finally:
            if search.poll() is None:
                os.killpg(search.pid, signal.SIGKILL)
    assert search.returncode == INTERRUPTED
    assert said in told and "Traceback" not in told and len(told.strip().splitlines()) == 1
    assert processes_of(search.pid) == []
    assert list(work.iterdir()) == []
    kept = [path for path in (cache / "runs").rglob("*") if path.is_file()]
    assert len(kept) >= 4
    assert all(json.loads(path.read_text())["metrics"]["verdict"] for path in kept)
