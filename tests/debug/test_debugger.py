"""--break stops in the policy's own function, with everything in sight, and the run is none the worse for it."""

import bdb
import io

import pytest

from gfplab.boot.machine import boot_machine
from gfplab.debug.breakpoints import read_breakpoint
from gfplab.debug.debugger import PolicyDebugger
from gfplab.engine.decision import BoundDecision
from gfplab.errors import PolicyError
from gfplab.policy.select import select
from gfplab.run import build_kernel, simulate


@pytest.fixture(scope="module")
def undisturbed(storm, policies_of):
    return simulate(storm, policies_of("neil_while"), 1, mode="generators")


@pytest.fixture
def debug(storm, policies_of):
    """Runs the storm under the debugger with these commands; gives the run and all that was said."""

    def debug(typed, *breakpoints, policy="neil_while"):
        policies, said = policies_of(policy), io.StringIO()
        points = [read_breakpoint(text) for text in breakpoints]
        debugger = PolicyDebugger(storm, policies, points, io.StringIO(typed), said)
        run = simulate(storm, policies, 1, mode="generators", attach=debugger.attach)
        return run, said.getvalue()

    return debug


def test_it_stops_at_the_first_statement_of_the_policys_function(debug):
    _run, said = debug("c\n", "mempool_alloc:step")
    assert said.startswith("mempool_step of neil_while, asked for the 1st time, at ")
    assert "neil_while.py(21)mempool_step()\n-> if call.last == 0:\n(Pdb) " in said


def test_the_kernels_call_chain_stands_before_the_prompt(debug):
    _run, said = debug("", "mempool_step@swap0.tio")
    chain = [line.split("] ")[1].split("+")[0] for line in said.splitlines() if line.startswith(" [<")]
    assert chain[:3] == ["mempool_alloc", "bio_alloc_bioset", "alloc_tio"]
    assert chain[-4:] == ["handle_mm_fault", "__do_page_fault", "do_page_fault", "page_fault"]
    assert "may_sleep=1" in said and "optimistic=GFP_NOWAIT|__GFP_NOWARN|" in said


def test_every_record_is_there_even_those_that_the_function_does_not_take(debug):
    typed = "p pool.curr_nr, pool.min_nr\np my.timeout, now, comm\np gfp_names(call.gfp_mask)\nmachine\ntasks\n"
    _run, said = debug(typed, "mempool_step@swap0.tio")
    assert "(Pdb) (16, 16)\n(Pdb) (5000000000, " in said and ", 'hog')\n(Pdb) 'GFP_NOIO'\n" in said
    assert "zone  DMA32: free " in said and "mempool swap0.tio: 16 of 16 in reserve" in said
    assert "Show Blocked State" in said or "no task sleeps uninterruptibly" in said


def test_up_leads_into_the_kernel_and_past_everything_that_is_ours(debug):
    _run, said = debug("up\np p.min_nr\nup\n", "mempool_step@swap0.tio")
    places = [line.split("/")[-1] for line in said.splitlines() if "> /" in line]
    assert [place.split("(")[0] for place in places] == ["neil_while.py", "mempool.py", "bio.py"]
    assert "(Pdb) 16\n" in said


def test_a_step_out_of_the_policy_goes_on_in_the_kernel(debug):
    _run, said = debug("n\nn\nn\nn\n", "mempool_step@swap0.tio")
    places = [line.split("/")[-1].split("(")[0] for line in said.splitlines() if "> /" in line]
    assert places == ["neil_while.py", "neil_while.py", "neil_while.py", "mempool.py", "mempool.py"]


def test_a_run_that_was_looked_at_is_the_same_run(debug, undisturbed):
    run, said = debug("n\nc\nw\nc\nc\n", "mempool_step:5", "throttle_vm_writeout>=100ms")
    assert run.log_hash == undisturbed.log_hash
    assert said.count("mempool_step of neil_while, asked") == 4  # c, c, c, and then input ends


