"""What may a program of mempool_alloc() be, when are two of them one, and what does a policy that runs them do?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gfplab import tunable
from gfplab.errors import PolicyError
from gfplab.kernel.gfp import (
    __GFP_DIRECT_RECLAIM,
    __GFP_FS,
    __GFP_HIGH,
    __GFP_IO,
    __GFP_MEMALLOC,
    __GFP_NOMEMALLOC,
    GFP_ATOMIC,
    GFP_KERNEL,
    GFP_NOFS,
    GFP_NOIO,
    GFP_NOWAIT,
    MEMPOOL_EXTRA,
    PF_MEMALLOC,
)
from gfplab.kernel.steps import STEP_NO_THROTTLE
from gfplab.policy.masks import FLAGS
from gfplab.policy.program_masks import BASES, RIGHTS, VARYING, read_relative_mask
from gfplab.policy.programs import Step, make_program, read_program

STOCK = "ALLOC(optimistic) RESERVE ALLOC(full) | RESERVE WAIT(5s) ALLOC(full)"
NEIL_MASK = "ALLOC(optimistic) RESERVE | WAIT(5s) ALLOC(optimistic) RESERVE"
POOL_FIRST = "RESERVE ALLOC(optimistic) | WAIT(5s) RESERVE ALLOC(optimistic)"
IN_SPACE = {"linux_4_7": STOCK, "neil_mask": NEIL_MASK, "pool_first": POOL_FIRST}


@pytest.mark.parametrize(
    ("text", "shortest"),
    [
        (STOCK, "ALLOC(optimistic) RESERVE | ALLOC(full) RESERVE WAIT(5s)"),
        (NEIL_MASK, "| ALLOC(optimistic) RESERVE WAIT(5s)"),
        (POOL_FIRST, "| RESERVE ALLOC(optimistic) WAIT(5s)"),
        ("RESERVE|RESERVE WAIT( 1000ms )RESERVE WAIT(1s)", "RESERVE | RESERVE WAIT(1s)"),
        ("ALLOC(full - __GFP_DIRECT_RECLAIM) | WAIT(1s) RESERVE", "ALLOC(optimistic) | WAIT(1s) RESERVE"),
        ("ALLOC(optimistic-__GFP_IO) | WAIT(1s) RESERVE", "ALLOC(optimistic) | WAIT(1s) RESERVE"),
        ("ALLOC(full+__GFP_NORETRY) | WAIT(1s) RESERVE", "ALLOC(full) | WAIT(1s) RESERVE"),
        ("ALLOC(optimistic) RESERVE FAIL | WAIT(1s) RESERVE", "ALLOC(optimistic) | RESERVE WAIT(1s)"),
        ("ALLOC(optimistic) FAIL RESERVE | WAIT(1s) RESERVE", "ALLOC(optimistic) FAIL | RESERVE WAIT(1s)"),
    ],
)
def test_a_program_is_kept_in_its_shortest_form(text, shortest):
    """So that programs which take the same steps are one value, and one entry of the cache of results."""
    assert read_program(text).text == shortest
    assert read_program(shortest).text == shortest


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("ALLOC(fulll) | RESERVE WAIT(1s)", "step 1, ALLOC(fulll): 'fulll' is neither full nor optimistic; did you"),
        ("RESERVE ALOC(full) | RESERVE WAIT(1s)", "step 2, ALOC(full): not a step; did you mean ALLOC?"),
        ("RESERVE, RESERVE | WAIT(1s) RESERVE", "step 2, ,: not a step; write ALLOC(mask), RESERVE, WAIT(time)"),
        ("ALLOC | WAIT(1s) RESERVE", "step 1, ALLOC: with which mask? Write ALLOC(full)"),
        ("RESERVE | WAIT() RESERVE", "step 2, WAIT(): how long? Write WAIT(5s)"),
        ("RESERVE(1) | WAIT(5s) RESERVE", "step 1, RESERVE(1): RESERVE takes nothing; write RESERVE"),
        ("RESERVE | WAIT(5) RESERVE", "step 2, WAIT(5): '5' has no unit; write a time such as"),
        ("RESERVE | WAIT(61min) RESERVE", "step 2, WAIT(61min): a wait lasts between 1us and 3600s"),
        ("RESERVE", "a program has one |, and what stands behind it repeats for ever; write for example"),
        ("RESERVE |", "nothing stands behind the |, and a caller that may sleep never fails; write WAIT(5s) RESERVE"),
        (
            "RESERVE | RESERVE ALLOC(full)",
            "step 2, RESERVE, begins a part that repeats without WAIT: a caller that may",
        ),
        ("ALLOC(full) | WAIT(5s)", "step 2, WAIT(5s), begins a part that repeats without RESERVE: WAIT does not sleep"),
        ("FAIL | RESERVE WAIT(5s)", "step 1, FAIL, comes before anything was tried"),
        ("RESERVE | RESERVE FAIL WAIT(1s)", "step 3, FAIL, stands in the part that repeats"),
        ("RESERVE WAIT(1s) FAIL | RESERVE WAIT(1s)", "step 3, FAIL, comes after a WAIT, at which callers that may not"),
        ("RESERVE FAIL ALLOC(full) FAIL | RESERVE WAIT(1s)", "step 4, FAIL, is the second one"),
        ("RESERVE " * 9 + "| ALLOC(full) RESERVE WAIT(1s)", "12 steps, beginning with RESERVE, are more than 8"),
    ],
)
def test_a_program_that_breaks_a_rule_is_refused_with_the_step(text, sentence):
    """One sentence: which step, and why not."""
    with pytest.raises(ValueError) as problem:
        read_program(text, 8)
    assert str(problem.value).startswith(sentence)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("full+__GFP_IO", "+__GFP_IO gives a right that its caller may not have"),
        ("optimistic+__GFP_DIRECT_RECLAIM", "gives a right that its caller may not have: only the caller knows"),
        ("full-__GFP_IO", "__GFP_FS without __GFP_IO: a filesystem that reclaim enters starts I/O of its own"),
        ("full+__GFP_ATOMIC", "__GFP_ATOMIC with __GFP_DIRECT_RECLAIM: an atomic caller cannot sleep"),
        ("full+__GFP_MEMALLOC", "__GFP_MEMALLOC with __GFP_NOMEMALLOC: NOMEMALLOC wins"),
        ("full+__GFP_HIGH-__GFP_HIGH", "__GFP_HIGH is both added and taken away"),
        ("full+__GFP_DMA", "__GFP_DMA may not change: it says where the element lies"),
        ("full+__GFP_NOFAIL", "__GFP_NOFAIL may not change: an attempt that may not fail would never come to the res"),
        ("full+__GFP_HIHG", "'__GFP_HIHG' is neither a GFP flag nor a right; did you mean '__GFP_HIGH'?"),
        ("full-STEP_BAIL_OUT", "-STEP_BAIL_OUT takes away what no caller has"),
        ("optimistic+STEP_BAIL_OUT", "STEP_BAIL_OUT is a right of reclaim, which this attempt never does"),
    ],
)
def test_a_relative_mask_that_breaks_a_rule_is_refused(text, reason):
    """Whoever the caller may be."""
    with pytest.raises(ValueError) as problem:
        read_relative_mask(text)
    assert reason in str(problem.value)


def relative_masks():
    """Any mask that is legal, as a text."""
    edits = st.lists(st.tuples(st.sampled_from("+-"), st.sampled_from([*VARYING, *RIGHTS])), max_size=4)
    texts = st.tuples(st.sampled_from(BASES), edits).map(lambda m: m[0] + "".join(sign + name for sign, name in m[1]))

    def legal(text):
        try:
            read_relative_mask(text)
        except ValueError:
            return False
        return True

    return texts.filter(legal)


@given(relative_masks(), st.sampled_from([GFP_KERNEL, GFP_NOFS, GFP_NOIO, GFP_NOWAIT, GFP_ATOMIC]))
def test_no_mask_of_a_program_has_a_right_that_its_caller_lacks(text, caller):
    """To sleep, to start I/O, to enter a filesystem; and a mask reads back as it is written."""
    mask = read_relative_mask(text)
    assert not mask.of(caller) & ~caller & (__GFP_DIRECT_RECLAIM | __GFP_IO | __GFP_FS)
    assert read_relative_mask(mask.text) == mask


def steps():
    alloc = relative_masks().map(lambda text: Step("ALLOC", mask=read_relative_mask(text)))
    waits = st.sampled_from([1_000_000, 5_000_000_000]).map(lambda ns: Step("WAIT", timeout=ns))
    return st.one_of(st.just(Step("RESERVE")), alloc, waits)


@given(st.lists(steps(), max_size=4), st.lists(steps(), min_size=2, max_size=4))
def test_the_shortest_form_takes_the_same_steps(opening, loop):
    """However the repeated part is written: unrolled, twice over, or turned round."""
    loop = [*loop, Step("RESERVE"), Step("WAIT", timeout=1_000_000)]
    program = make_program(opening, loop)
    endless = (list(program.opening) + list(program.loop) * 20)[:40]
    assert endless == (opening + loop * 20)[:40]
    for same in (make_program(opening + loop, loop), make_program(opening, loop + loop)):
        assert same == program
    assert read_program(program.text) == program


@pytest.mark.parametrize(("name", "text"), IN_SPACE.items())
@pytest.mark.parametrize("mask", [GFP_KERNEL, GFP_NOFS, GFP_NOIO, GFP_NOWAIT, GFP_ATOMIC, GFP_NOWAIT | __GFP_IO])
def test_three_policies_of_the_thread_are_points_of_the_space(steps_of, name, text, mask):
    """Step by step, for callers that may sleep and for those that may not, whatever comes back meanwhile."""
    for situation in (
        dict(limit=14),
        dict(reserve=1),
        dict(limit=14, pf_flags=PF_MEMALLOC),
        dict(returned=lambda wait: wait == 3, limit=14),
        dict(allocator_succeeds=lambda attempt: attempt == 2),
    ):
        assert steps_of("mempool_program", mask, {"program": text}, **situation) == steps_of(name, mask, **situation)


def test_a_caller_that_may_not_sleep_gives_up_at_fail(steps_of):
    """A caller that may passes over it."""
    text = "ALLOC(optimistic) FAIL RESERVE | WAIT(5s) ALLOC(full) RESERVE"
    assert steps_of("mempool_program", GFP_ATOMIC, {"program": text}, reserve=1) == "A(T) FAIL"
    assert steps_of("mempool_program", GFP_NOIO, {"program": text}, reserve=1) == "A(T) R"


def test_a_step_has_the_mask_and_the_rights_that_the_program_says(answer):
    """Flags taken from the caller's, flags added, and what Linux has no flag for."""
    call = dict(full=GFP_KERNEL | MEMPOOL_EXTRA, optimistic=GFP_NOWAIT, may_sleep=1)
    text = "ALLOC(full-__GFP_IO-__GFP_FS+__GFP_HIGH+STEP_NO_THROTTLE) | WAIT(5s) RESERVE"
    word = answer("mempool_program", "mempool_step", program=text)(call=call)
    assert word & 255 == 1 | STEP_NO_THROTTLE
    assert word >> 8 == (GFP_KERNEL | MEMPOOL_EXTRA | __GFP_HIGH) & ~(__GFP_IO | __GFP_FS)
    text = "ALLOC(optimistic-__GFP_NOMEMALLOC+__GFP_MEMALLOC) | WAIT(5s) RESERVE"
    word = answer("mempool_program", "mempool_step", program=text)(call=call | dict(optimistic=MEMPOOL_EXTRA))
    assert word >> 8 == MEMPOOL_EXTRA & ~__GFP_NOMEMALLOC | __GFP_MEMALLOC


