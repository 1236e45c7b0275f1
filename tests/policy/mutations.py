"""Policies as they should not be: a shipped one with something swapped, deleted, inserted or misspelt, by a seed."""

import ast
import random
from pathlib import Path

import gfplab_plugins

SHIPPED = sorted(Path(gfplab_plugins.__path__[0]).glob("[!_]*.py"))
# what an author coming from other Python, from C or from a bad merge may leave in a file
TOKENS = (
    "None", "True", "'text'", "f'{vm}'", "[1, 2]", "{1: 2}", "{1}", "()", "0.5", "-1", "1 << 70", "10 ** 30", "0",
    "...", "1j", "b'x'", "my", "vm", "task", "self", "print(1)", "len(my)", "lambda x: x", "x := 3", "*", "**", "//",
    ">>", "->", "&&", "!", "while True:", "while my:", "for i in range(1 << 62):", "if", "else:", "try:", "with my:",
    "def f():", "class A:", "async", "await f()", "yield 1", "yield from my", "import os", "from gfplab import *",
    "global my", "nonlocal x", "del my", "pass", "return", "return my", "break", "continue", "raise", "assert 0",
    "@hookimpl", "@", "\t", "   ", "\\", "\"\"\"", "'", "#", ";", "\u201c", "\u00e9", "\x0c", "\x00", "\ufeff",
    "\u2028", "range(3)", "int()", "max()", "min(1)", "abs(1, 2)", "my.x.y", "my[0]", "my.timeout", "call.last",
    "tunable(1)", "state(0, length=4)", "tunable(5, low=9, high=1)", "STEP_ALLOC", "ALLOC()", "WAIT(my)", "RESERVE()",
    "1 / 0", "1 % 0", "0 << -1", "1_000", "0x", "1e400", "int('1' * 9)", "9" * 5000, "(" * 300, "- " * 2000 + "1",
)  # fmt: skip
OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.LShift, ast.RShift, ast.BitOr)
COMPARISONS = (ast.Lt, ast.GtE, ast.Eq, ast.NotEq, ast.In, ast.Is)


def mutated(seed: int) -> tuple[str, str]:
    """(the name of a shipped plugin, its text after one to four mutations)"""
    draw = random.Random(seed)
    path = draw.choice(SHIPPED)
    text = path.read_text()
    for _time in range(draw.choice((1, 1, 1, 2, 4))):
        text = draw.choice(BY_TREE if draw.random() < 0.6 else BY_TEXT)(draw, text)
    return path.stem, text


def _lines(change):
    """A mutation of the list of lines as a mutation of the text."""

    def of_text(draw, text):
        lines = text.split("\n")
        change(draw, lines)
        return "\n".join(lines)

    return of_text


@_lines
def delete_line(draw, lines):
    del lines[draw.randrange(len(lines))]


@_lines
def double_line(draw, lines):
    place = draw.randrange(len(lines))
    lines.insert(place, lines[place])


@_lines
def swap_lines(draw, lines):
    one, other = draw.randrange(len(lines)), draw.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]


@_lines
def indent_line(draw, lines):
    place = draw.randrange(len(lines))
    lines[place] = draw.choice(("\t", "  ", "        ")) + lines[place].lstrip(" ")


@_lines
def insert_line(draw, lines):
    lines.insert(draw.randrange(len(lines)), " " * draw.choice((0, 4, 8)) + draw.choice(TOKENS))


def insert_token(draw, text):
    place = draw.randrange(len(text))
    return f"{text[:place]} {draw.choice(TOKENS)} {text[place:]}"


def misspell(draw, text):
    place = draw.randrange(len(text) - 1)
    return text[:place] + draw.choice(("", text[place + 1] + text[place], "x")) + text[place + 1 :]


def cut_off(draw, text):
    return text[: draw.randrange(len(text))]


def _tree(change):
    """A mutation of the tree as a mutation of the text; what is no Python, or has nothing to change, stays as it is."""

    def of_text(draw, text):
        try:
            tree = ast.parse(text)
            change(draw, tree)
            return ast.unparse(ast.fix_missing_locations(tree))
        except (SyntaxError, ValueError, IndexError, RecursionError, MemoryError, AttributeError, TypeError):
            return text

    return of_text


def _some(draw, tree, kind):
    return draw.choice([node for node in ast.walk(tree) if isinstance(node, kind)])


