"""What gfplab says when it cannot go on: four classes, one for each thing a person can have got wrong.

A message is one line or several, each of the form "where: what is wrong; what to write instead"; indented lines quote
the source of the one above. The command line prints the message without a traceback and leaves with `exit_code`.
"""


def one_line(said: object) -> str:
    """What was said with line ends and other unprintable characters escaped, for it may quote what somebody wrote."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(said))


class GfplabError(Exception):
    """Anything gfplab stops for on purpose."""

    exit_code = 2

    @property
    def lines(self) -> list[str]:
        """The mistakes, one a line, without the source lines that are quoted under them."""
        return [line for line in str(self).splitlines() if not line.startswith("    ")]


class ScenarioError(GfplabError):
    """A scenario, a machine table or a captured /proc does not say what it should."""


class PolicyError(GfplabError):
    """A plugin or a decision point is unknown, misspelt, or breaks a rule of the seam."""


class StudyError(GfplabError):
    """A study asks for something that cannot be searched, stored or resumed."""


class SimulationError(GfplabError):
    """The input was right and the run went wrong: a check failed, or the simulated kernel broke a rule."""

    exit_code = 1
