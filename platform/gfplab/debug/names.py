"""Decision points as a person names them on the command line: mempool_step, or mempool_alloc:step."""

from gfplab.errors import PolicyError
from gfplab.kernel.decisions import DECISIONS
from gfplab.policy.plugin import did_you_mean

ALL = "all"


def decision_named(text: str, option: str) -> str:
    """The decision point of that name; FUNCTION:QUESTION is mempool_step for mempool_alloc:step."""
    known = [decision.name for decision in DECISIONS]
    function, colon, question = text.partition(":")
    asked = [f"{function}_{question}", f"{function.partition('_')[0]}_{question}"] if colon else [text]
    found = next((name for name in asked if name in known), None)
    if found is None:
        raise PolicyError(f"{option}: there is no decision point '{text}'; {did_you_mean(asked[-1], known)}")
    return found


def decisions_named(text: str, option: str) -> tuple[str, ...]:
    """The decision points of a list with commas; nothing or "all" means every one, which is ()."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    return () if names in ([], [ALL]) else tuple(dict.fromkeys(decision_named(name, option) for name in names))
