"""How a run ended, as one sentence and an exit code: 0 if it ran to its end, 1 if what it ended with is bad."""

from dataclasses import dataclass

from gfplab.tables.frames import Tables
from gfplab.units import about_time

_SENTENCES = {
    "ok": "ran {sim} to the end",
    "oom": "{oom_kills:.0f} tasks killed for want of memory within {sim}",
    "deadlock": "deadlock after {sim}: nothing can ever run again, {blocked}",
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
    """The verdict on the only run in `tables`; a word that is not known here is a failed check's own sentence."""
    run = tables["runs"].row(0, named=True)
    stuck = tables["stalls"].filter("ongoing")
    sentence = _SENTENCES.get(run["verdict"], "{verdict} after {sim}").format(
        verdict=run["verdict"],
        sim=about_time(run["sim_ns"]) + " of simulated time",
        oom_kills=run["oom_kills"],
        blocked="blocked: " + ", ".join(stuck["comm"].unique().sort().to_list()) if len(stuck) else "nobody waits",
    )
    return Verdict(run["verdict"], sentence.replace("1 tasks", "1 task"))
