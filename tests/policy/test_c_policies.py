"""Policies in C: the same event log as in Python, and a sentence for every library that is not fit for use."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from gfplab.cli.main import run_command_line
from gfplab.errors import PolicyError
from gfplab.kernel.decisions import DECISIONS
from gfplab.policy import c_library
from gfplab.policy.c_header import c_header, layout_of
from gfplab.policy.check import check_plugin
from gfplab.policy.discover import discover
from gfplab.policy.plugin import load_file
from gfplab.policy.select import select
from gfplab.run import simulate
from gfplab.tables.provenance import provenance_of
from gfplab.world.scenario import load_scenario

pytestmark = pytest.mark.usefixtures("compiled")
ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "policies-in-c.md").read_text()
POOL_FIRST, PATIENCE = re.findall(r"```c\n(.*?)```", GUIDE, re.DOTALL)
(PATIENT,) = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
IN_PYTHON = PATIENT.replace('mempool_step = c_decision("./patience.so")\n', "").replace(
    "import c_decision,", "import ALLOC, FAIL, RESERVE, WAIT, hookimpl,"
).replace("from gfplab.units", "from gfplab.kernel.steps import STEP_ALLOC, STEP_RESERVE\nfrom gfplab.units") + """
@hookimpl
def mempool_step(pool, call, my):
    if call.last == STEP_ALLOC:
        return RESERVE
    if call.last != STEP_RESERVE:
        return ALLOC(call.optimistic)
    if not call.may_sleep:
        return FAIL
    my.usual += (pool.return_interval - my.usual) / 8
    return WAIT(min(max(int(my.patience * my.usual), MSEC), my.longest))
"""  # fmt: skip


def compiled(folder, source, name, header="", options=("-shared",)):
    """A library made of C, as the guide says to make it but with every warning an error."""
    cc = shutil.which("cc")
    assert cc, "the tests of policies in C need a C compiler named cc; install gcc"
    (folder / "gfplab.h").write_text(header or c_header())
    (folder / f"{name}.c").write_text(source)
    flags = ["-O2", "-fPIC", "-std=gnu11", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror", *options]
    subprocess.run([cc, *flags, "-o", f"{name}.so", f"{name}.c"], cwd=folder, check=True)
    return folder / f"{name}.so"


@pytest.fixture
def in_c(tmp_path):
    """The library of the guide that is a plugin by itself."""
    return compiled(tmp_path, POOL_FIRST, "in_c")


@pytest.fixture
def patient(tmp_path):
    """The guide's plugin with tunables and state, its function in C."""
    (tmp_path / "patient_in_c.py").write_text(PATIENT)
    header = c_header(load_file(str(tmp_path / "patient_in_c.py"), "-p"))
    compiled(tmp_path, PATIENCE, "patience", header)
    return tmp_path / "patient_in_c.py"


def run(scenario, *policies, mode="compiled", **settings):
    world = load_scenario(ROOT / "studies" / "scenarios" / f"{scenario}.toml", settings)
    return simulate(world, select(world.kernel, extra=[str(p) for p in policies]), seed=3, mode=mode)


@pytest.mark.parametrize("scenario", ["s1_quarter", "s10_fast_path"])
def test_a_library_gives_the_event_log_of_the_shipped_policy(in_c, scenario):
    one, other = run(scenario, in_c), run(scenario, "pool_first")
    assert one.log_hash == other.log_hash and one.events == other.events > 1000
    assert one.log_hash != run(scenario).log_hash


@pytest.mark.parametrize("scenario", ["s1_quarter", "s10_fast_path"])
def test_a_function_in_c_computes_with_tunables_and_state_as_the_same_in_python(patient, tmp_path, scenario):
    (tmp_path / "in_python.py").write_text(IN_PYTHON)
    one, other = run(scenario, patient), run(scenario, tmp_path / "in_python.py")
    assert one.log_hash == other.log_hash and one.events > 1000
    assert list(one.arrays["my"]) == list(other.arrays["my"])


def test_state_for_each_pool_is_found_in_c_as_in_python(patient, tmp_path):
    per_pool = ("state(0.0, ", 'state(0.0, per="pool", ')
    patient.write_text(PATIENT.replace(*per_pool))
    (tmp_path / "in_python.py").write_text(IN_PYTHON.replace(*per_pool))
    source = PATIENCE.replace("my->usual", "my_of_pool(my, pool)->usual")
    compiled(tmp_path, source, "patience", c_header(load_file(str(patient), "-p")))
    for mode, length in (("compiled", "10s"), ("generators", "300ms")):
        one, other = (run("s1_quarter", p, mode=mode, length=length) for p in (patient, tmp_path / "in_python.py"))
        assert one.log_hash == other.log_hash
        assert list(one.arrays["my"]) == list(other.arrays["my"]) and len(one.arrays["my"]) > 8


