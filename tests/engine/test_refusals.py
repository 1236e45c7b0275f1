"""What kernel code may not contain, each with the exact words in which it is refused."""

# ruff: noqa: E501

import pytest
import toy

from gfplab.engine.decision import Decision
from gfplab.engine.subset import KernelBuildError

OTHERS = """
@plain
def twice(k, a):
    return 2 * a
@kernel
def leaf(k, a):
    yield cpu(a)
    return a
"""

# name: (statements of the blocking function f(k, a), the message; its line is counted from `def f` = 2)
STATEMENTS = {
    "a try": ("try:\n  yield cpu(1)\nfinally:\n  a = 1", "3: try is not kernel code: return an error number"),
    "a with": ("with k:\n  yield cpu(1)", "3: with is not kernel code: write lock and unlock"),
    "a raise": ("yield cpu(1)\nraise ValueError", "4: raise is not kernel code: use assert or return an error number"),
    "a function in a function": (
        "def g():\n  pass\nyield cpu(1)",
        "3: a function inside a function: move it to the top of the file",
    ),
    "a class": ("class A:\n  pass\nyield cpu(1)", "3: a class inside a function: state lives in records"),
    "a lambda": ("x = lambda: 1\nyield cpu(1)", "3: lambda is not kernel code: define a @plain function"),
    "a list": ("x = [1, 2]\nyield cpu(1)", "3: a list is not kernel code: state lives in records and arrays"),
    "a dict": ("x = {}\nyield cpu(1)", "3: a dict is not kernel code: state lives in records and arrays"),
    "a tuple": ("x = (1, 2)\nyield cpu(1)", "3: a tuple is not kernel code: write one assignment per line"),
    "two targets": ("x, y = a, a\nyield cpu(1)", "3: a tuple is not kernel code: write one assignment per line"),
    "a chain of targets": (
        "x = y = 3\nyield cpu(x + y)",
        "3: one name per assignment: write x = 3 and y = 3 on two lines",
    ),
    "a comprehension": (
        "x = max(i for i in range(3))\nyield cpu(x)",
        "3: a comprehension is not kernel code: write a for loop",
    ),
    "max of one number": ("x = max(a)\nyield cpu(x)", "3: max() takes two numbers or more"),
    "an f-string": ("x = f'{a}'\nyield cpu(1)", "3: a string is not kernel code"),
    "a string": ("x = 'a'\nyield cpu(1)", "3: constant 'a': kernel code knows int64 only"),
    "a float": ("x = 1.5\nyield cpu(1)", "3: constant 1.5: kernel code knows int64 only"),
    "None": ("x = None\nyield cpu(1)", "3: constant None: kernel code knows int64 only"),
    "true division": ("x = a / 2\nyield cpu(x)", "3: / gives a float: use //"),
    "true division in place": ("a /= 2\nyield cpu(a)", "3: / gives a float: use //"),
    "a power": ("x = a ** 2\nyield cpu(x)", "3: ** is not kernel code: use a shift or a multiplication"),
    "a walrus": ("if (x := a) > 1:\n  yield cpu(1)", "3: := is not kernel code: assign on a line of its own"),
    "in": ("if a in a:\n  yield cpu(1)", "3: only < <= > >= == != compare numbers"),
    "is": ("if a is a:\n  yield cpu(1)", "3: only < <= > >= == != compare numbers"),
    "global": ("global z\nyield cpu(1)", "3: global is not kernel code: state lives in records"),
    "an import": ("import os\nyield cpu(1)", "3: import at the top of the file, not in a function"),
    "del": ("x = 1\ndel x\nyield cpu(1)", "4: del is not kernel code"),
    "an annotation": ("x: int = 1\nyield cpu(x)", "3: annotations are not needed: every local is an int64"),
    "a match": ("match a:\n  case 1:\n    yield cpu(1)", "3: match is not kernel code: write if/elif"),
    "a slice": ("x = k.links[1:2]\nyield cpu(1)", "3: a slice is not kernel code: loop over the indices"),
    "a loop over an array": ("for i in k.links:\n  yield cpu(i)", "3: for loops run over range() only"),
    "a step that is no literal": (
        "for i in range(1, 9, a):\n  yield cpu(i)",
        "3: the step of range() is a literal and not 0",
    ),
    "else on a loop": ("while a:\n  yield cpu(1)\nelse:\n  a = 1", "6: else on a loop is not kernel code: use a flag"),
    "a value nobody uses": ("a + 1\nyield cpu(1)", "3: a value that is not used: assign it or call a function"),
    "a number too big": (
        "x = 9223372036854775808\nyield cpu(x)",
        "3: constant 9223372036854775808 does not fit an int64; write the negative number with the same bits",
    ),
    "a constant too big": (
        "x = BIG\nyield cpu(x)",
        "3: constant BIG does not fit an int64; write the negative number with the same bits",
    ),
    "a local that may be unassigned": (
        "if a:\n  x = 1\nyield cpu(1)\nreturn x",
        "6: local 'x' may be read before it is assigned; assign it before the branch or loop",
    ),
    "a loop variable after its loop": (
        "for i in range(a):\n  yield cpu(1)\nreturn i",
        "5: local 'i' may be read before it is assigned; assign it before the branch or loop",
    ),
    "a local with an underscore": (
        "_x = 1\nyield cpu(_x)",
        "3: local name '_x': names that begin with _ belong to the transformer",
    ),
    "a _ that is read": (
        "for _ in range(2):\n  yield cpu(_)",
        "3: local name '_': a loop variable of this name cannot be read",
    ),
    "assigning k": ("k = 3\nyield cpu(1)", "3: k is the state and cannot be assigned"),
    "a local named as a builtin": ("max = 3\nyield cpu(1)", "3: local name 'max' hides a builtin of kernel code"),
    "a local named as a function it calls": (
        "twice = twice(k, 1)\nyield cpu(1)",
        "3: local name 'twice' hides the function twice()",
    ),
    "a local named as a constant": ("SHIFT = 3\nyield cpu(SHIFT)", "3: local name 'SHIFT' hides the constant SHIFT"),
    "an unknown field": (
        "x = k.zones[1].nr_fre\nyield cpu(x)",
        "3: zones has no field 'nr_fre'; did you mean 'nr_free'?",
    ),
    "an unknown field of a view": (
        "z = k.zones[1]\nz.flag += 1\nyield cpu(1)",
        "4: zones has no field 'flag'; did you mean 'flags'?",
    ),
    "an unknown array": ("x = k.zone[1].nr_free\nyield cpu(x)", "3: k has no array 'zone'; did you mean 'zones'?"),
    "a scalar on k": ("x = k.now\nyield cpu(x)", "3: k has no array 'now'"),
    "an array without index": ("x = k.links\nyield cpu(x)", "3: k.links is an array: write k.links[i]"),
    "a record array without index": (
        "x = k.zones.nr_free\nyield cpu(x)",
        "3: k.zones.nr_free is no state: write k.<records>[i].<field>, or take a view first",
    ),
    "a record as a number": (
        "x = k.zones[1] + 1\nyield cpu(x)",
        "3: k.zones[i] is a record, not a number; use its fields, or bind it to a local of its own",
    ),
    "a field of a number": ("x = k.links[1].next\nyield cpu(x)", "3: k.links[i] is a number, it has no fields"),
    "a negative index": ("x = k.links[-1]\nyield cpu(x)", "3: a negative index: slot 0 is null, elements begin at 1"),
    "a view passed": (
        "z = k.zones[1]\nx = twice(k, z)\nyield cpu(x)",
        "4: z is a view of zones, not a number; use z.<field>, or keep the index in a local",
    ),
    "a view returned": (
        "z = k.zones[1]\nyield cpu(1)\nreturn z",
        "5: z is a view of zones, not a number; use z.<field>, or keep the index in a local",
    ),
    "a view of two kinds": (
        "z = k.zones[1]\nz = k.vm[0]\nyield cpu(z.total)",
        "4: z is a view of zones, it cannot become a view of vm; take another name",
    ),
    "a view that becomes a number": (
        "z = k.zones[1]\nz = 3\nyield cpu(1)",
        "4: z is a view of zones, it cannot hold a number; take another name",
    ),
    "a parameter that becomes a view": (
        "a = k.zones[1]\nyield cpu(1)",
        "2: parameter 'a' is an int64, it cannot become a view of zones",
    ),
    "k as a value": ("x = k\nyield cpu(1)", "3: k alone is not a value"),
    "an unknown name": (
        "x = SHFT\nyield cpu(x)",
        "3: SHFT is neither a local nor a constant of this file; did you mean 'SHIFT'?",
    ),
    "a function as a value": ("x = leaf\nyield cpu(1)", "3: function leaf() used as a value; FN_leaf is its id"),
    "an unknown function": (
        "x = twise(k, a)\nyield cpu(x)",
        "3: no function twise() in this model; did you mean 'twice'?",
    ),
    "a method": (
        "x = a.bit_length()\nyield cpu(x)",
        "3: a.bit_length(): only functions called by name are kernel code",
    ),
    "too few arguments": ("x = twice(k)\nyield cpu(x)", "3: twice() takes 1 argument after k, not 0"),
    "no k": ("x = twice(a)\nyield cpu(x)", "3: the first argument of twice() is k"),
    "a keyword": ("x = twice(k, a=1)\nyield cpu(x)", "3: twice() takes positional arguments only"),
    "a blocking call without yield from": (
        "x = leaf(k, 1)\nyield cpu(x)",
        "3: leaf() may block: call it with `yield from`",
    ),
    "yield from a plain function": (
        "x = yield from twice(k, 1)\nyield cpu(x)",
        "3: twice() is @plain and never blocks: call it without `yield from`",
    ),
    "yield from something else": ("yield from range(3)", "3: `yield from` takes a call of a @kernel function"),
    "a misspelt blocking call": (
        "yield from leef(k, 1)",
        "3: `yield from` takes a call of a @kernel function; did you mean 'leaf'?",
    ),
    "a bare yield": (
        "yield",
        "3: yield takes a request (cpu, cond_resched, schedule, schedule_timeout, io_schedule, io_schedule_timeout, exit_task)",
    ),
    "a misspelt request": ("yield shedule(1, 2)", "3: yield takes a request; did you mean 'schedule'?"),
    "a yield of a blocking call": ("yield leaf(k, 1)", "3: yield takes a request; leaf() is called with `yield from`"),
    "a request with too many arguments": ("yield cpu(1, 2)", "3: cpu() takes 1 argument, not 2"),
    "a request that is not yielded": ("cpu(1)\nyield cpu(1)", "3: cpu() is a request: write `yield cpu(...)`"),
    "a wait in a test": (
        "if (yield cpu(1)):\n  a = 1",
        "3: a wait inside an expression: write `x = yield ...` on a line of its own",
    ),
    "a wait in an argument": (
        "x = twice(k, (yield cpu(1)))",
        "3: a wait inside an expression: write `x = yield ...` on a line of its own",
    ),
    "a wait with +=": (
        "a += yield cpu(1)",
        "3: a wait inside an assignment with operator: write `x = yield ...` first",
    ),
    "a wait into a field": (
        "k.vm[0].total = yield cpu(1)",
        "3: the result of a wait goes into a local: write `x = yield ...` and then store x",
    ),
    "two waits on a line": ("yield cpu(1); yield cpu(2)", "3: two waits on one line: give each a line of its own"),
    "no wait at all": ("return 1", "2: f() never waits: mark it @plain"),
    "range outside for": ("x = range(3)\nyield cpu(1)", "3: range() belongs into a for statement"),
    "len of something else": ("x = len(a)\nyield cpu(x)", "3: len() takes an array of the state: len(k.zones)"),
    "an assert with a formatted message": (
        "assert a, f'{a}'\nyield cpu(1)",
        "3: the message of an assert is a plain string",
    ),
}