@_tree
def swap_names(draw, tree):
    one, other = _some(draw, tree, ast.Name), _some(draw, tree, ast.Name)
    one.id, other.id = other.id, one.id


@_tree
def swap_fields(draw, tree):
    one, other = _some(draw, tree, ast.Attribute), _some(draw, tree, ast.Attribute)
    one.attr, other.attr = other.attr, one.attr


@_tree
def other_operator(draw, tree):
    _some(draw, tree, ast.BinOp | ast.AugAssign).op = draw.choice(OPERATORS)()


@_tree
def other_comparison(draw, tree):
    _some(draw, tree, ast.Compare).ops[0] = draw.choice(COMPARISONS)()


@_tree
def other_constant(draw, tree):
    node = _some(draw, tree, ast.Constant)
    node.value = draw.choice((0, -1, 1, 63, 64, 1 << 40, (1 << 63) - 1, 1 << 64, 0.0, 0.5, True, None, "text", b"x"))


@_tree
def wild_expression(draw, tree):
    """An expression anywhere becomes one of the tokens that are expressions."""
    wild = [token for token in TOKENS if _is_expression(token)]
    parent = _some(draw, tree, ast.BinOp | ast.Compare | ast.Return | ast.Assign | ast.If | ast.Call)
    new = ast.parse(draw.choice(wild), mode="eval").body
    match parent:
        case ast.BinOp():
            parent.right = new
        case ast.Compare():
            parent.comparators[0] = new
        case ast.If():
            parent.test = new
        case ast.Call():
            parent.args = [*parent.args[1:], new]
        case _:
            parent.value = new


def _is_expression(token):
    try:
        ast.parse(token, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return len(token) < 100


@_tree
def delete_statement(draw, tree):
    body = _some(draw, tree, ast.FunctionDef | ast.If | ast.Module).body
    del body[draw.randrange(len(body))]


@_tree
def double_statement(draw, tree):
    body = _some(draw, tree, ast.FunctionDef | ast.If).body
    body.insert(0, draw.choice(body))


@_tree
def in_a_loop(draw, tree):
    """Statements of a function come to stand in a loop."""
    function = _some(draw, tree, ast.FunctionDef)
    test = draw.choice((ast.Constant(True), _some(draw, tree, ast.Compare), ast.Constant(0)))
    function.body = [ast.While(test, function.body, []), ast.Return(ast.Constant(0))]


@_tree
def turn_to_a_loop(draw, tree):
    node = _some(draw, tree, ast.If)
    node.orelse = []
    loop = ast.While(node.test, node.body, [])
    for body in (n.body for n in ast.walk(tree) if hasattr(n, "body") and isinstance(n.body, list)):
        if node in body:
            body[body.index(node)] = loop
            return


@_tree
def accumulate(draw, tree):
    """A number grows in a loop until it cannot."""
    function = _some(draw, tree, ast.FunctionDef)
    operator = draw.choice(("*", "+", "<<", "-", "//"))
    field = ast.unparse(_some(draw, function, ast.Attribute))
    grown = f"n = 3\nfor i in range({draw.choice(('20', '5000', field))}):\n    n {operator}= n\n"
    function.body = [*ast.parse(grown).body, *function.body]


@_tree
def other_arguments(draw, tree):
    arguments = _some(draw, tree, ast.FunctionDef).args
    match draw.randrange(4):
        case 0:
            arguments.args.pop(0)
        case 1:
            arguments.args.append(ast.arg(draw.choice(("vm", "my", "self", "pools"))))
        case 2:
            arguments.kwonlyargs, arguments.kw_defaults = [ast.arg("limit")], [ast.Constant(3)]
        case 3:
            arguments.vararg = ast.arg("records")


@_tree
def other_mark(draw, tree):
    function = _some(draw, tree, ast.FunctionDef)
    function.decorator_list = draw.choice(([], [ast.Name("staticmethod")], function.decorator_list * 2))


BY_TEXT = (delete_line, double_line, swap_lines, indent_line, insert_line, insert_token, misspell, cut_off)
BY_TREE = (
    swap_names, swap_fields, other_operator, other_comparison, other_constant, wild_expression, delete_statement,
    double_statement, in_a_loop, turn_to_a_loop, accumulate, other_arguments, other_mark,
)  # fmt: skip
