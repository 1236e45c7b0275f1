"""What a file that an attack has written says of itself, above its tables."""

from collections.abc import Sequence
from textwrap import wrap
from typing import Any

from gfplab.adversary.attack import Attack, Found
from gfplab.adversary.goals import Goal
from gfplab.adversary.knobs import PRESENT
from gfplab.units import format_time

WIDTH = 118


def scenario_title(policy: str, attack: Attack) -> str:
    """One line for reports."""
    return f"{policy} {attack.goal.sentence}"


def comment(
    policy: str, attack: Attack, found: Found, command: str, files: Sequence[str], unlike: str = ""
) -> list[str]:
    """The lines of the comment: what it shows, how to run it, the verdict with each seed."""
    file = files[0]
    chosen = "" if policy == "stock" else f" -p {policy}"
    fresh = f", and with {found.fresh} seeds that had no part in the search" if found.fresh else ""
    lines = wrap(f"{scenario_title(policy, attack)}, with every seed from 1 to {len(attack.seeds)}{fresh}.", WIDTH)
    if unlike:
        lines += wrap(f"{unlike} does not, with any of them.", WIDTH)
    began = "as it is" if not found.trial else f"trial {found.trial}"
    turned = f"; of {found.turned} keys that it had changed these were needed: {_changes(found.departures)}"
    lines += wrap(
        f"Found by `{command}`: {began}{turned if found.turned else ''}. "
        + (
            "Nothing in it can be left out or made smaller by one step." if found.minimal else "It can be made smaller."
        ),
        WIDTH,
    )
    lines += [
        "",
        f"    gfplab run {file}{chosen} --seed 1",
        f"    gfplab attack {policy} --from {file}{_goal(attack)} --trials 0",
        "",
    ]
    for seed, seen in zip(attack.seeds, found.verdicts, strict=False):
        lines += wrap(f"seed {seed}: {attack.goal.said(seen)}", WIDTH)
    return lines


def _goal(attack: Attack) -> str:
    """The options that say what was looked for, without those that need not be said."""
    goal, usual = attack.goal, Goal("stall")
    said = f" --goal {goal.name}" if goal.name != usual.name else ""
    said += f" --bound {format_time(goal.bound_ns)}" if goal.bound_ns != usual.bound_ns else ""
    said += f" --who {goal.who}" if goal.who != usual.who else ""
    return f"{said} --seeds {len(attack.seeds)}"


def _changes(departures: dict[str, Any]) -> str:
    told = (
        f"{address.removeprefix(PRESENT)} {'joined' if value is True else f'= {value}'}"
        for address, value in departures.items()
    )
    return ", ".join(told) or "none"
