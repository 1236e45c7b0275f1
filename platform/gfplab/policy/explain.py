"""What a person asks before writing or choosing a policy: a decision point, a plugin, the list of all."""

import inspect
import textwrap

from gfplab.policy import hookspecs
from gfplab.policy.c_policy import declared_in_c
from gfplab.policy.discover import Catalogue
from gfplab.policy.plugin import ARGUMENTS, FAMILY, RECORDS, Plugin, did_you_mean
from gfplab.policy.tunables import State, Tunable

_WIDTH = 100


def explain(name: str, plugins: Catalogue) -> str:
    """Everything about a decision point, or about a plugin: `gfplab explain NAME`."""
    from gfplab.errors import PolicyError

    if name in ARGUMENTS:
        return explain_decision(name, plugins)
    if name in plugins:
        return explain_plugin(plugins[name])
    hint = did_you_mean(name, [*ARGUMENTS, *plugins])
    raise PolicyError(f"there is no decision point or plugin '{name}'; {hint}")


def explain_decision(decision: str, plugins: Catalogue) -> str:
    """The contract of a decision point, the fields that it may read, and who answers it."""
    from gfplab.kernel.types import kernel_schema

    docs = kernel_schema().docs
    arguments = ARGUMENTS[decision]
    parts = [
        f"def {decision}({', '.join(arguments)}, my)        family: {FAMILY[decision]}",
        contract(decision),
        *(_record(argument, docs[RECORDS[argument]]) for argument in arguments),
        "my: the tunables and state that the plugin declares",
        "Answered by:\n" + _columns([(p.name, p.first_line) for p in plugins.implementers(decision)]),
    ]
    return "\n\n".join(parts) + "\n"


def explain_plugin(plugin: Plugin) -> str:
    """A plugin's argument, what it answers and what may be searched."""
    parts = [f"{plugin.name}        {plugin.origin}: {plugin.path}", plugin.doc]
    parts += ["Answers:\n" + _columns([(d, f"family: {FAMILY[d]}{_in_c(plugin, d)}") for d in plugin.decisions])]
    if plugin.tunables:
        rows = [(t.name, t.describe() + (f": {t.help}" if t.help else "")) for t in plugin.tunables.values()]
        rows += [(f"{t.name} refused:", rule) for t in plugin.tunables.values() for rule in t.refusals]
        parts += ["Tunables:\n" + _columns(rows)]
    if plugin.state:
        parts += ["State:\n" + _columns([(s.name, _kept(s)) for s in plugin.state.values()])]
    return "\n\n".join(parts) + "\n"


def _in_c(plugin: Plugin, decision: str) -> str:
    """Which function of which library answers, if it is written in C."""
    declared = declared_in_c(plugin.functions[decision])
    return f", in C: {declared.symbol}() of {declared.shown}" if declared else ""


def _kept(state: State) -> str:
    """What a plugin keeps under one name, in words."""
    words = [f"{state.length} of it" if state.length > 1 else "", f"one for each {state.per}" if state.per else ""]
    said = ", ".join(word for word in words if word)
    return f"{state.initial}" + (f" ({said})" if said else "") + (f": {state.help}" if state.help else "")


def contract(decision: str) -> str:
    """The docstring of the hookspec."""
    return inspect.getdoc(getattr(hookspecs, decision)) or ""


def catalogue_rows(plugins: Catalogue) -> list[dict]:
    """All plugins as plain data, for `gfplab policies`."""
    return [
        {
            "name": plugin.name,
            "families": list(plugin.families),
            "decisions": list(plugin.decisions),
            "by_family": {f: [d for d in plugin.decisions if FAMILY[d] == f] for f in plugin.families},
            "tunables": [tunable_row(tunable) for tunable in plugin.tunables.values()],
            "argument": plugin.first_line,
            "origin": plugin.origin,
            "distribution": plugin.distribution,
            "path": plugin.path,
            "source_hash": plugin.source_hash,
        }
        for plugin in plugins.values()
    ]


def tunable_row(tunable: Tunable) -> dict:
    """A tunable as plain data."""
    row = {"name": tunable.name, "kind": tunable.kind, "default": tunable.default, "text": tunable.describe()}
    extra = {
        "low": tunable.low,
        "high": tunable.high,
        "step": tunable.step,
        "log": tunable.log,
        "unit": tunable.unit,
        "choices": list(tunable.choices),
        "legal": list(tunable.legal),
        "refused": list(tunable.refusals),
        "steps": tunable.steps,
        "masks": list(tunable.masks),
        "waits": list(tunable.waits),
        "help": tunable.help,
    }
    return row | {key: value for key, value in extra.items() if value or key in ("low", "high") and value is not None}


def _record(argument: str, docs: dict[str, str]) -> str:
    """The fields of one record: those with a word of explanation one a line, the rest by name."""
    explained = [(field, doc) for field, doc in docs.items() if doc]
    rest = ", ".join(field for field, doc in docs.items() if not doc)
    lines = [f"{argument}:", _columns(explained)] if explained else [f"{argument}:"]
    if rest:
        lines.append(textwrap.fill(rest, _WIDTH, initial_indent="  also: ", subsequent_indent="    "))
    return "\n".join(lines)


def _columns(rows: list[tuple[str, str]]) -> str:
    width = max((len(name) for name, _text in rows), default=0) + 2
    indent = " " * (width + 2)
    return "\n".join(
        textwrap.fill(text, _WIDTH, initial_indent=f"  {name:<{width}}", subsequent_indent=indent) or f"  {name}"
        for name, text in rows
    )
