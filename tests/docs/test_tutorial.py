"""docs/tutorial.md from an empty folder: every command that it shows is run as it stands, and ends in its table.

Only the study is smaller than a reader's: six trials instead of 24, and fewer seeds.
"""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gfplab.engine import cache

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text()
COMMANDS = re.findall(r"```sh\n(.*?)```", TUTORIAL, re.DOTALL)
SMALLER = {
    "trials = 24\n": "trials = 6\n",
    "seeds = [1, 2]\n": "seeds = [1]\n",
    "confirm = [101, 102, 103]\n": "confirm = [101, 102]\n",
}


@pytest.fixture(scope="module")
def followed(tmp_path_factory, compiled):
    """(the folder after the last command, what each command printed, seconds); the kernel is compiled beforehand."""
    folder, bin_ = tmp_path_factory.mktemp("empty"), tmp_path_factory.mktemp("bin")
    for name, module in (("gfplab", "-m gfplab "), ("python", "")):
        (bin_ / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {module}"$@"\n')
        (bin_ / name).chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{bin_}:{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join([str(ROOT / "platform"), str(ROOT / "plugins")]),
        "PYTEST_ADDOPTS": "-p gfplab.testing.plugin -p no:cacheprovider",
        "GFPLAB_CACHE_DIR": str(cache.root()),
        "COLUMNS": "120",
    }
    printed, began = [], time.monotonic()
    for command in COMMANDS:
        for said, smaller in SMALLER.items():
            command = command.replace(said, smaller)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command], cwd=folder, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        assert "Traceback" not in done.stdout + done.stderr
        printed.append(done.stdout)
    return folder, printed, time.monotonic() - began


def printed_by(followed, start):
    """What the command that begins so has printed."""
    (number,) = (n for n, command in enumerate(COMMANDS) if start in command)
    return followed[1][number]


def test_the_commands_end_in_a_table_that_sets_the_policy_against_stock(followed):
    table = printed_by(followed, "gfplab export")
    header, _rule, *rows = [line for line in table.splitlines() if line.startswith("|")]
    assert header.split("|")[2].strip() == "label" and "surely_better" in header
    assert {"never_reclaim", "pool_first", "hocko_rfc"} <= {row.split("|")[2].strip() for row in rows}


def test_the_freeze_is_there_and_the_policy_ends_it(followed):
    """The prose lives from these two figures: hardly any swap-out at first, and then a third of the disk."""
    share = r"swap-out +\d+ KiB/s, ([\d.]+) % of the disk"
    before, after = (
        float(re.search(share, printed_by(followed, command))[1])
        for command in ("gfplab run s1_quarter --stacks", "gfplab run s1_quarter -p never_reclaim")
    )
    assert before < 5 and after > 8 * before
    stack = printed_by(followed, "--stacks")
    assert re.search(r"throttle_vm_writeout\+.*try_to_free_pages\+.*mempool_alloc\+.*kcryptd_crypt\+", stack, re.DOTALL)


def test_the_two_part_where_the_tutorial_says(followed):
    told = printed_by(followed, "gfplab diff-runs")
    assert "never_reclaim: WAIT(5 s)" in told and "linux_4_7: ALLOC(GFP_NOIO|" in told
    assert "mempool fs_bio_set: 0 of 2 in reserve" in told


def test_the_price_of_the_reserve_first_is_the_fast_path(followed):
    told = printed_by(followed, "gfplab study run").split("the answers as they were given")[1].split("\n\n\n")[0]
    rows = {line.split()[1]: line.split() for line in told.splitlines() if re.match(r" +\d", line)}
    assert float(rows["pool_first"][5]) > 5 * float(rows["stock"][5])
    assert float(rows["never_reclaim"][5]) < 1.1 * float(rows["stock"][5])
    assert all(float(rows[name][2]) < 0.1 * float(rows["stock"][2]) for name in ("hocko_rfc", "never_reclaim"))


def test_what_a_reader_pastes_is_little_and_ends_soon(followed):
    """At 300 characters a minute, typing all of it takes less than ten; the machine takes some seconds a command."""
    assert sum(map(len, COMMANDS)) < 10 * 300
    assert followed[2] < 300


def test_what_the_tutorial_shows_of_the_mail_and_of_files_is_what_is_there(followed):
    folder = followed[0]
    assert (folder / "tables" / "manifest.json").exists() and (folder / "results" / "waiting").is_dir()
    assert (folder / "gfplab-never-reclaim" / "pyproject.toml").exists()
    for target in re.findall(r"\]\(([\w-]+\.md)\)", TUTORIAL):
        assert (ROOT / "docs" / target).exists()