def test_every_flag_that_may_vary_is_a_flag():
    """And fits the bits that a word has for it."""
    assert all(FLAGS[name] < 1 << 26 for name in VARYING)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (dict(default=STOCK, steps=2), "steps=2 is not a whole number between 3 and 16"),
        (dict(default=STOCK, steps=17), "steps=17 is not a whole number between 3 and 16"),
        (dict(default=STOCK, steps=4), "the default 5 steps, beginning with ALLOC(optimistic), are more than 4"),
        (dict(default=STOCK, steps=8, choices=("a", "b")), "a program has no choices and no bits"),
        (dict(default=STOCK, steps=8, low=1), "a program has no low, high, step or log"),
        (dict(default=STOCK, steps=8, waits=()), "waits= is empty"),
        (dict(default=STOCK, steps=8, waits=("5",)), "step 2, WAIT(5): '5' has no unit"),
        (dict(default=STOCK, steps=8, masks=("none",)), "'none' is neither full nor optimistic"),
    ],
)
def test_a_wrong_declaration_of_a_program_names_its_line(arguments, sentence):
    """The file is the plugin's, the line that of the declaration."""
    with pytest.raises(PolicyError) as problem:
        tunable(**arguments)
    assert "test_programs.py:" in str(problem.value) and sentence in str(problem.value)


WRITES = '''"""Writes into its program."""
from gfplab import FAIL, hookimpl, tunable

program = tunable("RESERVE | RESERVE WAIT(5s)", steps=4)


@hookimpl
def mempool_step(my):
    my.program[0] = 1
    return FAIL + my.program
'''


def test_a_policy_reads_its_program_step_by_step_and_never_writes_it(plugin_of):
    """Both mistakes have their line."""
    with pytest.raises(PolicyError) as problem:
        plugin_of(WRITES)
    assert "mine.py:9: program is a tunable, set by the study; declare a state(...)" in str(problem.value)
    assert "mine.py:10: my.program is a program, an array; write my.program[i]" in str(problem.value)
