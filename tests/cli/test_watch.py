"""`gfplab watch` runs again on save, says what is wrong without leaving, and ends with 130 when it is told to."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from gfplab.debug.watching import Files, change, comparison
from gfplab.tables.metrics import METRICS

POLICY = '''"""Take from the reserve first."""
from gfplab import ALLOC, FAIL, RESERVE, WAIT, hookimpl
from gfplab.kernel.steps import STEP_RESERVE


@hookimpl
def mempool_step(call):
    if call.last != STEP_RESERVE:
        return RESERVE
    if call.attempts == 0:
        return ALLOC(call.optimistic)
    return WAIT(1000000) if call.may_sleep else FAIL
'''


@pytest.fixture
def watching(tmp_path):
    """Starts `gfplab watch` on a policy; gives the file and a function that reads lines up to one with these words."""
    policy = tmp_path / "mine.py"
    policy.write_text(POLICY)
    command = [sys.executable, "-m", "gfplab", "watch", "s1_quarter", "-p", "mine.py", "--set", "length=20ms"]
    pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(command, cwd=tmp_path, env=dict(os.environ, PYTHONUNBUFFERED="1"), **pipe) as process:

        def until(words):
            said = ""
            for line in process.stdout:
                said += line
                if words in line:
                    return said
            raise AssertionError(f"it ended before it said {words!r}:\n{said}")

        alarm = threading.Timer(120, process.kill)  # a run that never comes fails the test instead of hanging it
        alarm.start()
        yield policy, until, process
        alarm.cancel()
        process.kill()


def test_a_save_makes_a_run_and_a_mistake_is_a_sentence_that_does_not_end_it(watching):
    policy, until, process = watching
    first = until("work_done")
    assert "run 1, mine, seed 1, in " in first and "stock" in first and "last" not in first
    policy.write_text(POLICY.replace("call.last !=", "call.lust !="))
    said = until("gfplab:")
    assert said.count("gfplab") == 1 and said.endswith(
        "\nmine.py saved\ngfplab: mine.py:8: call has no field 'lust'; did you mean 'last'?\n"
    )
    policy.write_text(POLICY.replace("return RESERVE", "return RESERVE + 1 - 1"))
    assert "run 3, mine" in until("work_done")
    policy.write_text(POLICY.replace("call.attempts == 0", "1 // call.attempts == 0"))
    assert "divides by zero" in until("gfplab:")
    process.send_signal(signal.SIGINT)
    assert process.stdout.read().endswith("gfplab: interrupted\n")
    assert process.wait() == 130


def test_a_policy_that_loops_for_ever_does_not_hold_the_next_save_up(watching):
    policy, until, process = watching
    until("work_done")
    loop = "    n = 0\n    while n >= 0:\n        n = n & 7\n"
    policy.write_text(POLICY.replace("def mempool_step(call):\n", f"def mempool_step(call):\n{loop}"))
    until("saved")
    time.sleep(1)  # the run reads the file after it was said to be saved; it has to read the loop
    policy.write_text(POLICY.replace("1000000", "2000000"))
    assert "run 3, mine" in until("work_done")
    process.send_signal(signal.SIGINT)
    assert process.wait() == 130


def test_a_file_has_changed_if_its_content_has(tmp_path):
    path = tmp_path / "a.py"
    path.write_text("one")
    files = Files([path, tmp_path / "later.py"])
    assert files.changed() == []
    os.utime(path, ns=(1, 1))
    assert files.changed() == []
    path.write_text("two")
    assert files.changed() == ["a.py"] and files.changed() == []
    path.unlink()
    assert files.changed() == []  # an editor is about to put it back
    path.write_text("three")
    (tmp_path / "later.py").write_text("new")
    assert sorted(files.changed()) == ["a.py", "later.py"]


def metrics(**values):
    return dict.fromkeys(METRICS, 1.0) | values


def test_the_newest_run_is_compared_with_the_one_before_it():
    lines = comparison({"stock": metrics(), "last": metrics(pswpout=5.0), "now": metrics(worst_stall_ms=0.5)})
    assert lines[0].split() == ["stock", "last", "now", "against", "last"]
    assert [line.split()[0] for line in lines[1:] if "work_done" not in line][-1] == "pswpout"
    assert any(line.endswith("0.5 ms      -50 %, better") for line in lines)
    assert "idle_reserve_bytes" not in "\n".join(lines)


def test_a_change_is_better_or_worse_by_the_metrics_own_direction():
    assert change("worst_stall_ms", 100, 50) == "-50 %, better"
    assert change("swapout_kib_s", 100, 50) == "-50 %, worse"
    assert change("pswpout", 100, 50) == "-50 %"
    assert change("mempool_waits", 0, 3) == "from 0, worse"
    assert change("worst_stall_ms", 1000, 1000.5) == ""


def test_a_run_of_the_command_line_starts_numba_without_scipy(tmp_path):
    """A tenth of a second that everybody would pay after each edit."""
    code = (
        "import sys; from gfplab.cli.main import run_command_line;"
        "code = run_command_line(['run', 's1_quarter', '--set', 'length=1ms', '--out', 'out']);"
        "print([m for m in sys.modules if m.split('.')[0] == 'scipy']); import importlib.util;"
        "importlib.util.find_spec('scipy') and __import__('scipy.linalg'); sys.exit(code)"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 0 and ended.stdout.endswith("\n[]\n")
    assert Path(tmp_path, "out", "manifest.json").exists()
