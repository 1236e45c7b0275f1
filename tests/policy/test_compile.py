"""Is the machine code the function that was written? Every decision both ways, and what makes it compile again."""

import os
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gfplab.engine import cache
from gfplab.errors import PolicyError
from gfplab.kernel.decisions import DECISIONS
from gfplab.policy import compile as compiler
from gfplab.policy.check import compiled_answer, draw_record, python_answer
from gfplab.policy.discover import discover
from gfplab.policy.faults import EndlessLoop
from gfplab.policy.select import PolicySet

SHIPPED = discover(folder="no such folder")
PAIRS = [
    (plugin, decision) for plugin in SHIPPED.values() for decision in DECISIONS if decision.name in plugin.functions
]


PROGRAMS = (
    "| RESERVE ALLOC(optimistic) WAIT(5s)",
    "ALLOC(full-__GFP_IO-__GFP_FS) FAIL RESERVE | WAIT(1ms) ALLOC(full+STEP_BAIL_OUT) RESERVE WAIT(1s) RESERVE",
)


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    """Compiled policies of this test alone."""
    monkeypatch.setenv("GFPLAB_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(compiler, "_LOADED", {})
    return tmp_path / "cache"


@pytest.mark.parametrize(("plugin", "decision"), PAIRS, ids=[f"{p.name}.{d.name}" for p, d in PAIRS])
@settings(max_examples=40, deadline=None)
@given(st.data())
def test_compiled_and_interpreted_answers_are_equal(plugin, decision, schema, data):
    """For any records and any legal tunables."""
    values = {}
    for tunable in plugin.tunables.values():
        if tunable.kind == "mask":
            values[tunable.name] = data.draw(st.sampled_from(tunable.legal))
        elif tunable.kind == "bool":
            values[tunable.name] = data.draw(st.booleans())
        elif tunable.kind == "program":
            values[tunable.name] = data.draw(st.sampled_from(PROGRAMS))
        else:
            numbers = st.floats if tunable.kind == "float" else st.integers
            values[tunable.name] = data.draw(numbers(tunable.low, tunable.high))
    policies = PolicySet("", {decision.name: plugin}, {plugin.name: values})
    bound = policies.bind(schema)[decision.name]
    draw = data.draw(st.randoms(use_true_random=False))
    numbers = {name: draw_record(draw, schema.fields[records]) for name, records in decision.args}
    my, other = policies.my_initial(), policies.my_initial()
    assert compiled_answer(bound, decision, schema, numbers, my) == python_answer(
        bound, decision, schema, numbers, other
    )
    assert bytes(my) == bytes(other)


EVERYTHING = '''"""Every construct of the subset, so that none of them means two things."""

from gfplab import hookimpl, state, tunable

WEIGHTS = 3
share = tunable(0.25, low=0.0, high=1.0)
mode = tunable("slow", choices=("fast", "slow", "off"))
sizes = tunable(4, choices=(2, 4, 8))
on = tunable(True)
calls = state(0)
mean = state(1.5)
ring = state(0, length=8)
curve = state(0.5, length=3)


def weighted(number, weight):
    """A helper with two results."""
    if weight < 0:
        return -number
    return number * weight


def busy(vm, my):
    my.calls += 1
    return vm.nr_writeback > my.calls * my.sizes


@hookimpl
def throttle_vm_writeout(vm, task, scan, my):
    """The docstring is left out."""
    if not my.on or my.mode == 2:
        return 0
    total = 0
    factor = 1.0
    for i in range(8):
        if i == vm.nr_dirty % 8:
            my.ring[i] += 1
            continue
        if my.ring[i] > 3:
            break
        for j in range(6, i, -2):
            total += weighted(j, i - 3)
            if total > scan.limit:
                break
        factor /= 1 + my.ring[i]
    left = vm.nr_free & 63
    while True:
        left -= 1
        my.curve[left % 3] *= 0.75
        my.ring[-1 - left % 2] += left & 1
        if left < 0 or total < -1000:
            break
        while left > 20:
            left >>= 1
            total ^= left << (left & 3)
    my.mean += my.share * (total - my.mean)
    shifted = vm.nr_managed >> scan.priority
    shifted >>= scan.priority
    total += shifted
    answer = int(my.mean * factor) + abs(total) // (1 + task.killed) - max(left, -5, total % 7)
    answer += weighted(total, WEIGHTS) if busy(vm, my) and scan.limit or total else ~total
    return answer if 0 <= answer < 100000 != total else bool(total) | 2
'''


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1 << 20))
def test_every_construct_means_the_same_both_ways(everything, schema, seed):
    """One long function, asked five times in a row: what it keeps in `my` must agree as well."""
    import random

    draw = random.Random(seed)
    ask = everything("throttle_vm_writeout")
    for _turn in range(5):
        records = {}
        for name, array in ask.decision.args:
            records[name] = draw_record(draw, schema.fields[array])
        records["scan"]["priority"] = draw.randrange(80)
        ask(**records)


