"""All decision points as one Markdown page, from the same contracts that `gfplab explain` prints: docs/decisions.md."""

from gfplab.policy import hookspecs
from gfplab.policy.discover import Catalogue
from gfplab.policy.explain import contract
from gfplab.policy.plugin import ARGUMENTS, RECORDS

HEAD = """# Decision points

What a policy may decide, by family. `gfplab explain NAME` prints the same contract and, beside it, every field of the
records; [writing-a-policy.md](writing-a-policy.md) tells how a policy is written. This page is made by
`gfplab explain --markdown > docs/decisions.md` from platform/gfplab/policy/hookspecs.py.

**Reads** names the fields that the question is about; all others of these records may be read as well. **Stock** is
what Linux answers, **Unasked** where it decides without asking.
"""


def decisions_page(plugins: Catalogue) -> str:
    """The page; of those who answer it names the shipped ones."""
    parts = [HEAD]
    for family, decisions in hookspecs.FAMILIES.items():
        parts.append(f"## {family}\n")
        parts += [_section(decision, plugins) for decision in decisions]
    return "\n".join(parts)


def _section(decision: str, plugins: Catalogue) -> str:
    """One decision point: its question, its contract, the records that it shows, who answers it."""
    first, _blank, rest = contract(decision).partition("\n\n")
    records = ", ".join(f"`{name}` ({RECORDS[name]})" for name in ARGUMENTS[decision])
    answered = ", ".join(f"`{p.name}`" for p in plugins.implementers(decision) if p.origin == "shipped")
    return "\n".join(
        [
            f"### {decision}\n",
            f"**{' '.join(first.split())}**\n",
            f"```text\ndef {decision}({', '.join(ARGUMENTS[decision])}, my)\n\n{rest}\n```\n",
            f"Records: {records}.\n",
            f"Answered by: {answered}.\n",
        ]
    )
