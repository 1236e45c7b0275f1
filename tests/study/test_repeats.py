"""What has been tried tells nothing new: it is asked for again, and stands on the front once."""

import optuna
import pytest

from gfplab.study.objectives import Objective
from gfplab.study.outcome import _trials_frame
from gfplab.study.sampling import Sampling
from gfplab.study.space import Choice, Space
from gfplab.study.store import Trial

OBJECTIVE = Objective("s.stall", "s", "stall", "worst", "minimize", "ms")
PLACES = ("one", "two", "three", "four")


def finished(number, origin, values, stall):
    return Trial(number, 1, origin, "x", values, {}, {}, [("s", 1, {"stall": stall})], "")


@pytest.mark.parametrize("sampler", ["tpe", "random", "nsga2"])
def test_a_search_proposes_something_new_as_long_as_there_is_something(sampler):
    """Four answers in four trials; the fifth has to be one of them. The same seed gives the same proposals."""

    def search():
        space = Space({}, {}, [], {}, [Choice("where", PLACES)], {})
        sampling = Sampling(space, [OBJECTIVE], [], sampler, seed=5, batch=2)
        sampling.tell(finished(0, "baseline", {}, 50.0))
        number, told = 1, []
        for batch in range(1, 4):
            proposals = sampling.ask(batch, 2)
            for values in proposals:
                sampling.tell(finished(number, "sampler", values, float(number)))
                told.append(values["where"])
                number += 1
        return told, sampling.frozen(0)

    told, frozen = search()
    assert set(told[:4]) == set(PLACES) and set(told[4:]) <= set(PLACES)
    assert (told, len(frozen)) == (search()[0], 7)
    assert [trial.values for trial in frozen] == [[50.0], *([float(n)] for n in range(1, 7))]
    assert all(trial.state is optuna.trial.TrialState.COMPLETE for trial in frozen)


def test_a_repeated_trial_is_on_the_front_once():
    """The first of them; equal values with other settings are another trial."""
    trials = [finished(n, "sampler", {"where": where}, 1.0) for n, where in enumerate(("one", "two", "one"))]
    frame = _trials_frame(trials, [["where", "str", ""]], [OBJECTIVE], [])
    assert frame["pareto"].to_list() == [True, True, False]