@pytest.fixture(scope="session")
def everything(bind, tmp_path_factory):
    """A function that binds the long plugin anew."""
    from gfplab.policy.lint import lint
    from gfplab.policy.plugin import load_file

    path = tmp_path_factory.mktemp("plugins") / "everything.py"
    path.write_text(EVERYTHING)
    plugin = load_file(str(path), "-p")
    lint(plugin)
    return lambda decision, **tunables: bind(plugin, decision, tunables)


def test_a_float_state_keeps_its_bits(everything):
    """Tunables and state of both kinds lie in one int64 array, in the order of the file."""
    bound = everything("throttle_vm_writeout", mode="fast", sizes=8, share=0.75)
    fields = [field for field, _kind, _length in bound.bound.my_layout]
    assert fields == ["share", "mode", "sizes", "on", "calls", "mean", "ring", "curve"]
    assert list(bound.compiled_my[:5]) == [np.float64(0.75).view(np.int64), 0, 8, 1, 0]
    assert bound.compiled_my[5:6].view(np.float64)[0] == 1.5
    assert list(bound.compiled_my[6:14]) == [0] * 8
    assert list(bound.compiled_my[14:].view(np.float64)) == [0.5] * 3
    assert bound.bound.my_slots == 17


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("return 100 // vm.nr_free", ZeroDivisionError),
        ("return 100 % vm.nr_free", ZeroDivisionError),
        ("return int(1.5 / vm.nr_free)", ZeroDivisionError),
        ("return my.ring[vm.nr_free + 3]", IndexError),
        ("return my.ring[vm.nr_free - 4]", IndexError),
        ("my.ring[0] //= vm.nr_free\n    return 0", ZeroDivisionError),
        ("return 5 >> vm.nr_free - 1", ValueError),
        ("return 5 << vm.nr_free - 1", ValueError),
        ("return 5 << vm.nr_free + 64", OverflowError),
        ("n = 0\n    while n == vm.nr_free:\n        n *= 1\n    return n", EndlessLoop),
        ("n = 0\n    for i in range(1 << 40):\n        n += vm.nr_free\n    return n", EndlessLoop),
    ],
)
def test_what_raises_interpreted_raises_compiled(plugin_of, answer, line, error):
    """A policy that divides by zero stops the run; it does not answer something."""
    text = '"""A."""\nfrom gfplab import hookimpl, state\n\nring = state(0, length=3)\n\n\n@hookimpl\n'
    text += f"def throttle_vm_writeout(vm, my):\n    if vm.nr_dirty:\n        return my.ring[0]\n    {line}\n"
    ask = answer(plugin_of(text), "throttle_vm_writeout")
    for form in (compiled_answer, python_answer):
        numbers = {name: dict.fromkeys(ask.schema.fields[array], 0) for name, array in ask.decision.args}
        with pytest.raises(error):
            form(ask.bound, ask.decision, ask.schema, numbers, ask.compiled_my)
    assert ask(vm=dict(nr_dirty=1)) == 0


def test_an_error_in_compiled_code_has_its_line(plugin_of, answer):
    """Interpreted code has a traceback; compiled code says the place in the sentence."""
    text = '"""A."""\nfrom gfplab import hookimpl\n\n\n@hookimpl\n'
    text += "def throttle_vm_writeout(vm):\n    return 1 // vm.nr_free\n"
    ask = answer(plugin_of(text, "divides"), "throttle_vm_writeout")
    numbers = {name: dict.fromkeys(ask.schema.fields[array], 0) for name, array in ask.decision.args}
    with pytest.raises(ZeroDivisionError, match="divides.py:7: divides by zero; write max"):
        compiled_answer(ask.bound, ask.decision, ask.schema, numbers, ask.compiled_my)


MINE = '"""A."""\nfrom gfplab import hookimpl, tunable\n\nCONSTANT = {constant}\nnap = tunable(5, low=0, high=9)\n\n\n'
MINE += "def helper(n):\n    return n + {helper}\n\n\n@hookimpl\ndef throttle_vm_writeout(vm, my):\n"
MINE += (
    "    return helper(vm.nr_free) + CONSTANT + my.nap\n\n\n@hookimpl\ndef too_many_isolated():\n    return {other}\n"
)


def compiled_files(folder):
    return sorted(path.name for path in folder.rglob("*.nbc"))


