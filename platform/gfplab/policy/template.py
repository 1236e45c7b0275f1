"""The file that `gfplab plugin new` writes: a plugin that answers as the stock kernel does, to be changed."""

import ast
import inspect

from gfplab.policy.discover import Catalogue
from gfplab.policy.explain import contract
from gfplab.policy.plugin import ARGUMENTS, did_you_mean
from gfplab.policy.select import stock_plugin


def new_plugin(decisions: list[str], era: str, plugins: Catalogue) -> str:
    """The text of a plugin that answers `decisions` with copies of the stock functions."""
    from gfplab.errors import PolicyError

    for decision in decisions:
        if decision not in ARGUMENTS:
            raise PolicyError(f"there is no decision point '{decision}'; {did_you_mean(decision, ARGUMENTS)}")
    stock = plugins[stock_plugin(era, plugins)]
    wanted = _with_callees(stock.definitions, decisions)
    functions = [node for node in stock.tree.body if isinstance(node, ast.FunctionDef) and node.name in wanted]
    read = {node.id for function in functions for node in ast.walk(function) if isinstance(node, ast.Name)}
    lines = [
        '"""One sentence: what this policy argues.',
        "",
        "Who says so, since when, and what speaks against it.",
        '"""',
        "",
    ]
    lines += [text for text in (_import(node, read) for node in stock.tree.body) if text]
    constants = [node for node in stock.tree.body if isinstance(node, ast.Assign) and _names(node) & read]
    lines += ["", *(ast.get_source_segment(stock.source, node) or "" for node in constants)] if constants else []
    for function in functions:
        lines += ["", ""]
        if function.name in ARGUMENTS:
            lines += [f"# {line}".rstrip() for line in contract(function.name).split("\n")]
        lines += inspect.getsource(vars(stock.module)[function.name]).rstrip().split("\n")
    return "\n".join(lines) + "\n"


def _with_callees(definitions: dict[str, ast.FunctionDef], names: list[str]) -> set[str]:
    found: set[str] = set()
    open_names = list(names)
    while open_names:
        name = open_names.pop()
        found.add(name)
        called = {node.id for node in ast.walk(definitions[name]) if isinstance(node, ast.Name)} & definitions.keys()
        open_names += called - found
    return found


def _names(node: ast.Assign) -> set[str]:
    return {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}


def _import(node: ast.stmt, read: set[str]) -> str:
    """An import statement cut down to the names that are read; hookimpl and tunable stay."""
    if not isinstance(node, ast.ImportFrom):
        return ""
    names = [alias.name for alias in node.names if alias.name in read | {"hookimpl"}]
    if not names:
        return ""
    text = f"from {node.module} import {', '.join(names)}"
    if len(text) <= 120:
        return text
    return f"from {node.module} import (\n" + "".join(f"    {name},\n" for name in names) + ")"
