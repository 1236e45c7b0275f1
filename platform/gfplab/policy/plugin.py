"""One plugin: a Python file, what it declares, and the functions with which it answers decision points."""

import ast
import dataclasses
import difflib
import functools
import hashlib
import inspect
import os
from collections.abc import Callable
from types import ModuleType

from gfplab.errors import PolicyError
from gfplab.kernel.decisions import DECISIONS
from gfplab.policy import hookspecs
from gfplab.policy.c_policy import SUFFIX, CDecision, answer_function, content_of, declared_in_c
from gfplab.policy.faults import told, told_at
from gfplab.policy.importing import import_text, read_text, tree_of
from gfplab.policy.markers import PROJECT
from gfplab.policy.places import place_layout, row_layout
from gfplab.policy.tunables import State, Tunable

ARGUMENTS = {decision.name: tuple(name for name, _records in decision.args) for decision in DECISIONS}
RECORDS = {name: records for decision in DECISIONS for name, records in decision.args}
FAMILY = {decision: family for family, decisions in hookspecs.FAMILIES.items() for decision in decisions}


@dataclasses.dataclass(frozen=True)
class Plugin:
    """A policy that can be chosen by name."""

    name: str
    path: str  # as errors show it
    origin: str  # "shipped", "./plugins", "-p", "package NAME VERSION" or "entry point NAME"
    source: str
    module: ModuleType = dataclasses.field(repr=False, compare=False)
    functions: dict[str, Callable] = dataclasses.field(compare=False)  # decision -> function, in the kernel's order
    tunables: dict[str, Tunable] = dataclasses.field(compare=False)
    state: dict[str, State] = dataclasses.field(compare=False)
    distribution: str = ""  # name and version of the installed package that brought it

    @property
    def doc(self) -> str:
        """The argument that the plugin makes: its module docstring."""
        return inspect.cleandoc(self.module.__doc__ or "")

    @property
    def first_line(self) -> str:
        """The argument in one sentence, even where it fills two lines."""
        return " ".join(self.doc.partition("\n\n")[0].split("\n"))

    @property
    def decisions(self) -> tuple[str, ...]:
        return tuple(self.functions)

    @property
    def families(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(FAMILY[decision] for decision in self.functions))

    @functools.cached_property
    def tree(self) -> ast.Module:
        return tree_of(self.source, self.path)

    @functools.cached_property
    def definitions(self) -> dict[str, ast.FunctionDef]:
        """The functions that the file defines, by name."""
        return {node.name: node for node in self.tree.body if isinstance(node, ast.FunctionDef)}

    @property
    def source_hash(self) -> str:
        """sha256 of the file, for provenance; with those of the libraries behind it, if it has any."""
        libraries = "".join(self.libraries.values())
        return hashlib.sha256((self.source + libraries).encode()).hexdigest()

    @property
    def libraries(self) -> dict[str, str]:
        """decision -> sha256 of the shared library that answers it, of those that are answered in C."""
        return {name: content_of(function) for name, function in self.functions.items() if declared_in_c(function)}

    @property
    def layout(self) -> tuple[tuple[str, str, int], ...]:
        """The record `my`: tunables, then state, in the order of the file, then where state of single records lies."""
        tunables = tuple((name, tunable.slot, tunable.length) for name, tunable in self.tunables.items())
        return tunables + row_layout(self, "") + place_layout(self)


def load_file(path: str, origin: str) -> Plugin:
    """The plugin in a Python file, or in a shared library that needs none; its name is the file's stem."""
    if path.endswith(SUFFIX):
        from gfplab.policy.c_library import load_library

        return load_library(path, origin)
    shown = _shown(path)
    return plugin_of_text(read_text(path, shown), path, shown, origin)


def plugin_of_text(source: str, path: str, shown: str, origin: str) -> Plugin:
    """The plugin whose text this is; `path` is where it stands, `shown` the same for people."""
    name = os.path.splitext(os.path.basename(path))[0]
    return _plugin(name, shown, origin, source, import_text(source, path, shown, name))


def load_module(name: str, module: ModuleType, origin: str, distribution: str = "") -> Plugin:
    """The plugin in an imported module, with name and version of the package that brought it."""
    path = inspect.getsourcefile(module) or name
    found = _plugin(name, _shown(path), origin, inspect.getsource(module), module)
    return dataclasses.replace(found, distribution=distribution)


