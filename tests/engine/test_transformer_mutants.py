"""Bugs put into the transformer on purpose: the corner programs must notice every one."""

import functools
import importlib
import signal
import sys
import types
from pathlib import Path

import corner_programs
import pytest
import tiny
import toy

from gfplab.engine import build, cache
from gfplab.engine.build import Model

ENGINE = Path(build.__file__).parent
FILES = ("liveness", "rewrite", "lowering", "resumable")

# what the bug does: (file, the line that is right, the line with the bug)
MUTANTS = {
    "what lives after a call is forgotten": (
        "liveness",
        "after = set(reads(b.value)).union(*[s.live for s in b.next])",
        "after = set(reads(b.value)).union(*[s.live for s in b.next if s.result is None])",
    ),
    "an assignment kills what its own value reads": (
        "liveness",
        "live = (live - {target.id} if isinstance(target, ast.Name) else live | reads(target)) | reads(st.value)",
        "live = (live | reads(st.value)) - {target.id} if isinstance(target, ast.Name) else live | reads(st)",
    ),
    "what a loop's body reads is not alive before it": (
        "liveness",
        "return head | (live_before(st.body, head, after, head) - assigned)",
        "return head",
    ),
    "what is read after break is forgotten": ("liveness", "live = set(at_break)", "live = set()"),
    "break goes where continue should": (
        "lowering",
        "at_break if isinstance(st, ast.Break) else at_continue",
        "at_continue if isinstance(st, ast.Break) else at_break",
    ),
    "continue in a for loop forgets to count": (
        "lowering",
        "last = self.cut(st.body, body, out, step)",
        "last = self.cut(st.body, body, out, head)",
    ),
    "range() counts one too far": (
        "lowering",
        "order = ast.Lt() if by > 0 else ast.Gt()",
        "order = ast.LtE() if by > 0 else ast.Gt()",
    ),
    "the loop counts in the loop variable": ("lowering", "i, n = self.name(st.target.id),", "i, n = st.target.id,"),
    "range() is looked at in every round": (
        "lowering",
        "[ast.Name(n, ast.Load())]), body, out)",
        "[stop]), body, out)",
    ),
    "the arms of an if are swapped": (
        "lowering",
        "cur.finish(BRANCH, st.test, *arms)",
        "cur.finish(BRANCH, st.test, *arms[::-1])",
    ),
    "blocks with two ways in are merged": ("lowering", "before[b.next[0]] == 1 and", "before[b.next[0]] <= 2 and"),
    "an if that leaves its loop is kept whole": ("lowering", "(has_wait(st) or leaves_loop(st))", "has_wait(st)"),
    "assigned parameters are not saved": (
        "resumable",
        "live = [v for v in self.step_live(b) if v in self.changed]",
        "live = [v for v in self.step_live(b) if v not in self.step.f.params]",
    ),
    "the result of a wait is dropped": (
        "resumable",
        "        if b.result:\n",
        "        if b.result and b.pc > 1:\n",
    ),
    "the callee's frame begins one word early": (
        "resumable",
        'self.text(f"_top = _fp + {self.step.size}", line)',
        'self.text(f"_top = _fp + {self.step.size - 1}", line)',
    ),
    "a return inside a quiet loop stays a return": ("resumable", "new = Returns(self).visit(st)", "new = st"),
    "an index with a call is evaluated twice": ("rewrite", "            if calls:\n", "            if not calls:\n"),
    "a function that falls off its end gives nothing": (
        "rewrite",
        "if not isinstance(node.body[-1], ast.Return):",
        "if False:",
    ),
    "a view keeps its first record": (
        "rewrite",
        "st.value = self.wrap(self.index(st.value), True)",
        "st.value = self.wrap(self.index(st.value), True) if self.seen_once(target.id) else load(target.id)",
    ),
}


class TooLong(Exception):
    pass


def too_long(*_):
    raise TooLong


@pytest.fixture
def no_hang():
    """A mutant may make a step function that never ends: four seconds of CPU are enough."""
    old = signal.signal(signal.SIGPROF, too_long)
    signal.setitimer(signal.ITIMER_PROF, 4)
    yield
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.signal(signal.SIGPROF, old)


def mutate(name, monkeypatch):
    """Put a transformer with the bug in the place of the right one."""
    file, right, wrong = MUTANTS[name]
    for f in FILES:
        text = (ENGINE / f"{f}.py").read_text()
        if f == file:
            assert text.count(right) == 1, f"{f}.py has changed: bring the mutant {name!r} up to date"
            text = text.replace(right, wrong)
        module = types.ModuleType(f"gfplab.engine.{f}")
        module.__file__ = str(ENGINE / f"{f}.py")
        monkeypatch.setitem(sys.modules, module.__name__, module)
        exec(compile(text, module.__file__, "exec"), vars(module))
    transformer = importlib.import_module("gfplab.engine.resumable")
    once = set()
    rewriter = sys.modules["gfplab.engine.rewrite"].Rewrite
    rewriter.seen_once = lambda self, v: (v, id(self)) not in once and not once.add((v, id(self)))
    monkeypatch.setattr(build, "Step", transformer.Step)
    monkeypatch.setattr("gfplab.engine.modes.rewrite", sys.modules["gfplab.engine.rewrite"].rewrite)


@functools.cache
def expected():
    """What the right transformer's programs do."""
    model = Model(toy.schema(), [tiny, corner_programs], engine=("frames",))
    reference = model.build("generators")
    corners = [n for n in vars(corner_programs) if n.startswith("corner_")]
    return {(c, s): toy.play(reference, 500, roots=[c], seed=s) for c in corners for s in range(2)}


def noticed_by(right):
    """The corner program that shows that something is wrong, or None."""
    try:
        steps = Model(toy.schema(), [tiny, corner_programs], engine=("frames",)).build("steps")
        for (corner, seed), outcome in right.items():
            if toy.play(steps, 500, roots=[corner], seed=seed) != outcome:
                return corner
    except TooLong:
        return "a hang"
    except Exception as e:
        return repr(e)
    return None


@pytest.mark.parametrize("name", MUTANTS)
def test_a_bug_in_the_transformer_is_noticed(name, monkeypatch, tmp_path, no_hang):
    right = expected()
    monkeypatch.setattr(cache, "root", lambda: tmp_path)  # a mutant's facts must not stay in the cache
    mutate(name, monkeypatch)
    assert noticed_by(right), "no corner program noticed"