def test_uncompiled_kernel_code_gives_the_same_log_with_it(patient):
    pure, fast = (run("s1_quarter", patient, mode=mode, length="300ms") for mode in ("generators", "compiled"))
    assert pure.log_hash == fast.log_hash and list(pure.arrays["my"]) == list(fast.arrays["my"])


def test_both_forms_of_a_library_pass_the_check_of_any_policy(in_c, patient):
    for path in (in_c, patient):
        (found,) = check_plugin(load_file(str(path), "-p"), contexts=100)
        assert found.decision == "mempool_step" and found.answers > 3


def test_a_result_names_the_library_that_it_was_made_with(in_c, tmp_path):
    import hashlib

    said = provenance_of(run("s10_fast_path", in_c, length="1ms"))
    assert said["policy_libraries"] == {"in_c.mempool_step": hashlib.sha256(in_c.read_bytes()).hexdigest()}
    assert provenance_of(run("s10_fast_path", length="1ms"))["policy_libraries"] == {}


def test_another_library_behind_the_same_file_is_another_policy(patient):
    before = load_file(str(patient), "-p").source_hash
    compiled(patient.parent, PATIENCE.replace("/ 8", "/ 9"), "patience", c_header(load_file(str(patient), "-p")))
    assert load_file(str(patient), "-p").source_hash != before


def test_a_library_compiled_again_is_the_new_one_in_the_same_process(in_c, tmp_path):
    before = run("s1_quarter", in_c, length="1s").log_hash
    compiled(tmp_path, POOL_FIRST.replace("5 * SEC", "2 * MSEC"), "in_c")
    assert run("s1_quarter", in_c, length="1s").log_hash != before


def test_a_plugin_may_answer_one_decision_in_c_and_another_in_python(patient):
    text = PATIENT.replace("import c_decision", "import c_decision, hookimpl")
    patient.write_text(text + "\n\n@hookimpl\ndef mempool_free(my):\n    return 1 if my.usual >= 0.0 else 0\n")
    plugin = load_file(str(patient), "-p")
    assert plugin.decisions == ("mempool_step", "mempool_free") and list(plugin.libraries) == ["mempool_step"]
    assert len(check_plugin(plugin, contexts=50)) == 2


def test_the_header_compiles_by_itself_and_declares_every_decision_point(tmp_path):
    compiled(tmp_path, '#include "gfplab.h"\n', "nothing")
    for decision in DECISIONS:
        assert f"int64_t {decision.name}(const struct " in c_header()


def test_the_layout_is_another_for_another_tunable_and_the_same_for_another_word_about_it(patient):
    plain = layout_of(load_file(str(patient), "-p"))
    patient.write_text(PATIENT.replace("never wait longer", "at most"))
    assert layout_of(load_file(str(patient), "-p")) == plain
    others = ("longest", "limit"), ("state(0.0, ", 'state(0.0, per="pool", '), ("state(0.0, ", 'state(0, per="pool", ')
    found = [plain, layout_of()]
    for change in others:
        patient.write_text(PATIENT.replace(*change))
        found.append(layout_of(load_file(str(patient), "-p")))
    assert len(set(found)) == len(found)