def _plugin(name: str, path: str, origin: str, source: str, module: ModuleType) -> Plugin:
    """Collect what the module declares; refuse functions that answer no question."""
    definitions = {node.name: node for node in tree_of(source).body if isinstance(node, ast.FunctionDef)}
    found: dict[str, Callable] = {}
    faults: list[str] = []
    for attribute, value in list(vars(module).items()):
        if isinstance(value, CDecision):
            if attribute in ARGUMENTS:
                value = answer_function(value, attribute, (*ARGUMENTS[attribute], "my"))
                setattr(module, attribute, value)
            else:
                fault = f"there is no decision point '{attribute}'; {did_you_mean(attribute, ARGUMENTS)}"
                faults.append(f"{path}:{value.line}: {fault}")
        options = getattr(value, f"{PROJECT}_impl", None)
        if not isinstance(options, dict) or not inspect.isfunction(value):
            continue
        fault = _hookimpl_fault(attribute, value, options)
        if fault:
            node = definitions.get(attribute)
            faults.append(told_at(path, source, _blamed(node, fault), fault) if node else f"{path}:1: {fault}")
        found[attribute] = value
    if faults:
        raise PolicyError("\n".join(faults))
    if not found:
        raise PolicyError(_answers_nothing(path, source, definitions))
    if not (module.__doc__ or "").strip():
        sentence = "has no docstring; begin the file with one sentence that says what it argues"
        raise PolicyError(told(path, source, 1, sentence))
    functions = {decision: found[decision] for decision in ARGUMENTS if decision in found}
    declared = {n: dataclasses.replace(v, name=n) for n, v in vars(module).items() if isinstance(v, Tunable | State)}
    tunables = {n: v for n, v in declared.items() if isinstance(v, Tunable)}
    state = {n: v for n, v in declared.items() if isinstance(v, State)}
    return Plugin(name, path, origin, source, module, functions, tunables, state)


def _answers_nothing(path: str, source: str, definitions: dict[str, ast.FunctionDef]) -> str:
    for name, node in definitions.items():
        if name in ARGUMENTS:
            return told_at(path, source, node, f"{name} answers nothing without a mark; write @hookimpl above it")
    for outer in (node for node in tree_of(source).body if isinstance(node, ast.ClassDef)):
        for node in (node for node in outer.body if getattr(node, "name", "") in ARGUMENTS):
            sentence = f"{node.name} is inside a class, where nobody asks it; write it at the top level of the file"
            return told_at(path, source, node, sentence)
    return f"{path}: answers no decision point; mark a function with @hookimpl"


def _blamed(node: ast.FunctionDef, fault: str) -> ast.AST:
    """The argument or the mark that a fault quotes, or the function."""
    if fault.startswith("@"):
        return node.decorator_list[0]
    return next((a for a in node.args.args if f"no argument '{a.arg}'" in fault), node)


def _hookimpl_fault(name: str, function: Callable, options: dict) -> str | None:
    if name not in ARGUMENTS:
        return f"there is no decision point '{name}'; {did_you_mean(name, ARGUMENTS)}"
    if any(options.values()):
        given = next(option for option, value in options.items() if value)
        return f"@hookimpl({given}=...) means nothing here; write @hookimpl"
    allowed = (*ARGUMENTS[name], "my")
    parameters = inspect.signature(function).parameters.values()
    if any(p.kind is not p.POSITIONAL_OR_KEYWORD or p.default is not p.empty for p in parameters):
        return f"{name} takes plain arguments only; write def {name}({', '.join(allowed)})"
    for argument in (p.name for p in parameters):
        if argument not in allowed:
            return f"{name} has no argument '{argument}'; {did_you_mean(argument, allowed)}"
    return None


def did_you_mean(word: str, known) -> str:
    """`did you mean 'x'?`, or what there is to choose from."""
    near = difflib.get_close_matches(word, known, 1)
    return f"did you mean '{near[0]}'?" if near else f"there is {', '.join(known)}"


def _shown(path: str) -> str:
    """The path as a person in this folder would write it."""
    relative = os.path.relpath(path)
    return path if relative.startswith(os.pardir) else relative
