"""What if a policy file is anything at all? Then it is a policy, or its author reads what is wrong with it, and where.

500 mutated files here; GFPLAB_FUZZ=100000 in the environment for a longer night.
"""

import os
import re
import time

import pytest
from mutations import mutated

from gfplab.errors import PolicyError
from gfplab.policy.check import check_plugin
from gfplab.policy.lint import lint
from gfplab.policy.plugin import load_file

FILES = int(os.environ.get("GFPLAB_FUZZ", "500"))
ASKED = max(20, FILES // 25)  # of those that pass the lint; each costs the time to compile it
CONTEXTS = 4
SLOWEST = 10.0  # seconds of CPU for one file, compiled and asked


def verdict(path, ask):
    """The mistakes of a file, "" for a policy that passes; anything but a PolicyError is the project's own mistake."""
    try:
        plugin = load_file(str(path), "-p")
        lint(plugin)
        if ask:
            check_plugin(plugin, contexts=CONTEXTS)
    except PolicyError as error:
        assert error.lines
        return str(error)
    return ""


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory):
    """(seed, what was said, whether the policy was compiled and asked, seconds) of every file."""
    folder = tmp_path_factory.mktemp("fuzz")
    before, asked, found = os.getcwd(), 0, []
    os.chdir(folder)
    try:
        for seed in range(FILES):
            name, text = mutated(seed)
            path = folder / f"{name}_{seed}.py"
            path.write_bytes(text.encode("utf-8", "surrogatepass"))
            began = time.process_time()
            said = verdict(path, ask=False)
            ask = not said and asked < ASKED
            if ask:
                asked += 1
                said = verdict(path, ask=True)
            found.append((seed, said, ask, time.process_time() - began))
    finally:
        os.chdir(before)
    return found


def test_a_mutated_file_is_a_policy_or_is_refused_with_its_place(verdicts):
    """Every sentence begins with the file, nearly every one with its line."""
    sentences = [(seed, line) for seed, said, _ask, _s in verdicts for line in said.splitlines() if line[:4].strip()]
    wrong = [(seed, line) for seed, line in sentences if not re.match(r"\w+_\d+\.py(:\d+)?: \S", line)]
    assert not wrong, wrong[:5]
    placed = [line for _seed, line in sentences if re.match(r"\w+\.py:\d+: ", line)]
    assert len(placed) > 0.95 * len(sentences)
    assert not [line for _seed, line in sentences if re.search(r"numba|Traceback|llvm|nopython", line)]


def test_no_file_takes_long(verdicts):
    """A loop without an end, a number without an end, a nesting without an end: all are noticed."""
    assert [(seed, seconds) for seed, _said, _ask, seconds in verdicts if seconds > SLOWEST] == []


def test_the_mutations_are_worth_the_time(verdicts):
    """Some files pass, most do not, and of those that are asked some are refused for what they answer."""
    refused = sum(bool(said) for _seed, said, _ask, _s in verdicts)
    assert 0.4 * FILES < refused < 0.95 * FILES
    answers = [said for _seed, said, ask, _s in verdicts if ask]
    assert len(answers) == ASKED and any(answers) and not all(answers)
