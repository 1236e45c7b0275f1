"""Early stopping: a trial that the front surely beats, seed by seed, is not run with its remaining seeds.

After the first `min_seeds` seeds, and after each one more, a trial is held against every member of the front as it was
when the batch began.  It is dropped if it would be dominated by one of them, had it run all seeds: in no objective
better, and worse in at least one.  What is decided depends on the trial's own runs and on earlier batches, never on
who else is running or how fast.

Of a mean, the remaining seeds are predicted from the differences so far (Student's t); of the worst and the median, the
bound is taken that no outcome of the remaining seeds can get below, so nothing is assumed.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean, stdev

from gfplab.study import pareto
from gfplab.study.file import EarlyStop
from gfplab.study.objectives import Constraint, Objective
from gfplab.study.statistics import student_quantile
from gfplab.study.store import Trial


class Stopping:
    """The front at the beginning of a batch, and what it says of trials that have not run all their seeds."""

    def __init__(
        self,
        rule: EarlyStop | None,
        seeds: Sequence[int],
        objectives: Sequence[Objective],
        constraints: Sequence[Constraint],
        before: Iterable[Trial] = (),
    ):
        self._rule, self._seeds, self._objectives = rule, tuple(seeds), objectives
        counted = {trial.number: trial for trial in before if not trial.failed and not trial.dropped} if rule else {}
        values = {
            number: [objective.value(trial.measured) for objective in objectives]
            for number, trial in counted.items()
            if not any(constraint.violation(trial.measured) > 0 for constraint in constraints)
        }
        self._front = {number: (values[number], counted[number]) for number in pareto.front(values, objectives)}

    def stages(self, trial: Trial) -> list[tuple[int, ...]]:
        """The seeds to run before each decision; the last are all."""
        if self._rule is None or trial.origin == "baseline" or not self._front:
            return [self._seeds]
        return [self._seeds[:count] for count in range(self._rule.min_seeds, len(self._seeds) + 1)]

    def beaten_by(self, trial: Trial) -> int | None:
        """The first member of the front that the trial surely would be dominated by; None if it is to go on."""
        for number, (values, member) in self._front.items():
            said = [
                self._surely(objective, trial, member, value)
                for objective, value in zip(self._objectives, values, strict=True)
            ]
            if "open" not in said and "worse" in said:
                return number
        return None

    def _surely(self, objective: Objective, trial: Trial, member: Trial, final: float) -> str:
        """What the trial is beside the member, once all seeds are run: "worse", "even" (or worse), or "open"."""
        sign = 1.0 if objective.direction == "minimize" else -1.0
        mine = _losses(objective, trial, sign)
        if objective.over_seeds != "mean":
            bound = _least(objective.over_seeds, list(mine.values()), len(self._seeds))
            return "worse" if bound > sign * final else "even" if bound == sign * final else "open"
        theirs = _losses(objective, member, sign)
        return self._of_means([loss - theirs[seed] for seed, loss in mine.items()])

    def _of_means(self, differences: Sequence[float]) -> str:
        """The same of the mean over all seeds, from the differences of the first."""
        assert self._rule is not None
        n, k = len(self._seeds), len(differences)
        mean, spread = fmean(differences), stdev(differences)
        if spread == 0:
            return "worse" if mean > 0 else "even" if mean == 0 else "open"
        # the mean of all n differs from that of k of them only by those that are to come
        error = spread * math.sqrt((n - k) / (n * k))
        return "worse" if mean > student_quantile(self._rule.confidence, k - 1) * error else "open"


def _losses(objective: Objective, trial: Trial, sign: float) -> Mapping[int, float]:
    """seed -> what is to be small."""
    return {seed: sign * value for seed, value in objective.of_seeds(trial.measured).items()}


def _least(over_seeds: str, losses: list[float], count: int) -> float:
    """The smallest that the worst or the median of `count` losses can be, if these are some of them."""
    if over_seeds == "worst":
        return max(losses)
    known = sorted([*losses, *[-math.inf] * (count - len(losses))])
    return (known[(count - 1) // 2] + known[count // 2]) / 2
