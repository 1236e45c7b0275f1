"""Does the capture of a real machine become a machine that a scenario can use, and a broken capture a sentence?"""

import shutil
from pathlib import Path

import pytest

from gfplab.errors import ScenarioError
from gfplab.world.procfs import import_machine
from gfplab.world.scenario import build_world

CAPTURE = Path(__file__).parents[1] / "files" / "proc_capture"


@pytest.fixture
def proc(tmp_path):
    """A copy of the capture, to be spoilt."""
    shutil.copytree(CAPTURE, tmp_path / "proc")
    return tmp_path / "proc"


def scenario_of(capture, folder, **machine):
    (folder / "mine.toml").write_text(capture.toml)
    tables = {
        "title": "mine",
        "length": "1s",
        "kernel": "v7.2",
        "machine": {"import": "mine.toml", **machine},
        "task": [{"kind": "anon_toucher", "comm": "hog", "size": "64MiB"}],
    }
    return build_world(tables, folder / "scenario.toml")


def test_an_imported_machine_works_in_a_scenario(tmp_path):
    """Zones, CPUs, sysctls and what memory held are the captured ones, page for page."""
    capture = import_machine(CAPTURE)
    machine = scenario_of(capture, tmp_path).machine
    assert [(zone.name, zone.managed_pages) for zone in machine.zones] == [
        ("DMA", 3840),
        ("DMA32", 772_917),
        ("Normal", 458_752),
    ]
    assert (machine.cpus, machine.min_free_kbytes, machine.page_cluster) == (2, 67_584, 3)
    assert {name: getattr(machine, name) for name in capture.sysctls} == capture.sysctls
    meminfo = (CAPTURE / "meminfo").read_text().split()
    assert meminfo[meminfo.index("Active(file):") + 1] == str(machine.start.active_file_pages * 4)


def test_all_memory_of_the_capture_is_accounted_for(tmp_path):
    """What is neither free nor on a list is the kernel's; pages on per-CPU lists are free."""
    capture = import_machine(CAPTURE)
    world = scenario_of(capture, tmp_path)
    assert world.start_free_pages == sum(zone.free + zone.pcp_count for zone in capture.zones)


def test_a_scenario_departs_from_the_imported_machine_key_by_key(tmp_path):
    """What it writes wins; one key of [machine.start] leaves the others; memory replaces the zones."""
    capture = import_machine(CAPTURE)
    other = scenario_of(capture, tmp_path, cpus=4, start={"active_file": "4MiB"}, kernel_memory="1MiB", memory="256MiB")
    assert other.machine.cpus == 4 and other.machine.min_free_kbytes == 67_584
    assert other.machine.start.active_file_pages == 1024 and other.machine.start.inactive_file_pages > 0
    assert [zone.name for zone in other.machine.zones] == ["DMA", "DMA32"]


def test_the_import_is_relative_to_the_scenario_and_part_of_no_hash(tmp_path):
    """The numbers are what counts, not the file they came from."""
    capture = import_machine(CAPTURE)
    world = scenario_of(capture, tmp_path)
    assert world.machine.imported == "mine.toml"
    assert "imported" not in world.canonical()["machine"]


def test_the_summary_tells_the_marks_and_the_pressure():
    """And notes what is odd: this machine's meminfo speaks of more memory than its zones have."""
    capture = import_machine(CAPTURE)
    said = dict(capture.summary)
    assert "min 10569 low 13211 high 15853" in said["zone DMA32"]
    assert said["pressure"].startswith("full avg10=") and said["pswpout"] == "0"
    assert any(note.startswith("meminfo has 23.5 GiB, the zones 4.71 GiB") for note in capture.notes)
    assert all(f"# {note}" in capture.toml for note in capture.notes)


@pytest.mark.parametrize(
    ("missing", "note"),
    [
        ("sys/vm/swappiness", "sys/vm/swappiness is missing: the kernel's default stands"),
        ("sys/vm/watermark_boost_factor", None),
        ("pressure/memory", "pressure/memory is missing: a kernel before 4.20, or one without PSI"),
        ("vmstat", "vmstat is missing: what happened since boot is not told"),
    ],
)
def test_what_is_wanted_but_missing_is_noted(proc, missing, note):
    """Old kernels and partial copies are imported all the same; a sysctl not yet born is not even noted."""
    (proc / missing).unlink()
    notes = import_machine(proc).notes
    assert (note in notes) if note else not any("boost" in each for each in notes)


