"""What may a policy be written in? Whatever both forms would not run alike is refused before anything is compiled."""

import pytest

from gfplab.errors import PolicyError

HEAD = '''"""An argument."""

from gfplab import ALLOC, RESERVE, WAIT, hookimpl, state, tunable
from gfplab.kernel.gfp import PF_KTHREAD

pause = tunable(10, low=0, high=100)
weight = tunable(0.5, low=0.0, high=1.0)
total = state(0)
mean = state(0.0)
recent = state(0, length=4)
NAMES = ("a", "b")
HUGE = 1 << 70


def twice(number):
    return 2 * number


def above(vm, scan):
    return vm.nr_writeback > scan.limit


@hookimpl
def throttle_vm_writeout(vm, task, scan, my):
    my.total += my.pause
    my.mean += my.weight
    my.recent[my.total % 4] = 1
'''


BARE = '"""A."""\nfrom gfplab import hookimpl\n\n\n'


def lines(*body):
    return HEAD + "".join(f"    {line}\n" for line in body)


def test_a_policy_may_use_everything_that_the_subset_has(plugin_of):
    """Loops, helpers, both kinds of numbers, state of all shapes."""
    plugin_of(
        lines(
            "best = -1",
            "share = 1.0",
            "for i in range(4):",
            "    if my.recent[i] > best and not task.killed:",
            "        best = my.recent[i]",
            "    elif i == 3:",
            "        break",
            "    share *= 0.5",
            "while True:",
            "    best += 1",
            "    if best > 10:",
            "        break",
            "    continue",
            "if above(vm, scan) and share < my.mean / 2:",
            "    return min(twice(best), int(share * 100.0), abs(-3))",
            "return max(best, 0) if best & PF_KTHREAD else best << 2 | ~0 ^ 5",
        )
    )


REFUSED = [
    ("return vm.nr_free + task", "task is a record; read one of its fields, as task.<name>"),
    ("return my", "my is a record; read its tunables and state, as my.<name>"),
    ("return twice", "twice is a function; call it, as twice(...)"),
    ("return twice(1, 2)", "twice takes 1 arguments, not 2"),
    ("return above(vm, vm)", "above wants the record scan; pass the argument scan"),
    (
        "return throttle_vm_writeout(vm, task, scan, my)",
        "throttle_vm_writeout answers a decision point; move what both",
    ),
    ("return len(my.recent)", "len() cannot be called here"),
    ("return print(1)", "print() cannot be called here"),
    ("return range(3)", "range() belongs into `for i in range(...)`"),
    ("return twise(3)", "'twise' is not defined; did you mean 'twice'?"),
    ("return abs(1, 2)", "abs() takes one number"),
    ("return max(1)", "max() takes two numbers or more"),
    ("return max(1, 2.0)", "is a whole number on one side and a float on the other"),
    ("return 1 if vm.nr_free else 2.0", "is a whole number on one side and a float on the other"),
    ("return my.mean & 1", "bits of a float; make it a whole number with int(...)"),
    ("return my.recent", "my.recent is an array; write my.recent[i]"),
    ("return my.recent[0.5]", "an index of a float"),
    ("return my.total[0]", "my.total is one number"),
    ("return vm[0]", "only an array of state can be indexed; write my.name[i]"),
    ("return vm.nr_free.real", "a field of a field"),
    ("return zone.free", "zone is not an argument here; add it to the arguments of the function"),
    ("return pool.curr_nr", "pool is not an argument here"),
    ("return NAMES", "NAMES is tuple ('a', 'b'), not a number of 64 bits"),
    ("return HUGE", "HUGE is int 1180591620717411303424, not a number of 64 bits"),
    ("return 1 << 2 ** 3", "a policy cannot use ** or @"),
    ("return 99999999999999999999", "99999999999999999999 does not fit 64 bits"),
    ("return vm.nr_free is None", "a policy cannot use `in` or `is`"),
    ("return None", "a policy cannot use None"),
    ("return vm.nr_free / 2", "throttle_vm_writeout returns a float; write int(...)"),
    ("return", "throttle_vm_writeout returns nothing"),
    ("return lambda: 1", "a policy cannot use a lambda"),
    ("return (x := 1)", "a policy cannot use :="),
    ("yield 1", "a policy cannot use yield"),
    ("vm = 1", "vm is an argument; give the local another name"),
    ("pause = 1", "pause is kept in `my`"),
    ("a = b = 1", "assigns two names at once"),
    ("a, b = 1, 2", "assigns two names at once"),
    ("a: int = 1", "a policy cannot use an annotation"),
    ("my.recent[0] = 0.5", "my.recent is a whole number and gets a float"),
    ("my.gone = 1", "my has no 'gone'"),
    ("task.mm = 1", "throttle_vm_writeout writes task.mm; it may write only my"),
    ("vm.nr_free", "this line computes something and drops it"),
    ("for t in (1, 2): pass", "a for loop runs over range(...) only"),
    ("for i in range(0.5): pass", "range() of a float"),
    ("import os", "a policy cannot use import inside a function"),
    ("global total", "a policy cannot use global"),
    ("assert vm.nr_free", "a policy cannot use assert"),
    ("raise ValueError", "a policy cannot use raise"),
    ("def f(): return 1", "a policy cannot use a function inside a function"),
    ("return WAIT(0.5)", "WAIT() of a float"),
    ("return WAIT(1, 2)", "WAIT takes one argument, not 2"),
]


