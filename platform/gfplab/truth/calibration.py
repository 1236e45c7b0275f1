"""What was calibrated: the costs of the rig's CPU, each with the reason that stands beside it in world/profiles.py."""

import ast
import inspect
import re

from gfplab.kernel.costs import COST_DEFAULTS
from gfplab.truth.markdown import filled, markdown_table
from gfplab.world import profiles

ENTRY = re.compile(r'^\s+"(\w+)": ([\d_]+),(?:\s+# (.*))?$')

CALIBRATED = """\
The simulated kernel says which instructions of the real one are one operation; what an operation costs is a figure of
the CPU. The rig's CPU takes one nanosecond for every instruction, so these figures are lengths of code, and no cache
can blur them. They were chosen on policy 0 alone, once for all configurations: {sourced} from the places that the last
column names, the other {guessed} are estimates of how many instructions the path has. Nothing else was
fitted: watermarks, batch sizes, pools, limits and what the guest holds when the clock starts are what Linux computes or
what the guest printed before the work began. Disk and ciphers are the rig's own settings."""


def costs_with_reasons() -> list[tuple[str, int, str]]:
    """Operation, ns, and where the figure is from; empty if it is an estimate."""
    reasons = {}
    for line in inspect.getsource(profiles).splitlines():
        found = ENTRY.match(line)
        if found and profiles.RIG.get(found[1]) == ast.literal_eval(found[2]):
            reasons[found[1]] = found[3] or ""
    return [(name, ns, reasons.get(name, "")) for name, ns in profiles.RIG.items()]


def calibration_section() -> str:
    """The paragraph and the table."""
    costs = costs_with_reasons()
    sourced = [(name, ns, why) for name, ns, why in costs if why]
    guessed = [(name, ns) for name, ns, why in costs if not why]
    assert not {name for name, _, _ in costs} - set(COST_DEFAULTS)
    said = CALIBRATED.format(sourced=len(sourced), guessed=len(guessed))
    table = [["operation", "ns", "from"], *([f"`{name}`", str(ns), why] for name, ns, why in sourced)]
    rest = ", ".join(f"`{name}` {ns}" for name, ns in guessed)
    return (
        f"{said}\n\n{markdown_table(table).replace('---:|---:|', '---:|---|')}\n\n{filled(f'Estimates, ns: {rest}.')}"
    )