def test_dirty_bytes_in_force_is_noted(proc):
    """Linux sets the ratio to 0 then, and a ratio is all that is modelled."""
    (proc / "sys/vm/dirty_ratio").write_text("0\n")
    capture = import_machine(proc)
    assert "dirty_ratio" not in capture.sysctls
    assert any(note.startswith("dirty_ratio is 0, so dirty_bytes is in force") for note in capture.notes)


def test_numa_nodes_are_added_up_with_a_note(proc):
    """One node is modelled, so two become one of the same size."""
    text = (proc / "zoneinfo").read_text()
    (proc / "zoneinfo").write_text(text + text.replace("Node 0", "Node 1"))
    capture = import_machine(proc)
    assert [zone.managed for zone in capture.zones] == [7680, 1_545_834, 917_504] and capture.cpus == 2
    assert "zone Normal of 2 NUMA nodes is added up: one node is modelled" in capture.notes


def test_files_of_different_moments_leave_the_contents_out(proc):
    """More in use than there is cannot be a start; the machine itself is still good."""
    text = (proc / "meminfo").read_text().replace("Active(file):", "Active(file): 9999999 kB\nWas:")
    (proc / "meminfo").write_text(text)
    capture = import_machine(proc)
    assert "[machine.start]" not in capture.toml and "[machine]" in capture.toml
    assert any("different moments" in note for note in capture.notes)


SPOILT = [
    ("zoneinfo", None, "{proc}/zoneinfo: missing; copy it from the machine to be described: cp /proc/zoneinfo {proc}/"),
    ("meminfo", None, "{proc}/meminfo: missing; copy it from the machine to be described: cp /proc/meminfo {proc}/"),
    (
        "zoneinfo",
        "nothing",
        "{proc}/zoneinfo: no zone with managed pages in it; copy /proc/zoneinfo as it is, as a text file",
    ),
    (
        "zoneinfo",
        "Node 0, zone  HighMem\n  pages free 1\n  managed 9\n",
        "{proc}/zoneinfo: none of its zones is modelled; known: DMA, DMA32, Normal, Movable",
    ),
    (
        "zoneinfo",
        "Node 0, zone  Normal\n  pages free 1\n  managed 9\n",
        "{proc}/zoneinfo: no per-CPU pagesets in it; copy the whole of /proc/zoneinfo",
    ),
    (
        "zoneinfo",
        "Node 0, zone  Normal\n  pages free     lots\n",
        "{proc}/zoneinfo:2: 'pages free     lots' does not end in a number of pages; copy the file again",
    ),
    (
        "meminfo",
        "MemTotal: 1 kB\nMemFree: 1 kB\n",
        "{proc}/meminfo: no line for Active(anon), Inactive(anon), Active(file), Inactive(file), Dirty; "
        "copy /proc/meminfo as it is",
    ),
    ("sys/vm/swappiness", "sixty\n", "{proc}/sys/vm/swappiness: 'sixty' is not a whole number; copy the file again"),
]


@pytest.mark.parametrize(
    ("file", "text", "sentence"), SPOILT, ids=[f"{file}-{n}" for n, (file, _, _) in enumerate(SPOILT)]
)
def test_a_spoilt_capture_says_which_file_to_copy(proc, file, text, sentence):
    """One sentence, exit code 2."""
    (proc / file).unlink()
    if text is not None:
        (proc / file).write_text(text)
    with pytest.raises(ScenarioError) as problem:
        import_machine(proc)
    assert str(problem.value) == sentence.format(proc=proc)
    assert problem.value.exit_code == 2


def test_a_folder_that_is_not_there_is_said(tmp_path):
    """Not a traceback from deep inside."""
    with pytest.raises(ScenarioError, match="no such folder; write the path of /proc or of a copy of it"):
        import_machine(tmp_path / "prc")
