"""What every study runs first: the stock kernel, then the whole plugins that the file names, all at their defaults."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gfplab.study.space import POLICY, STOCK, Space, Value

if TYPE_CHECKING:
    from gfplab.study.resolve import Resolver


@dataclass(frozen=True)
class Baseline:
    """A trial that nobody has to propose.  It changes nothing but policies: the machine is the scenario's own."""

    label: str
    policies: Mapping[str, str]
    values: Mapping[str, Value]  # its place in the search space, as far as it lies in it


def baselines_of(labels: tuple[str, ...], space: Space, resolver: "Resolver") -> list[Baseline]:
    """Trial 0 is the stock kernel, whether or not the file names it."""
    found = []
    for label in dict.fromkeys((STOCK, *labels)):
        policies = dict(sorted(resolver.stack(label, "baselines").items()))
        found.append(Baseline(label, policies, _values(label, policies, space, resolver)))
    return found


def _values(label: str, policies: Mapping[str, str], space: Space, resolver: "Resolver") -> dict[str, Value]:
    """The answers that would have led to this baseline, so that the sampler can learn from it."""
    values: dict[str, Value] = {}
    for dimension in space.policies:
        answer = label if dimension.name == POLICY else policies.get(dimension.name, STOCK)
        if dimension.contains(answer):
            values[dimension.name] = answer
    for plugin in sorted(set(policies.values())):
        for searched in space.tunables.get(plugin, ()):
            tunable = resolver.plugins[plugin].tunables[searched.name.partition(".")[2]]
            if searched.contains(tunable.default):
                values[searched.name] = tunable.default
    return space.asked_of(values)
