"""Optuna's part of a study: it proposes trials in batches and is told their values in the order of their numbers.

The study lives in memory and each batch starts its sampler anew from (seed, batch), so what is proposed depends on the
trials before the batch and on nothing else: not on the workers, and not on whether the study was killed in between.
Workers never see it, so it has no RUNNING trials but those of the batch at hand (a sampler steers away from RUNNING
trials: one left behind by a dead process would change the search for ever).
"""

import warnings
from collections.abc import Sequence

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState

from gfplab.study.objectives import Constraint, Objective
from gfplab.study.samplers import learns_from, new_sampler, unlearnable
from gfplab.study.space import Space, Value
from gfplab.study.store import Trial

MOST_OF_ONE = 2  # times that a sampler is asked for one proposal, if it has nothing new
_KNOWN = (TrialState.COMPLETE,)
MOST_ASKED = 10  # and with those that chance is asked


class Sampling:
    """An in-memory Optuna study over a Space."""

    def __init__(
        self,
        space: Space,
        objectives: Sequence[Objective],
        constraints: Sequence[Constraint],
        sampler: str,
        seed: int,
        batch: int,
    ):
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._space, self._objectives, self._constraints = space, objectives, constraints
        self._new_sampler = new_sampler(sampler, len(objectives), batch)
        self._seed, self._name, self._batch = seed, sampler, batch
        self.why: list[str] = []  # of each proposal of the last batch, what is to be said of it
        self.directions = [objective.direction for objective in objectives]
        self._study = optuna.create_study(
            directions=self.directions,
            sampler=optuna.samplers.RandomSampler(),
            storage=optuna.storages.InMemoryStorage(),
        )
        self._asked: dict[int, optuna.Trial] = {}
        self._told: dict[int, list[float]] = {}  # number -> values of the trials that were measured
        self._proposed: set[tuple] = set()
        self._dropped: set[int] = set()  # Optuna's numbers of proposals that were asked again
        self._hidden: dict[int, FrozenTrial] = {}  # Optuna's number -> a baseline that this sampler cannot learn from
        self._next = 0  # number of the trial that is told or proposed next
        self._learned = self._chance = optuna.samplers.RandomSampler()

    def ask(self, batch: int, count: int) -> list[dict[str, Value]]:
        """The next `count` proposals, those of batch number `batch`."""
        (seed,) = np.random.SeedSequence([self._seed, batch]).generate_state(1)
        self._learned, self._chance = self._new_sampler(int(seed)), optuna.samplers.RandomSampler(seed=int(seed))
        self._study.sampler = self._learned
        proposals, self.why = [], []
        for _ in range(count):
            trial, values = self._unheard_of()
            proposals.append(values)
            self._asked[self._next] = trial
            self._next += 1
        return proposals

    def _unheard_of(self) -> tuple[optuna.Trial, dict[str, Value]]:
        """A proposal that is none of those before, if there is one in MOST_ASKED times asked.

        In a space without numbers a sampler comes to propose its best answers again and again, which tells nothing new:
        then it is asked once more, and then chance.
        """
        for attempt in range(MOST_ASKED):
            if attempt == MOST_OF_ONE:
                self._study.sampler = self._chance
            trial = self._study.ask()
            values = self._space.ask(trial)
            key = tuple(sorted(values.items()))
            if key not in self._proposed or attempt == MOST_ASKED - 1:
                break
            self._study.tell(trial, state=TrialState.FAIL)
            self._dropped.add(trial.number)
        self.why.append(self._said(attempt, key in self._proposed))
        self._study.sampler = self._learned
        self._proposed.add(key)
        return trial, values

    def _said(self, attempt: int, repeated: bool) -> str:
        """What is to be said of a proposal beyond who made it."""
        if attempt >= MOST_OF_ONE:
            new = "a repetition, for chance had nothing new either" if repeated else "drawn by chance"
            return f"{new}: {self._name} proposed only what had been tried"
        first, seen = learns_from(self._name, self._batch), len(self._study.get_trials(deepcopy=False, states=_KNOWN))
        if seen < first:
            return f"drawn by chance: {self._name} learns from {first} trials on, and {seen} were known"
        return ""

    def tell(self, trial: Trial) -> None:
        """Take in a finished trial; they must come in the order of their numbers."""
        values, violations = self._judge(trial)
        asked = self._asked.pop(trial.number, None)
        if asked is None:
            self._next += 1
            self._add(self._baseline(trial, values, violations), trial)
        elif trial.failed:
            self._study.tell(asked, state=TrialState.FAIL)
        else:
            for name, violation in violations.items():
                asked.set_constraint(name, violation)
            if trial.beaten_by is not None:
                asked.set_user_attr("beaten_by", trial.beaten_by)
            with warnings.catch_warnings():  # CMA-ES says that it looks at no constraint; docs/studies.md does too
                warnings.filterwarnings("ignore", "Constraints have been set", UserWarning)
                self._study.tell(asked, values)

    def frozen(self, since: int) -> list[FrozenTrial]:
        """Optuna's own records of the finished trials from number `since` on."""
        trials = [t for t in self._study.get_trials(deepcopy=False) if t.number not in self._dropped]
        return [self._hidden.get(each.number, each) for each in trials[since:] if each.state.is_finished()]

    def _add(self, baseline: FrozenTrial, trial: Trial) -> None:
        """Have Optuna know a baseline.

        A sampler that learns about what all trials have answered would learn about nothing that a baseline leaves open:
        to such a one it is a trial that failed.
        """
        if not trial.failed and unlearnable(self._name, self._space, trial.values):
            number = len(self._study.get_trials(deepcopy=False))
            self._hidden[number] = baseline
            baseline = optuna.create_trial(state=TrialState.FAIL, user_attrs=baseline.user_attrs)
        self._study.add_trial(baseline)

    def _judge(self, trial: Trial) -> tuple[list[float], dict[str, float]]:
        """Values and violations as the sampler is told of them.

        A dropped trial is no better in anything than the one that beats it, whatever its few seeds say.
        """
        if trial.failed:
            return [], {}
        runs = trial.measured
        values = [o.value(runs) for o in self._objectives]
        if trial.beaten_by is not None:
            rival = self._told[trial.beaten_by]
            values = [y if o.better(x, y) else x for o, x, y in zip(self._objectives, values, rival, strict=True)]
        self._told[trial.number] = values
        return values, {c.name: c.violation(runs) for c in self._constraints}

    def _baseline(self, trial: Trial, values: list[float], violations: dict[str, float]) -> FrozenTrial:
        """A baseline as a finished trial, with as many parameters as lie in the space.

        Enqueueing it would not do: Optuna draws what an enqueued trial does not say, and takes what is out of range.
        """
        params = self._space.as_params(trial.values)
        return optuna.create_trial(
            state=TrialState.FAIL if trial.failed else TrialState.COMPLETE,
            values=None if trial.failed else values,
            params={name: value for name, (value, _) in params.items()},
            distributions={name: distribution for name, (_, distribution) in params.items()},
            user_attrs={"baseline": trial.label},
            constraints=violations,
        )