SOURCES = {
    "defaults": (
        "@kernel\ndef f(k, a=1):\n    yield cpu(a)\n",
        "2: f(): plain positional parameters only, no defaults, * or **",
    ),
    "a first parameter that is not k": (
        "@plain\ndef f(a):\n    return a\n",
        "2: f(): the first parameter must be k, the state",
    ),
    "a plain function that waits": (
        "@plain\ndef f(k):\n    yield cpu(1)\n",
        "3: f() is @plain and waits: mark it @kernel",
    ),
    "plain functions in a circle": (
        "@plain\ndef f(k):\n    return g(k)\n@plain\ndef g(k):\n    return f(k)\n",
        "2: plain functions call each other in a circle: f -> g -> f",
    ),
    "a function defined twice": (
        "@plain\ndef f(k):\n    return 1\n@plain\ndef f(k):\n    return 2\n",
        "5: f() is already defined at case.py:2; names are global, rename one",
    ),
    "a prototype without a definition": (
        "@prototype(blocking=True)\ndef mempool_alloc(k, pool): ...\n@plain\ndef mempool_aloc(k, pool):\n    return 1\n",
        "1: prototype mempool_alloc() has no definition in this model; did you mean 'mempool_aloc'?",
    ),
    "a prototype with other parameters": (
        "@prototype(blocking=False)\ndef f(k, pool): ...\np = f\n@plain\ndef f(k):\n    return 1\n",
        "1: prototype f(k, pool) does not match f(k) at case.py:5",
    ),
    "a prototype that is wrong about blocking": (
        "@prototype(blocking=True)\ndef f(k): ...\np = f\n@plain\ndef f(k):\n    return 1\n",
        "1: prototype f() says blocking=True, but its definition at case.py:5 never blocks (@plain)",
    ),
    "a frame of too many locals": (
        "@kernel\ndef f(k):\n"
        + "".join(f"    x{i} = {i}\n" for i in range(62))
        + "    yield cpu(1)\n"
        + "".join(f"    note(k, x{i}, 1)\n" for i in range(62)),
        "2: f() keeps 62 locals across waits, more than 61",
    ),
}


