"""A policy given away: the project that is written builds a wheel, whose policy is found where it is installed."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from gfplab.cli.main import run_command_line
from gfplab.engine import cache

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("compiled")]
ROOT = Path(__file__).parents[2]
POLICY = '''"""Never reclaim for a pool, wait: "memory" comes back."""

from gfplab import ALLOC, FAIL, RESERVE, WAIT, hookimpl, tunable
from gfplab.kernel.steps import STEP_ALLOC, STEP_RESERVE
from gfplab.units import MSEC, SEC

timeout = tunable(5 * SEC, low=1 * MSEC, high=10 * SEC, log=True, unit="time", help="longest wait")


@hookimpl
def mempool_step(call, my):
    if call.last == STEP_ALLOC:
        return RESERVE
    if call.last == STEP_RESERVE:
        return WAIT(my.timeout) if call.may_sleep else FAIL
    return ALLOC(call.optimistic)
'''
WHEEL = "gfplab_patient_pool-0.1.0-py3-none-any.whl"


def python(*arguments, cwd, path=()):
    """A Python with this checkout of gfplab, and with the folders of `path`."""
    places = [*map(str, path), str(ROOT / "platform"), str(ROOT / "plugins")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(places), "GFPLAB_CACHE_DIR": str(cache.root())}
    done = subprocess.run([sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The project of a policy of one's own."""
    folder = tmp_path_factory.mktemp("work")
    (folder / "patient_pool.py").write_text(POLICY)
    said = python("-m", "gfplab", "plugin", "package", "patient_pool.py", cwd=folder)
    assert said.endswith("build it with: cd gfplab-patient-pool && python -m hatchling build -t wheel\n")
    return folder / "gfplab-patient-pool"


@pytest.fixture(scope="module")
def installed(project, tmp_path_factory):
    """The folder in which the wheel is installed; nothing is asked of any network."""
    python("-m", "hatchling", "build", "-t", "wheel", cwd=project)
    target = tmp_path_factory.mktemp("site")
    pip = ("-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-index", "--no-deps", "--target")
    python(*pip, str(target), str(project / "dist" / WHEEL), cwd=project)
    return target


def test_the_project_has_a_file_for_each_thing_that_sharing_takes(project):
    files = sorted(str(path.relative_to(project)) for path in project.rglob("*") if path.is_file())
    assert [name for name in files if not name.startswith("dist")] == [
        "README.md",
        "pyproject.toml",
        "src/gfplab_patient_pool/__init__.py",
        "src/gfplab_patient_pool/patient_pool.py",
        "tests/test_patient_pool.py",
    ]


def test_the_wheel_holds_the_policy_and_its_entry_point(project, installed):
    with zipfile.ZipFile(project / "dist" / WHEEL) as wheel:
        names = wheel.namelist()
        assert wheel.read("gfplab_patient_pool/patient_pool.py").decode() == POLICY
        entry = wheel.read("gfplab_patient_pool-0.1.0.dist-info/entry_points.txt").decode()
    assert entry.split() == ["[gfplab]", "patient_pool", "=", "gfplab_patient_pool.patient_pool"]
    assert not [name for name in names if "test" in name]


def test_the_installed_policy_is_listed_with_where_it_is_from(installed, tmp_path):
    rows = json.loads(python("-m", "gfplab", "policies", "--json", cwd=tmp_path, path=[installed]))
    (row,) = (row for row in rows if row["name"] == "patient_pool")
    assert row["origin"] == "package gfplab-patient-pool 0.1.0" and row["families"] == ["mempool"]
    assert row["argument"] == 'Never reclaim for a pool, wait: "memory" comes back.'
    listed = python("-m", "gfplab", "policies", cwd=tmp_path, path=[installed])
    assert "package gfplab-patient-pool 0.1.0; tunables: timeout" in listed


def test_a_result_names_the_version_of_the_policy(installed, tmp_path):
    run = ("-m", "gfplab", "run", "s10_fast_path", "-p", "patient_pool", "--set", "length=1ms", "--json")
    provenance = json.loads(python(*run, cwd=tmp_path, path=[installed]))["provenance"]
    assert provenance["policy_versions"] == {"linux_4_7": "gfplab 0.1.0", "patient_pool": "gfplab-patient-pool 0.1.0"}
    assert len(provenance["policy_sources"]["patient_pool"]) == 64


def test_the_tests_of_the_project_pass_with_the_installed_policy(project, installed):
    pytest_ = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "gfplab.testing.plugin", "tests")
    assert "3 passed" in python(*pytest_, cwd=project, path=[installed])


def refused(capsys, *arguments):
    assert run_command_line(["plugin", "package", *arguments]) == 2
    return capsys.readouterr().err.removeprefix("gfplab: ").strip()


def test_what_cannot_be_packaged_is_refused_with_a_reason(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert refused(capsys, "neil_mask").startswith("neil_mask: comes with gfplab; copy ")
    (tmp_path / "mine.py").write_text(POLICY)
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "file").write_text("")
    assert "already exists" in refused(capsys, "mine.py", "--to", "there")
    (tmp_path / "in-c.py").write_text(POLICY)
    assert refused(capsys, "in-c.py") == "in-c.py: 'in-c' is no name for a package; give the file another one"
    (tmp_path / "mine.py").write_text('"""A."""\nfrom gfplab import c_decision\nmempool_free = c_decision("../a.so")\n')
    assert refused(capsys, "mine.py").endswith("a.so lies elsewhere; put it beside this file")
    (tmp_path / "mine.py").write_text('"""A."""\nfrom gfplab import c_decision\nmempool_free = c_decision("./a.so")\n')
    assert refused(capsys, "mine.py") == "mine.py:3: a.so cannot be read: No such file or directory; compile it first"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in-c.py", "mine.py", "there"]


def test_a_library_in_c_goes_along_with_the_file_that_declares_it(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plugins").mkdir()
    text = '"""A."""\nfrom gfplab import c_decision\nmempool_free = c_decision("./a.so")\n'
    (tmp_path / "plugins" / "mine.py").write_text(text)
    (tmp_path / "plugins" / "a.so").write_bytes(b"machine code")
    assert run_command_line(["plugin", "package", "mine", "--to", "out"]) == 0
    assert capsys.readouterr().out.endswith("once it is installed, remove plugins/mine.py: a name means one plugin\n")
    assert (tmp_path / "out" / "src" / "gfplab_mine" / "a.so").read_bytes() == b"machine code"
    assert '"gfplab[c]>=' in (tmp_path / "out" / "pyproject.toml").read_text()


@pytest.mark.parametrize("columns", [80, 120])
def test_the_list_of_policies_fits_the_terminal_and_says_everything(columns, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(columns))
    assert run_command_line(["policies"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= columns
    start = next(n for n, line in enumerate(lines) if line.startswith("hocko_rfc "))
    said = " ".join(" ".join(lines[start : start + 4]).split())
    assert said.startswith(
        "hocko_rfc Never throttle a task that performs the writeback which the throttle waits for. mempool: "
        "mempool_step; throttle: throttle_vm_writeout shipped; tunables: victim_reserves, timeout, nap"
    )
