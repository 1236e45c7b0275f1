"""How does a search write a program? Every answer is a legal one, and what the thread proposed lies in the space."""

import optuna
import pytest

from gfplab import tunable
from gfplab.policy.programs import read_program
from gfplab.study.file import Range
from gfplab.study.program_space import ProgramDimension, program_dimension
from gfplab.study.ranges import tunable_dimension
from gfplab.study.space import Choice

NAME = "mempool_program.program"
MASKS, WAITS = ("optimistic", "full", "full+STEP_NO_THROTTLE"), ("1ms", "100ms", "5s")


@pytest.fixture
def draw():
    """draw(dimension, n) -> n random proposals."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    return lambda dimension, n: [dimension.ask(study.ask()) for _ in range(n)]


@pytest.mark.parametrize("limit", [3, 4, 6, 8, 9, 12, 16])
def test_every_answer_is_a_legal_program_in_its_shortest_form(draw, limit):
    """And never longer than the tunable allows."""
    for text in draw(program_dimension(NAME, limit, MASKS, WAITS), 200):
        program = read_program(text, limit)
        assert program.text == text
        assert "RESERVE" in [step.name for step in program.loop]


def test_a_proposed_program_is_found_again_in_the_space(draw):
    """as_params() gives answers that mean it, so that a sampler can learn from a program that it has not asked for."""
    dimension = program_dimension(NAME, 12, MASKS, WAITS)
    proposals = draw(dimension, 300)
    assert len(set(proposals)) > 200
    for text in proposals:
        assert dimension.contains(text)
        params = dimension.as_params(text)
        fixed = optuna.trial.FixedTrial({name: value for name, (value, _) in params.items()})
        assert dimension.ask(fixed) == text


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("ALLOC(optimistic) RESERVE ALLOC(full) | RESERVE WAIT(5s) ALLOC(full)", True),
        ("| ALLOC(optimistic) RESERVE WAIT(5s)", True),
        ("| RESERVE ALLOC(optimistic) WAIT(5s)", True),
        ("ALLOC(optimistic) RESERVE | WAIT(5s) RESERVE WAIT(1ms) ALLOC(full)", True),
        ("RESERVE | WAIT(2s) RESERVE", False),  # not one of the waits
        ("ALLOC(full+__GFP_HIGH) | WAIT(5s) RESERVE", False),  # not one of the masks
        ("RESERVE WAIT(1ms) | RESERVE WAIT(5s)", False),  # a wait that does not repeat
        ("RESERVE FAIL ALLOC(full) | RESERVE WAIT(5s)", False),
        ("RESERVE | WAIT(1ms) RESERVE WAIT(100ms) RESERVE WAIT(5s) RESERVE", False),  # three waits
        ("RESERVE", False),
        (7, False),
    ],
)
def test_what_a_search_may_propose_is_a_part_of_what_may_be_written(text, inside):
    """The programs of the thread lie in it."""
    text = read_program(text).text if isinstance(text, str) and "|" in text else text
    assert program_dimension(NAME, 12, MASKS, WAITS).contains(text) is inside


def test_a_step_has_one_name_wherever_it_stands(draw):
    """What a woken task does first is asked for under one name, however many steps came before."""
    dimension = program_dimension(NAME, 12, MASKS, WAITS)
    short = dimension.as_params("| RESERVE WAIT(5s)")
    long = dimension.as_params(read_program("ALLOC(full) ALLOC(optimistic) RESERVE | WAIT(5s) RESERVE").text)
    assert short[f"{NAME}:woken 1"][0] == long[f"{NAME}:woken 1"][0] == "RESERVE"


DECLARED = tunable("| RESERVE WAIT(5s)", steps=6, masks=MASKS)


def entry(**said):
    made = Range()
    for key, value in said.items():
        object.__setattr__(made, key, value)
    return made


def test_a_study_narrows_masks_and_waits_or_lists_programs():
    """Without a word the plugin's own are searched."""
    assert tunable_dimension(NAME, DECLARED, entry()).steps == ("RESERVE", *(f"ALLOC({mask})" for mask in MASKS))
    narrow = tunable_dimension(NAME, DECLARED, entry(masks=("full",), waits=("1s", "2ms")))
    assert (narrow.steps, narrow.waits) == (("RESERVE", "ALLOC(full)"), ("WAIT(2ms)", "WAIT(1s)"))
    assert isinstance(narrow, ProgramDimension)
    listed = tunable_dimension(NAME, DECLARED, entry(choices=("RESERVE | WAIT(1s) RESERVE", "| RESERVE WAIT(5s)")))
    assert listed == Choice(NAME, ("| RESERVE WAIT(1s)", "| RESERVE WAIT(5s)"))


@pytest.mark.parametrize(
    ("declared", "said", "sentence"),
    [
        (DECLARED, dict(low=1), "low does not go with a program; leave it out"),
        (DECLARED, dict(masks=("ful",)), "'ful' is neither full nor optimistic"),
        (DECLARED, dict(waits=("5",)), "'5' has no unit"),
        (DECLARED, dict(choices=("RESERVE",)), "a program has one |"),
        (DECLARED, dict(choices=("| RESERVE WAIT(5s)",), masks=("full",)), "masks does not go with choices; leave it"),
        (tunable(1, low=0, high=3), dict(waits=("1s",)), "waits belongs to a program, and this is a number; leave it"),
        (tunable(True), dict(masks=("full",)), "masks does not go with a bool; leave it out"),
    ],
)
def test_what_does_not_fit_is_refused(declared, said, sentence):
    """In a sentence that says what to do."""
    with pytest.raises(ValueError) as problem:
        tunable_dimension(NAME, declared, entry(**said))
    assert sentence in str(problem.value)
