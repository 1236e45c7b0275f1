"""How a run ended, as one sentence and an exit code: 0 if it ran to its end, 1 if what it ended with is bad."""

from dataclasses import dataclass

from gfplab.tables.frames import Tables
from gfplab.units import about_time

_SENTENCES = {
    "ok": "ran {sim} to the end",
    "oom": "{oom_kills:.0f} tasks killed for want of memory within {sim}",
    "unfinished": "not done after {sim}, the most that the scenario allows",
    "deadlock": "within {sim} tasks came to wait for elements of mempools that only they could give back; {blocked}",
    "failed check": "{error}",
}


@dataclass(frozen=True)
class Verdict:
    word: str  # as in the column runs.verdict
    sentence: str

    @property
    def ok(self) -> bool:
        return self.word == "ok"

    @property
    def exit_code(self) -> int:
        return 0 if self.ok else 1


def verdict_of(tables: Tables) -> Verdict:
    """The verdict on the only run in `tables`."""
    run = tables["runs"].row(0, named=True)
    stuck = tables["stalls"].filter("ongoing")
    sentence = _SENTENCES[run["verdict"]].format(
        error=run["error"],
        sim=about_time(run["sim_ns"]) + " of simulated time",
        oom_kills=run["oom_kills"],
        blocked=f"blocked: {', '.join(stuck['comm'].unique().sort())}" if len(stuck) else "nobody is blocked",
    )
    return Verdict(run["verdict"], sentence.replace("1 tasks", "1 task"))