def test_when_input_ends_the_run_goes_on(debug, undisturbed):
    run, said = debug("c\n", "mempool_step")
    assert run.log_hash == undisturbed.log_hash
    assert said.endswith("standard input has ended; the run goes on without stopping\n")
    assert said.count("(Pdb)") == 2


def test_quit_ends_the_run(debug):
    with pytest.raises(bdb.BdbQuit):
        debug("q\n", "mempool_step")


def test_counts_times_names_and_more_than_one_breakpoint_choose_the_moment(debug):
    said = debug("c\nc\n", "mempool_step@swap0.tio:100>=100ms")[1]
    assert "asked for the 100th time, at 1" in said and "asked for the 101st time" in said
    said = debug("c\n", "too_many_isolated@kswapd0")[1]
    assert "too_many_isolated of linux_4_7" in said and "by kswapd0 (pid 2)" in said
    said = debug("p comm\nc\n" * 5, "mempool_step@kworker/u4:1:3")[1]
    assert "asked for the 3rd time" in said and said.count("(Pdb) 'kworker/u4:1'\n") == 5


def test_the_second_task_of_one_name_is_meant_as_well(debug):
    said = debug("c\n" * 60, "throttle_direct_reclaim@hog")[1]
    assert "by hog (pid 1003)" in said and "by hog (pid 1004)" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mempool_stp", "there is no decision point 'mempool_stp'; did you mean 'mempool_step'?"),
        ("mempool_alloc:stop", "there is no decision point 'mempool_alloc:stop'; did you mean 'mempool_step'?"),
        ("mempool_step:0", "times are counted from 1; write mempool_step:1"),
        ("mempool_step>=3", "'3' has no unit; write a time such as \"100ms\""),
        ("mempool step", "not of the form DECISION[@POOL|@TASK][:N][>=TIME]; write for example --break mempool_step"),
        ("mempool_step@swap0.ti", "there is no pool or task 'swap0.ti' in this scenario; did you mean 'swap0.tio'?"),
        (
            "mempool_step@swap0.tio:x",
            "there is no pool or task 'swap0.tio:x' in this scenario; did you mean 'swap0.tio'?",
        ),
        ("too_many_isolated@swap0.tio", "too_many_isolated is not asked about a pool; name a task, or none"),
    ],
)
def test_a_mistake_is_one_sentence_that_says_what_to_write(debug, text, said):
    with pytest.raises(PolicyError) as refused:
        debug("", text)
    assert str(refused.value) == f"--break {text}: {said}"


def test_of_plugins_that_share_a_decision_the_one_that_is_asked_is_shown(storm, plugins):
    policies = select(storm.kernel, extra=["neil_while@swap0.tio"], plugins=plugins)
    said = io.StringIO()
    points = [read_breakpoint("mempool_step@swap0.tio"), read_breakpoint("mempool_step:3")]
    debugger = PolicyDebugger(storm, policies, points, io.StringIO("c\np my.timeout\nc\n" * 4), said)
    simulate(storm, policies, 1, mode="generators", attach=debugger.attach)
    text = said.getvalue()
    assert "mempool_step of neil_while" in text and "mempool_step of linux_4_7" in text
    assert "neil_while.py(" in text and "linux_4_7.py(" in text and "(Pdb) 5000000000\n" in text


def test_a_decision_in_c_is_refused(storm, tmp_path):
    (tmp_path / "in_c.py").write_text(
        '"""In C."""\nfrom gfplab import c_decision\nmempool_free = c_decision("./none.so", "mempool_free")\n'
    )
    policies = select(storm.kernel, extra=[str(tmp_path / "in_c.py")])
    bound = BoundDecision("mempool_free", None, lambda *records: 1, (), 0, plugin="in_c")
    debugger = PolicyDebugger(storm, policies, [read_breakpoint("mempool_free")], io.StringIO(), io.StringIO())
    build = build_kernel("generators")
    with pytest.raises(PolicyError, match="in_c answers it in C, where pdb cannot stop"):
        debugger.attach(build, boot_machine(build, storm, 1), {"mempool_free": bound})
