"""The C header of the seam: every record, constant and decision point, as a policy in C includes them.

`gfplab explain --c-header [PLUGIN]` prints it.  A library that was compiled against it carries the number
`gfplab_layout`, a hash of all declarations in it, without a line of its own; with another number it is refused, because
its records would lie elsewhere.
"""

import functools
import hashlib
import re
from collections.abc import Mapping
from typing import Any

from gfplab import __version__, units
from gfplab.engine.decision import Decision
from gfplab.kernel import answers, gfp, node_types, steps, types
from gfplab.kernel.decisions import DECISIONS
from gfplab.policy.places import Layout, kinds_of, row_layout
from gfplab.policy.plugin import Plugin

_KEYWORDS = frozenset(
    "auto break case char const continue default do double else enum extern float for goto if inline int long register "
    "restrict return short signed sizeof static struct switch typedef union unsigned void volatile while".split()
)
_KINDS = {"i8": "int64_t", "f8": "double"}
_ANSWERS = """\
#define ALLOC(gfp_mask) (STEP_ALLOC | (int64_t)(gfp_mask) << STEP_SHIFT)
#define WAIT(nanoseconds) (STEP_WAIT | (int64_t)(nanoseconds) << STEP_SHIFT)"""

_OF_RECORD = """\
static inline struct my_{kind} *my_of_{kind}(struct my *my, const struct {kind} *{kind})
{{
	return (struct my_{kind} *)((int64_t *)my + my->per_{kind}_at) + {kind}->index;
}}"""

_HEADER = """\
/* The records and decision points of gfplab {version}{whose}: gfplab explain --c-header{name}
 *
 * Answer a decision with a function of its name and prototype, compile with
 *     cc -O2 -shared -fPIC -o mine.so mine.c
 * and say mempool_step = c_decision("./mine.so") in a plugin file; or, without tunables and state, write
 *     GFPLAB_ARGUMENT("One sentence: what this policy argues.")
 * into the C file and run it with -p ./mine.so. All records but my may only be read.
 */
#ifndef GFPLAB_H
#define GFPLAB_H

#include <stdint.h>

#define GFPLAB_LAYOUT 0x{layout}ULL

#ifdef __cplusplus
extern "C" {{
#endif

/* what the library was compiled against: gfplab asks for it */
extern const uint64_t gfplab_layout;
__attribute__((weak, visibility("default"))) const uint64_t gfplab_layout = GFPLAB_LAYOUT;

#define GFPLAB_ARGUMENT(sentence) __attribute__((visibility("default"))) const char gfplab_argument[] = sentence;

/* constants */
{constants}
{answers}

/* records */
{records}

/* what the plugin keeps: its tunables, which may only be read, and its state */
{my}

/* decision points; `gfplab explain NAME` has the contract of each */
{prototypes}

#ifdef __cplusplus
}}
#endif
#endif
"""


def c_header(plugin: Plugin | None = None) -> str:
    """The header for policies in C; with a plugin, `struct my` holds what that one declares."""
    return _HEADER.format(
        version=__version__,
        whose=f", with what {plugin.name} keeps" if plugin else "",
        name=f" {plugin.path}" if plugin else "",
        layout=layout_of(plugin),
        constants="\n".join(f"#define {name} {_literal(value)}" for name, value in _constants().items()),
        answers=_ANSWERS,
        records="\n\n".join(_struct(array) for array in _arrays()),
        my=_my(plugin),
        prototypes="\n".join(prototype(decision) + ";" for decision in DECISIONS),
    )


def layout_of(plugin: Plugin | None = None) -> str:
    """16 hexadecimal digits that change with any field, constant, decision point, tunable or state."""
    own = (plugin.layout, *(row_layout(plugin, kind) for kind in kinds_of(plugin))) if plugin and plugin.layout else ()
    return hashlib.sha256(f"{_seam()}{own}".encode()).hexdigest()[:16]


def prototype(decision: Decision) -> str:
    """The C declaration of one decision point."""
    records = [f"const struct {_tag(array)} *{name}" for name, array in decision.args]
    return f"int64_t {decision.name}({', '.join([*records, 'struct my *my'])})"


@functools.cache
def _seam() -> str:
    """Everything in the header that a library is compiled against, comments apart."""
    declarations = [_constants(), _ANSWERS, [prototype(d) for d in DECISIONS], [(a, _fields(a)) for a in _arrays()]]
    return repr(declarations)


@functools.cache
def _constants() -> Mapping[str, int]:
    """Every constant that a policy in Python may import."""
    modules = (gfp, steps, answers, types, node_types, units)
    return {
        name: value
        for module in modules
        for name, value in vars(module).items()
        if re.fullmatch(r"_{0,2}[A-Z][A-Z0-9_]*|PG_[a-z_]+", name)
        and type(value) is int
        and name != "INT64_MAX"  # of stdint.h
    }


def _literal(value: int) -> str:
    return f"{value:#x}LL" if value & (value - 1) == 0 and value > 8 or value > 1 << 12 else f"{value}LL"


def _arrays() -> list[str]:
    """The record arrays that decisions see, each once."""
    return list(dict.fromkeys(array for decision in DECISIONS for _name, array in decision.args))


def _tag(array: str) -> str:
    """The name of the struct of one record: pools -> pool, vm -> vm."""
    return array.removesuffix("s")


@functools.cache
def _schema() -> Any:
    return types.kernel_schema()


def _fields(array: str) -> list[str]:
    return [f"{field}_" if field in _KEYWORDS else field for field in _schema().fields[array]]


def _struct(array: str) -> str:
    docs = _schema().docs[array].values()
    lines = [_member("int64_t", field, 1, doc) for field, doc in zip(_fields(array), docs, strict=True)]
    return "\n".join([f"struct {_tag(array)} {{", *lines, "};"])


def _my(plugin: Plugin | None) -> str:
    """`struct my`, and for state per pool, task or zone a struct for one of them with a function that finds it."""
    if not plugin or not plugin.layout:
        return "struct my;"
    parts = [_own_struct("my", plugin.layout, plugin)]
    for kind in kinds_of(plugin):
        parts += [_own_struct(f"my_{kind}", row_layout(plugin, kind), plugin), _OF_RECORD.format(kind=kind)]
    return "\n\n".join(parts)


def _own_struct(tag: str, layout: Layout, plugin: Plugin) -> str:
    said = {name: declared.help for name, declared in plugin.tunables.items()}
    said |= {name: declared.help for name, declared in plugin.state.items()}
    lines = [_member(_KINDS[kind], name, length, said.get(name, "")) for name, kind, length in layout]
    return "\n".join([f"struct {tag} {{", *lines, "};"])


def _member(kind: str, name: str, length: int, doc: str) -> str:
    words = doc.replace("*/", "* /")
    size = f"[{length}]" if length > 1 else ""
    return f"\t{kind} {name}{size};" + (f"\t/* {words} */" if words else "")
