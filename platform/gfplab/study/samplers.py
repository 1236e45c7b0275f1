"""Who proposes trials: Optuna's samplers, and two of our own that need no result to go on from.

Optuna's grid and its quasi-random sequence cannot be told that a tunable is asked for only with its policy.  A sampler
that answers one question at a time has no such difficulty: the grid turns like an odometer whose wheels come and go,
and the sequence gives every question a base of its own.
"""

import contextlib
import importlib.util
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count, islice
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.exceptions import ExperimentalWarning

from gfplab.study.evolution import Nsga2, Nsga3
from gfplab.study.program_space import ProgramDimension
from gfplab.study.space import Range, Space, Value

# what must be installed for it, and the extra of gfplab that brings it
PACKAGES = {"cmaes": ("cmaes", "cmaes"), "gp": ("torch", "gp")}
ONE_OBJECTIVE = ("cmaes",)
UNTAUGHT = ("random", "qmc", "grid")  # what they propose does not depend on any result
ONE_MIND = ("qmc", "grid")  # one sampler has to make all proposals, for it counts them
JOINT = ("gp", "cmaes")  # they learn about what all trials have answered that they know


def refusal(name: str, objectives: int, space: Space) -> str:
    """Why this sampler cannot serve this study; "" if it can."""
    if name in ONE_OBJECTIVE and objectives > 1:
        return f"{name} improves one objective, and here are {objectives}; write tpe, nsga2, nsga3 or gp"
    package, extra = PACKAGES.get(name, ("", ""))
    if package and importlib.util.find_spec(package) is None:
        return f'{name} needs the package {package}; write pip install "gfplab[{extra}]", or another sampler'
    if name == "grid":
        for each in space.dimensions():
            if isinstance(each, ProgramDimension):
                return (
                    f"grid tries every value, and {each.name} has more programs than one can run; write a list of them"
                )
            if isinstance(each, Range) and each.step is None and (each.log or not each.whole):
                return f"grid tries every value, and {each.name} has no step; write a step or a list of values"
    return ""


def new_sampler(name: str, objectives: int, batch: int) -> Callable[[int], optuna.samplers.BaseSampler]:
    """A function from a seed to the sampler of a batch."""
    samplers = optuna.samplers
    population = _population(batch)
    match name:
        case "random":
            return lambda seed: samplers.RandomSampler(seed=seed)
        case "nsga2":
            return lambda seed: _quietly(Nsga2, seed=seed, population=population)
        case "nsga3":
            return lambda seed: _quietly(Nsga3, seed=seed, population=population)
        case "grid" | "qmc":
            one = Grid() if name == "grid" else Sequential()
            return lambda _seed: one
        case "cmaes":
            return lambda seed: samplers.CmaEsSampler(seed=seed, popsize=population, warn_independent_sampling=False)
        case "gp":
            _one_thread()
            return lambda seed: _quietly(samplers.GPSampler, seed=seed, warn_independent_sampling=False)
    # Tunables come and go with their plugins, so the joint model of one objective must be fitted group by group; with
    # several objectives Optuna models each parameter by itself.
    joint = {"multivariate": True, "group": True} if objectives == 1 else {}
    return lambda seed: _quietly(samplers.TPESampler, seed=seed, **joint)


def _one_thread() -> None:
    """Have torch use one thread: of more, sums depend on their number, and simulations run beside them."""
    with contextlib.suppress(ImportError):
        importlib.import_module("torch").set_num_threads(1)


def left_to_chance(name: str, space: Space) -> list[str]:
    """What a sampler that learns draws by chance nevertheless, because not every trial is asked for it."""
    if name not in JOINT:
        return []
    always = space.always_asked()
    numbers_alone = name == "cmaes"
    return [
        each.name
        for each in space.dimensions()
        if each.name not in always
        or isinstance(each, ProgramDimension)
        or (numbers_alone and not isinstance(each, Range))
    ]


def unlearnable(name: str, space: Space, values: Mapping[str, Value]) -> bool:
    """Whether a trial with these answers would keep the sampler from learning about what they leave open."""
    return name in JOINT and not space.always_asked() <= values.keys()


def learns_from(name: str, batch: int) -> int:
    """How many trials a sampler draws by chance before it learns."""
    if name in ("nsga2", "nsga3"):
        return _population(batch)
    return {"tpe": 10, "gp": 10, "cmaes": 1}.get(name, 0)


def _population(batch: int) -> int:
    return max(2 * batch, 8)


def _quietly(sampler: Callable[..., optuna.samplers.BaseSampler], **how: Any) -> optuna.samplers.BaseSampler:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return sampler(**how)


