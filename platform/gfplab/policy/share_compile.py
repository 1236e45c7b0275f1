"""A shared decision as machine code: a look at the record's row, then the code of the plugin whose share it is."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numba import from_dtype

from gfplab.engine import cache
from gfplab.engine.decision import Decision
from gfplab.policy.compile import (
    compile_decision,
    decision_key,
    dispatcher_of,
    loaded_once,
    my_dtype,
    record_at,
)
from gfplab.policy.guards import GUARDS
from gfplab.policy.plugin import Plugin
from gfplab.policy.shares import beyond, kinds_of, share_layout

_ROW = np.dtype([("member", "i8")])


def compile_shares(decision: Decision, members: Sequence[Plugin], dtypes: Mapping[str, np.dtype]):
    """The dispatcher of a decision that these plugins share, the first of them by default."""
    text = _text(decision, len(members))
    keys = [decision_key(plugin, decision, dtypes) for plugin in members]
    key = cache.digest(json.dumps([text, keys, Path(__file__).read_text(encoding="utf-8")]))
    answers = [compile_decision(plugin, decision, dtypes) for plugin in members]

    def compiled():
        layout = share_layout(decision.name, len(members))
        namespace = {
            **GUARDS,
            "__own": record_at(from_dtype(my_dtype(layout))),
            "__row": record_at(from_dtype(_ROW)),
            **{f"__member_{number}": answer for number, answer in enumerate(answers)},
            "__name__": __name__,
        }
        exec(compile(text, f"shares of {decision.name}", "exec"), namespace)
        return dispatcher_of(namespace[decision.name], decision, dtypes, key)

    return loaded_once(key, compiled)


def _text(decision: Decision, members: int) -> str:
    """The function that asks the right one."""
    records = ", ".join(name for name, _array in decision.args)
    lines = [f"def {decision.name}({records}, my_address):", "own = __own(my_address)", "which = 0"]
    for kind in kinds_of(decision.name):
        seat = f"__seat({kind}.index, own.{kind}_nr, {beyond(decision.name, kind)!r})"
        lines += [
            f"member = __row(my_address + 8 * (own.{kind}_at + {seat})).member",
            "if member:",
            "    which = member",
        ]
    for member in reversed(range(members)):
        answer = f"return __member_{member}({records}, my_address + 8 * own.my_{member})"
        lines += [f"if which == {member}:", f"    {answer}"] if member else [answer]
    return "\n    ".join(lines) + "\n"
