"""Whatever stops a simulated kernel is said in a sentence, never by a number alone (v4.7, v6.1)."""

import re
from pathlib import Path

import pytest
from mm_lab import MS, OP_MEMPOOL_ALLOC, SmallMachine

import gfplab.kernel
from gfplab.engine.slices import run_until
from gfplab.errors import SimulationError
from gfplab.kernel import bugs, invariants
from gfplab.kernel.gfp import GFP_KERNEL

KERNEL = Path(gfplab.kernel.__file__).parent


def test_every_bug_has_its_sentence_and_somebody_who_meets_it():
    numbers = {name: value for name, value in vars(bugs).items() if name.startswith("BUG_")}
    assert set(numbers.values()) == set(bugs.BUGS)
    code = "".join(path.read_text() for path in KERNEL.glob("*.py") if path.name != "bugs.py")
    assert set(numbers) == set(re.findall(r"kernel_bug\(k, (BUG_\w+)", code))


def test_every_law_that_a_check_build_looks_at_has_its_sentence():
    broken = {int(n) for n in re.findall(r"        return (\d+)", Path(invariants.__file__).read_text())} - {0}
    assert broken == set(bugs.LAWS)


def test_a_bug_is_told_with_the_task_that_met_it():
    m = SmallMachine()
    e = m.arrays["e"]
    e["error"], e["error_info"], e["error_task"] = bugs.ERROR_KERNEL_BUG + bugs.BUG_BIO_SLOTS, 21520, 3
    with pytest.raises(SimulationError, match="task 3 .hog.: all 21520 bio records are in use; give the build"):
        run_until(m.sim, MS, name_of=lambda task: "hog")


def test_a_policy_that_answers_nonsense_is_told_so():
    """MODEL 1.8: mempool_step answers with a step."""
    m = SmallMachine(answers={"mempool_step": lambda *_: 7})
    m.job(OP_MEMPOOL_ALLOC, 1, GFP_KERNEL)
    with pytest.raises(SimulationError, match="mempool_step answered 7, which is no step; use ALLOC, RESERVE"):
        run_until(m.sim, MS)


def test_a_broken_law_is_told_in_words():
    m = SmallMachine()
    m.vm.psi_full = m.vm.psi_some + 1
    with pytest.raises(SimulationError, match="law 33 of check_invariants is broken: FULL never exceeds SOME"):
        run_until(m.sim, MS)