def test_only_what_changed_is_compiled_again(empty_cache, plugin_of, answer):
    """A constant and a helper belong to the functions that use them; another tunable value belongs to nobody."""

    def build(**numbers):
        text = MINE.format(**{"constant": 1, "helper": 2, "other": 0} | numbers)
        plugin = plugin_of(text)
        answers = answer(plugin, "throttle_vm_writeout")(vm=dict(nr_free=10)), answer(plugin, "too_many_isolated")()
        return answers, len(compiled_files(empty_cache))

    assert build() == ((18, 0), 2)
    assert build() == ((18, 0), 2)
    assert build(constant=5) == ((22, 0), 3)
    assert build(helper=7) == ((23, 0), 4)
    assert build(other=1) == ((18, 1), 5)
    plugin = plugin_of(MINE.format(constant=1, helper=2, other=0))
    assert answer(plugin, "throttle_vm_writeout", nap=9)(vm=dict(nr_free=10)) == 22
    assert len(compiled_files(empty_cache)) == 5


def test_another_process_finds_what_this_one_compiled(empty_cache):
    """The cache is on disk, and a policy that is in it is not compiled."""
    program = (
        "from gfplab.kernel.types import kernel_schema\n"
        "from gfplab.policy.discover import discover\n"
        "from gfplab.policy.select import select\n"
        "plugins = discover(folder='no such folder')\n"
        "bound = select('v4.7', extra=('neil_mask',), plugins=plugins).bind(kernel_schema())\n"
        "print(sum(sum(b.compiled.stats.cache_hits.values()) for b in bound.values()))\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    counts = []
    for _run in range(2):
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True
        )
        counts.append(int(done.stdout))
    assert counts == [0, len(DECISIONS)]


def test_a_cached_policy_is_there_in_milliseconds(empty_cache, schema):
    """Twenty times faster than compiling it; the figure itself is in the bench."""
    policies = PolicySet("", {"mempool_step": SHIPPED["neil_mask"]}, {"neil_mask": {"keep": 0, "add": 0, "timeout": 1}})
    policies.bind(schema)
    times = []
    for _run in range(3):
        compiler._LOADED.clear()
        began = time.perf_counter()
        policies.bind(schema)
        times.append(time.perf_counter() - began)
    assert min(times) < 0.05


def test_a_bound_policy_compiles_nothing_else(answer):
    """One signature: a call with other types is refused, where numba would compile in the middle of a run."""
    bound = answer("linux_4_9", "throttle_vm_writeout").bound
    assert len(bound.compiled.overloads) == 1
    with pytest.raises(TypeError):
        bound.compiled(1.0, 2.0, 3.0, 4.0)


def test_what_the_compiler_refuses_is_a_policy_error_with_a_line(empty_cache, schema, monkeypatch):
    """Should a fault ever pass the lint, it still names its place."""
    from gfplab.policy.plugin import Plugin

    good = SHIPPED["linux_4_9"]
    source = good.source.replace("return 0", "return vm.nr_nothing").replace(
        "throttle_vm_writeout()", "throttle_vm_writeout(vm)"
    )
    bad = Plugin(good.name, good.path, good.origin, source, good.module, good.functions, {}, {})
    line = source[: source.index("def throttle")].count("\n") + 1
    with pytest.raises(
        PolicyError, match=f"linux_4_9.py:{line}: throttle_vm_writeout cannot be compiled; keep to whole"
    ) as problem:
        PolicySet("", {"throttle_vm_writeout": bad}, {"linux_4_9": {}}).bind(schema)
    assert isinstance(problem.value.__cause__, KeyError) and "KeyError" not in str(problem.value)


_COMPILE = """
import sys
from gfplab.kernel.decisions import DECISIONS
from gfplab.kernel.types import kernel_schema
from gfplab.policy.compile import compile_decision
from gfplab.policy.discover import discover
from gfplab.policy.faults import EndlessLoop

plugins, schema = discover(folder="no such folder"), kernel_schema()
decision = next(d for d in DECISIONS if d.name == "mempool_step")
dtypes = {records: schema.dtype(records) for _, records in decision.args}
for name in sys.argv[1:]:
    result = next(iter(compile_decision(plugins[name], decision, dtypes).overloads.values()))
    print(result.fndesc.llvm_func_name, result.library.get_pointer_to_function(result.fndesc.llvm_func_name))
"""


def test_policies_that_different_processes_compiled_do_not_answer_for_each_other(empty_cache):
    """Machine code is found by a symbol; loaded from the cache, two plugins must not have the same one."""

    def compiled(*names):
        command = [sys.executable, "-c", _COMPILE, *names]
        path = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        said = subprocess.run(command, capture_output=True, text=True, env=path, check=True)
        return [line.split() for line in said.stdout.splitlines()]

    compiled("linux_4_7")
    compiled("mempool_4_7_0")
    (first, at), (second, elsewhere) = compiled("linux_4_7", "mempool_4_7_0")
    assert first != second and at != elsewhere