def refusal(folder, text, decisions=()):
    with pytest.raises(KernelBuildError) as caught:
        toy.model(folder, text, decisions)
    return [e.replace(f"{folder}/", "") for e in caught.value.errors]


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_blocking_function_is_refused(name, tmp_path):
    body, message = STATEMENTS[name]
    text = "@kernel\ndef f(k, a):\n" + "".join(f"    {line}\n" for line in body.replace("  ", "    ").split("\n"))
    assert refusal(tmp_path, text + OTHERS)[0] == f"case.py:{message}"


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_file_is_refused(name, tmp_path):
    text, message = SOURCES[name]
    assert refusal(tmp_path, text)[0] == f"case.py:{message}"


def test_a_plain_function_is_held_to_the_same_subset(tmp_path):
    text = "@plain\ndef f(k, a):\n    x = a / 2\n    k.vm[0].nosuch = x\n    return zzz(k)\n"
    assert refusal(tmp_path, text) == [
        "case.py:3: / gives a float: use //",
        "case.py:4: vm has no field 'nosuch'",
        "case.py:5: no function zzz() in this model",
    ]


def test_all_faults_of_a_model_are_told_at_once(tmp_path):
    text = "@plain\ndef f(k):\n    return 1.5\n@kernel\ndef g(k):\n    yield cpu(zz)\n"
    assert len(refusal(tmp_path, text)) == 2