def test_the_command_line_prints_the_header_and_runs_the_library(in_c, patient, monkeypatch, capsys):
    monkeypatch.chdir(in_c.parent)
    assert run_command_line(["explain", "--c-header"]) == 0
    assert capsys.readouterr().out == c_header()
    assert run_command_line(["explain", "--c-header", "patient_in_c.py"]) == 0
    assert "double usual;\t/* average of what the pool says about returns, ns */" in capsys.readouterr().out
    assert run_command_line(["run", "s10_fast_path", "-p", "./in_c.so", "--out", "out", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["provenance"]["policies"]["mempool_step"] == "in_c"
    assert run_command_line(["explain", "./in_c.so"]) == 0
    said = capsys.readouterr().out
    assert "Use the reserve first" in said and "family: mempool, in C: mempool_step() of in_c.so" in said


def bind(path):
    policies = select("v4.7", extra=[str(path)])
    from gfplab.kernel.types import kernel_schema

    policies.bind(kernel_schema(), compiled=False)


def refused(path):
    """The one sentence with which a plugin in C is refused."""
    with pytest.raises(PolicyError) as problem:
        bind(path)
    (sentence,) = problem.value.lines
    return sentence


def test_a_library_of_an_older_header_is_refused(in_c, patient, monkeypatch):
    monkeypatch.chdir(in_c.parent)
    old = c_header().replace(layout_of(), "0123456789abcdef")
    compiled(in_c.parent, POOL_FIRST, "in_c", old)
    assert refused("in_c.so") == (
        "in_c.so: in_c.so was compiled against the records of another header (layout 0123456789abcdef, "
        f"here {layout_of()}); write `gfplab explain --c-header > gfplab.h` and compile it again"
    )
    before_it_had_tunables = c_header().replace("struct my;", "struct my { double patience, usual; int64_t longest; };")
    compiled(in_c.parent, PATIENCE, "patience", before_it_had_tunables)
    assert refused("patient_in_c.py").startswith("patient_in_c.py:10: patience.so was compiled against the records of")
    assert refused("patient_in_c.py").endswith(
        "write `gfplab explain --c-header patient_in_c.py > gfplab.h` and compile it again"
    )


def test_a_library_without_the_header_is_refused(in_c, monkeypatch):
    monkeypatch.chdir(in_c.parent)
    compiled(in_c.parent, 'const char gfplab_argument[] = "A."; long mempool_free(void) { return 1; }\n', "in_c")
    assert refused("in_c.so") == (
        "in_c.so: in_c.so was compiled without gfplab's header; write `gfplab explain --c-header > gfplab.h` and "
        '#include "gfplab.h"'
    )


def test_a_library_without_the_function_is_refused(patient, monkeypatch):
    monkeypatch.chdir(patient.parent)
    patient.write_text(PATIENT.replace('"./patience.so"', '"./patience.so", "mempool_stop"'))
    assert refused("patient_in_c.py") == (
        "patient_in_c.py:10: patience.so exports no function 'mempool_stop'; did you mean 'mempool_step'?"
    )


def test_a_library_that_is_no_plugin_says_what_it_lacks(in_c, monkeypatch):
    monkeypatch.chdir(in_c.parent)
    compiled(in_c.parent, '#include "gfplab.h"\n', "in_c")
    assert refused("in_c.so") == "in_c.so: answers no decision point; export a function named like one"
    compiled(in_c.parent, POOL_FIRST.replace("GFPLAB_ARGUMENT", "//"), "in_c")
    assert refused("in_c.so") == (
        'in_c.so: does not say what it argues; write GFPLAB_ARGUMENT("One sentence.") into its source'
    )


def test_what_is_no_library_of_this_machine_is_refused(in_c, monkeypatch):
    monkeypatch.chdir(in_c.parent)
    good = in_c.read_bytes()
    in_c.write_bytes(good[:18] + (8).to_bytes(2, "little") + good[20:])
    assert refused("in_c.so").startswith("in_c.so: in_c.so is for machine 8, and this is ")
    in_c.write_text("/* GNU ld script */\n")
    assert refused("in_c.so") == "in_c.so: in_c.so is not a shared object; compile it with cc -O2 -shared -fPIC"
    compiled(in_c.parent, POOL_FIRST, "in_c", options=("-c",))
    assert refused("in_c.so") == "in_c.so: in_c.so is no shared object yet; link it with cc -shared -fPIC"
    in_c.write_bytes(good[: len(good) // 3])
    assert refused("in_c.so") == "in_c.so: in_c.so is cut off; compile it again"
    compiled(in_c.parent, "int64_t nowhere(void);\n#include <stdint.h>\n".join(["", POOL_FIRST]).replace(
        "return RESERVE", "return nowhere()").replace("int64_t nowhere", "long nowhere"), "in_c")  # fmt: skip
    assert refused("in_c.so") == "in_c.so: in_c.so cannot be loaded: undefined symbol: nowhere"
    in_c.unlink()
    assert refused("in_c.so") == (
        "in_c.so: in_c.so cannot be read: No such file or directory; compile it with cc -O2 -shared -fPIC -o in_c.so "
        "FILE.c"
    )


def test_a_plugin_whose_library_is_not_compiled_yet_can_be_listed(patient, monkeypatch):
    """Or nobody could print its header."""
    monkeypatch.chdir(patient.parent)
    (patient.parent / "patience.so").unlink()
    assert "patient_in_c" in discover(["patient_in_c.py"])
    assert refused("patient_in_c.py").startswith("patient_in_c.py:10: patience.so cannot be read: No such file or dir")


def test_without_cffi_a_sentence_says_what_to_install(in_c, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "cffi", None)
    c_library._open.cache_clear()
    assert refused(in_c).endswith("a policy in C needs cffi; install it with pip install 'gfplab[c]'")


def test_a_misspelt_decision_and_a_wrong_declaration_are_told_with_their_line(patient, monkeypatch):
    monkeypatch.chdir(patient.parent)
    patient.write_text(PATIENT.replace("mempool_step =", "mempool_stop ="))
    assert refused("patient_in_c.py") == (
        "patient_in_c.py:10: there is no decision point 'mempool_stop'; did you mean 'mempool_step'?"
    )
    patient.write_text(PATIENT.replace('"./patience.so"', "7"))
    assert refused("patient_in_c.py") == (
        "patient_in_c.py:10: c_decision: 7, '' are not a path and a symbol; write "
        'c_decision("./mine.so", "mempool_step")'
    )
