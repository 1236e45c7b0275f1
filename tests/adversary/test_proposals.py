"""What an attack tries next: each batch from its own chance, all ends of all knobs, and what was near goes on."""

import math

from gfplab.adversary.knobs import Knob
from gfplab.adversary.proposals import EARLY, Proposals

KNOBS = [Knob(f"k{i}", (0, 1, 2, 3, 4), 2) for i in range(20)]
JOINING = [Knob("add.x", (False, True), False), Knob("add.x.size", (1, 2, 3), 1)]


def batches(figure, knobs=KNOBS, seed=7, count=30, size=8):
    """All proposals of some batches, told as figure() says."""
    proposals, made = Proposals(knobs, seed), []
    proposals.start(figure({knob.address: knob.start for knob in knobs}))
    for batch in range(1, count + 1):
        asked = proposals.ask(batch, size)
        for values in asked:
            proposals.tell(figure(values))
        made += asked
    return made


def needs(*wanted):
    """Nearness for knobs at these ends, of which the last counts for nothing before the others are there."""

    def figure(values):
        there = [values[address] == value for address, value in wanted]
        return sum(there[:-1]) + (all(there[:-1]) and there[-1])

    return figure


def test_the_same_seed_and_figures_propose_the_same_and_another_seed_something_else():
    figure = needs(("k1", 4), ("k2", 0))
    assert batches(figure) == batches(figure) != batches(figure, seed=8)


def test_what_a_few_ends_do_together_is_found_among_twenty_knobs():
    """Five in 20 knobs of five values, the last without any sign before the others: by chance one in 3125."""
    figure = needs(("k1", 4), ("k5", 0), ("k9", 4), ("k13", 0), ("k17", 4))
    for seed in range(5):
        assert any(figure(values) == 5 for values in batches(figure, seed=seed, count=25))


def test_nothing_is_proposed_twice_and_the_scenario_itself_never():
    made = [tuple(values.items()) for values in batches(needs(("k1", 4)))]
    assert len(set(made)) == len(made)
    assert tuple((knob.address, knob.start) for knob in KNOBS) not in made


def test_every_end_of_every_knob_has_its_turn():
    made = batches(lambda values: 0.0, count=EARLY + 10)[8 * EARLY :]
    assert {(address, value) for values in made for address, value in values.items()} >= {
        (knob.address, end) for knob in KNOBS for end in (0, 4)
    }


def test_a_knob_of_a_task_that_does_not_join_stays_where_it_was():
    made = batches(lambda values: 0.0, [*KNOBS, *JOINING])
    assert all(values["add.x.size"] == 1 for values in made if not values["add.x"])
    assert {values["add.x.size"] for values in made if values["add.x"]} == {1, 2, 3}


def test_what_is_no_legal_scenario_goes_on_nowhere():
    """Where k1 is turned nothing is legal: chance goes there, and nothing that grows from the best does for long."""
    made = batches(lambda values: math.nan if values["k1"] != 2 else 0.0)
    late = made[len(made) // 2 :]
    assert sum(values["k1"] != 2 for values in late) < len(late) / 3