@pytest.mark.parametrize(("line", "sentence"), REFUSED, ids=[line for line, _sentence in REFUSED])
def test_what_is_refused_is_refused_with_its_line(plugin_of, line, sentence):
    """The fault stands in line 28 of the file, where it was written."""
    with pytest.raises(PolicyError) as problem:
        plugin_of(lines(line, "return 0"))
    first = problem.value.lines[0]
    assert ":28: " in first and sentence in first, first


def test_a_helper_that_calls_itself_is_refused(plugin_of):
    """Directly or in a circle."""
    text = '"""A."""\nfrom gfplab import hookimpl\n\n\ndef f(n):\n    return g(n)\n\n\ndef g(n):\n    return f(n - 1)\n'
    text += "\n\n@hookimpl\ndef throttle_vm_writeout(vm):\n    return f(vm.nr_free)\n"
    with pytest.raises(PolicyError, match=r":5: f calls itself; write a loop"):
        plugin_of(text)


def test_a_function_defined_twice_is_refused(plugin_of):
    """Python would keep the second without a word."""
    text = '"""A."""\nfrom gfplab import hookimpl\n\n\n@hookimpl\ndef throttle_vm_writeout():\n    return 0\n'
    with pytest.raises(PolicyError, match="throttle_vm_writeout is defined a second time"):
        plugin_of(text + "\n\n@hookimpl\ndef throttle_vm_writeout():\n    return 1\n")


def test_an_imported_answer_is_refused(plugin_of):
    """What a plugin argues stands in its own file, under its own hash."""
    text = '"""A."""\nfrom gfplab_plugins.linux_4_7 import throttle_vm_writeout\n'
    with pytest.raises(PolicyError, match="throttle_vm_writeout is not defined in this file with def"):
        plugin_of(text)


def test_a_decorator_that_would_not_run_is_refused(plugin_of):
    """A compiled policy is its body and nothing around it."""
    text = '"""A."""\nimport functools\n\nfrom gfplab import hookimpl\n\n\n@functools.cache\ndef f(n):\n    return n\n'
    with pytest.raises(PolicyError, match="@functools.cache on f; a policy is compiled without it"):
        plugin_of(text + "\n\n@hookimpl\ndef throttle_vm_writeout(vm):\n    return f(vm.nr_free)\n")


@pytest.mark.parametrize(
    ("signature", "sentence"),
    [
        ("vm, scan=None", "takes plain arguments only; write def throttle_vm_writeout(vm, task, scan, my)"),
        ("*records", "takes plain arguments only"),
        ("vm, zone", "has no argument 'zone'"),
    ],
)
def test_the_arguments_are_the_contracts(plugin_of, signature, sentence):
    """Any of them, by name, in any order, and no other."""
    with pytest.raises(PolicyError, match=sentence.replace("(", r"\(").replace(")", r"\)")):
        plugin_of(f"{BARE}@hookimpl\ndef throttle_vm_writeout({signature}):\n    return 0\n")


def test_options_of_the_mark_are_refused(plugin_of):
    """tryfirst and its like order calls that pluggy never makes here."""
    text = f"{BARE}@hookimpl(tryfirst=True)\ndef throttle_vm_writeout():\n    return 0\n"
    with pytest.raises(PolicyError, match=r"@hookimpl\(tryfirst=...\) means nothing here"):
        plugin_of(text)


def test_a_file_without_an_argument_is_refused(plugin_of):
    """The docstring is the hypothesis, and `gfplab policies` shows it."""
    with pytest.raises(PolicyError, match=":1: has no docstring"):
        plugin_of("from gfplab import hookimpl\n\n\n@hookimpl\ndef throttle_vm_writeout():\n    return 0\n")


@pytest.mark.parametrize(
    "body",
    [
        ["x = 1", "while vm.nr_free:", "    y = x", "    break", "return y"],
        ["for i in range(3):", "    y = i", "return y"],
        ["for i in range(3):", "    pass", "return i"],
        ["if vm.nr_free:", "    y = 1", "elif scan.limit:", "    pass", "else:", "    y = 2", "return y"],
        ["while True:", "    if vm.nr_free:", "        break", "    y = 1", "    if y:", "        break", "return y"],
    ],
    ids=["while", "for", "loop variable", "elif", "break"],
)
def test_a_name_without_a_value_on_some_path_is_refused(plugin_of, body):
    """Python would raise when that path is taken; compiled code would read what happens to lie there."""
    with pytest.raises(PolicyError, match="has no value yet on some path"):
        plugin_of(lines(*body))


@pytest.mark.parametrize(
    "body",
    [
        ["if vm.nr_free:", "    y = 1", "else:", "    return 0", "return y"],
        ["while True:", "    y = 1", "    if vm.nr_free:", "        break", "return y"],
        ["while True:", "    if vm.nr_free:", "        return 1"],
        ["if vm.nr_free:", "    return 1", "else:", "    return 0"],
        ["y = 0", "for i in range(3):", "    y += i", "return y"],
    ],
)
def test_a_name_with_a_value_on_every_path_is_accepted(plugin_of, body):
    """A path that has returned does not count."""
    plugin_of(lines(*body))