class _OneByOne(optuna.samplers.BaseSampler):
    """A sampler that answers each question by itself."""

    def infer_relative_search_space(self, study, trial) -> dict:
        return {}

    def sample_relative(self, study, trial, search_space) -> dict:
        return {}


class Grid(_OneByOne):
    """Every point of the space once, the last question turning fastest."""

    def __init__(self) -> None:
        self._wheels: list[list[int]] = []  # [place, places] of each question of the point at hand
        self._asked = 0
        self.exhausted = False

    def before_trial(self, study, trial) -> None:
        """Turn on: the last wheel with a place left takes the next one, and those after it begin anew."""
        if self._wheels:
            while self._wheels and self._wheels[-1][0] + 1 == self._wheels[-1][1]:
                self._wheels.pop()
            if self._wheels:
                self._wheels[-1][0] += 1
            else:
                self.exhausted = True
        self._asked = 0

    def sample_independent(self, study, trial, name: str, distribution: BaseDistribution) -> Any:
        if self._asked == len(self._wheels):
            self._wheels.append([0, places(distribution)])
        place = self._wheels[self._asked][0]
        self._asked += 1
        return value_at(distribution, place)


class Sequential(_OneByOne):
    """Halton's sequence, which covers a range evenly after any number of points; every question has a prime for base.

    The digits are permuted, the same way in every study, or large bases would climb together.
    """

    def __init__(self) -> None:
        self._bases: dict[str, int] = {}
        self._primes = _primes()
        self._index = 0

    def before_trial(self, study, trial) -> None:
        self._index += 1

    def sample_independent(self, study, trial, name: str, distribution: BaseDistribution) -> Any:
        if name not in self._bases:
            self._bases[name] = next(self._primes)
        share = halton(self._index, self._bases[name])
        if isinstance(distribution, FloatDistribution) and distribution.step is None:
            low, high = distribution.low, distribution.high
            return float(low * (high / low) ** share) if distribution.log else low + share * (high - low)
        if isinstance(distribution, IntDistribution) and distribution.log:
            low, high = distribution.low - 0.5, distribution.high + 0.5
            return min(max(round(low * (high / low) ** share), distribution.low), distribution.high)
        return value_at(distribution, int(share * places(distribution)))


def halton(index: int, base: int) -> float:
    """The `index`th number of the sequence in this base, in [0, 1)."""
    digits = np.random.default_rng(base).permutation(np.arange(1, base)) if base > 2 else np.array([1])
    turned = (0, *(int(digit) for digit in digits))
    found, weight = 0.0, 1.0 / base
    while index:
        index, digit = divmod(index, base)
        found += weight * turned[digit]
        weight /= base
    return found


def _primes():
    found: list[int] = []
    for number in count(2):
        if all(number % prime for prime in found):
            found.append(number)
            yield number


def places(distribution: BaseDistribution) -> int:
    """How many values a question has."""
    if isinstance(distribution, CategoricalDistribution):
        return len(distribution.choices)
    if isinstance(distribution, IntDistribution | FloatDistribution) and distribution.step is not None:
        return round((distribution.high - distribution.low) / distribution.step) + 1
    raise TypeError(distribution)


def value_at(distribution: BaseDistribution, place: int) -> Any:
    """One of the values of a question, by its place."""
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices[place]
    if isinstance(distribution, IntDistribution | FloatDistribution) and distribution.step is not None:
        return distribution.low + place * distribution.step
    raise TypeError(distribution)


def points(space: Space, most: int) -> int:
    """How many points a grid over the space has, counted to at most `most`."""
    return sum(1 for _ in islice(every_point(space), most))


def every_point(space: Space) -> Iterator[dict[str, Value]]:
    """The points of a grid over the space, as a study with that sampler would propose them."""
    grid = Grid()
    while True:
        grid.before_trial(None, None)
        if grid.exhausted:
            return
        yield space.ask(_Counting(grid))


class _Counting:
    """Stands in for an Optuna trial: a grid's answers and nothing else."""

    def __init__(self, grid: Grid):
        self._grid = grid

    def suggest_categorical(self, name: str, choices: Sequence[Value]) -> Any:
        return self._grid.sample_independent(None, None, name, CategoricalDistribution(tuple(choices)))

    def suggest_int(self, name: str, low: int, high: int, step: int = 1, log: bool = False) -> Any:
        return self._grid.sample_independent(None, None, name, IntDistribution(low, high, step=step))

    def suggest_float(self, name: str, low: float, high: float, step: float | None = None, log: bool = False) -> Any:
        return self._grid.sample_independent(None, None, name, FloatDistribution(low, high, step=step))