def test_a_decision_names_existing_records(tmp_path):
    decision = Decision("size", args=(("zone", "zoness"),))
    errors = refusal(tmp_path, "@plain\ndef f(k):\n    return decide_size(k, 1)\n", [decision])
    assert errors == [
        "decision size: argument zone comes from 'zoness', which is no record array; did you mean 'zones'?"
    ]


def test_a_decision_must_be_bound(tmp_path):
    decision = Decision("size", args=(("zone", "zones"),))
    build = toy.model(tmp_path, "@plain\ndef f(k):\n    return decide_size(k, 1)\n", [decision]).build("steps")
    with pytest.raises(KernelBuildError, match=r"decision size: no policy is bound to it, which .*case.py:2 asks"):
        toy.start(build, tasks=0)


@pytest.mark.parametrize("mode", ["steps", "generators"])
def test_pure_modes_refuse_what_is_no_int64(mode, tmp_path):
    text = "@kernel\ndef main(k, n):\n    yield cpu(1)\n    k.vm[0].total = (1 << 62) * 2\n"
    with pytest.raises(OverflowError, match="9223372036854775808 does not fit an int64"):
        toy.play(toy.model(tmp_path, text).build(mode))
    text = "@kernel\ndef main(k, n):\n    yield cpu(1)\n    k.page_flags[1] = 256\n"
    with pytest.raises(ValueError, match="invalid value"):
        toy.play(toy.model(tmp_path, text, name="small").build(mode))
