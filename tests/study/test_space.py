"""What a trial may ask and what its answers mean: no plugin's number without the plugin, no mask that breaks a rule."""

import itertools

import optuna
import pytest
from study_toy import PLUGINS, STUDY

from gfplab.kernel import gfp
from gfplab.policy.masks import broken_rule, legal_masks
from gfplab.study.sampling import Sampling
from gfplab.study.space import mask_dimension
from gfplab.study.store import Trial

BITS = {bit: name for name, bit in vars(gfp).items() if name.startswith("__GFP_")}
VARYING = gfp.__GFP_IO | gfp.__GFP_FS | gfp.__GFP_DIRECT_RECLAIM | gfp.__GFP_KSWAPD_RECLAIM


def answers(study, count=60):
    """Proposals of a random sampler, so that every corner is met."""
    sampling = Sampling(study.space, study.objectives, study.constraints, "random", 1, 4)
    return sampling.ask(1, count)


def test_a_tunable_is_asked_only_where_its_plugin_is_in_use(study):
    """And always there."""
    for values in answers(study):
        plugins = set(study.space.policies_of(values).values())
        for plugin, names in {
            "patient": ["patient.timeout", "patient.tries"],
            "masked": ["masked.mask", "masked.eager"],
            "isolating": ["isolating.share"],
        }.items():
            assert all((name in values) == (plugin in plugins) for name in names)
        assert "patient.order" not in values, "the study does not name it"
        assert study.space.tunables_of(values).keys() <= values.keys()


def test_a_stack_takes_every_decision_of_its_plugins(study):
    """`policy` gives the ground, a decision point that the study names has its own answer."""
    seen = {}
    for values in answers(study):
        seen[values["policy"], values["too_many_isolated"]] = study.space.policies_of(values)
    assert seen["stock", "stock"] == {}
    assert seen["patient+gentle", "isolating"] == {
        "mempool_step": "patient",
        "throttle_vm_writeout": "gentle",
        "too_many_isolated": "isolating",
    }
    assert len(seen) == 8


def test_a_label_says_the_policies_in_a_few_words(study):
    """The whole-plugin choice, then what differs from it."""
    label = study.space.label_of
    assert label({"policy": "stock", "too_many_isolated": "stock"}) == "stock"
    assert label({"policy": "patient+gentle", "too_many_isolated": "stock"}) == "patient+gentle"
    assert label({"policy": "stock", "too_many_isolated": "isolating"}) == "stock, too_many_isolated=isolating"


def test_answers_stay_in_the_ranges_of_plugin_and_study(study):
    """Narrowed where the study says so, the plugin's own where it does not; quantities go back with their units."""
    for values in answers(study):
        assert 1_000_000 <= values.get("patient.timeout", 10**9) <= 10**10
        assert 2 <= values.get("patient.tries", 2) <= 8
        assert round(values.get("isolating.share", 0.2), 9) in (0.2, 0.4, 0.6, 0.8)
        assert values["disk.vda.bandwidth"] in range(50_000_000, 150_000_001, 25_000_000)
        storm = study.space.overrides_of(values, "storm")
        assert storm["disk.vda.bandwidth"] in ("50MB/s", "75MB/s", "100MB/s", "125MB/s", "150MB/s")
        assert storm["crypt.swap0.bios"] == values["crypt.swap0.bios"]
        assert "crypt.swap0.bios" not in study.space.overrides_of(values, "calm")


@pytest.mark.parametrize("callers", ["any", "irq", "noio", "nofs"])
def test_only_legal_masks_are_proposed_and_every_legal_one_can_be(callers):
    """Bit by bit: a flag is asked for only while both answers are open."""
    fixed = 0 if callers == "irq" else gfp.GFP_NOIO
    legal = legal_masks(fixed, VARYING, callers)
    dimension = mask_dimension("x", legal, BITS.__getitem__)
    names = [f"x:{flag}" for flag, _ in dimension.bits]
    reached = set()
    for bits in itertools.product((False, True), repeat=len(names)):
        mask = dimension.ask(optuna.trial.FixedTrial(dict(zip(names, bits, strict=True))))
        assert broken_rule(mask, callers) is None
        reached.add(mask)
    assert reached == set(legal)


def test_a_mask_as_parameters_is_what_asking_for_it_would_have_answered(study):
    """So the sampler learns from a baseline's mask as from its own."""
    dimension = next(each for each in study.space.dimensions() if each.name == "masked.mask")
    for mask in dimension.legal:
        params = dimension.as_params(mask)
        assert dimension.ask(optuna.trial.FixedTrial({name: value for name, (value, _) in params.items()})) == mask


def test_a_mask_may_be_narrowed_to_a_few(study_of):
    """`choices` in the words of the kernel."""
    study = study_of(STUDY.replace('"masked.*" = {}', '"masked.mask" = ["GFP_NOIO", "GFP_NOWAIT", "GFP_NOFS"]'))
    masks = {values["masked.mask"] for values in answers(study) if "masked.mask" in values}
    assert masks == {gfp.GFP_NOIO, gfp.GFP_NOWAIT, gfp.GFP_NOFS}


def test_a_fixed_key_is_in_every_trial_and_in_no_column(study_of):
    """A string or a number where a range could stand."""
    text = STUDY.replace('"patient.timeout" = {}', '"patient.timeout" = "1s"')
    study = study_of(text.replace('"disk.vda.bandwidth" = {', '"disk.vda.read" = "1ms"\n"disk.vda.bandwidth" = {'))
    names = [dimension.name for dimension in study.space.dimensions()]
    assert not {"patient.timeout", "disk.vda.read"} & set(names)
    for values in answers(study):
        if "patient" in study.space.plugins_of(values):
            assert study.space.tunables_of(values)["patient.timeout"] == 10**9
        assert study.space.overrides_of(values, "calm")["disk.vda.read"] == "1ms"


def test_trial_0_is_the_stock_kernel_on_the_scenarios_machine(study):
    """No policy, no tunable, no searched override; then the named baselines at their defaults, and no more."""
    stock, patient = study.baselines
    assert (stock.label, stock.policies, stock.values) == (
        "stock",
        {},
        {"policy": "stock", "too_many_isolated": "stock"},
    )
    assert patient.policies == {"mempool_step": "patient"}
    # tries = 1 is the default, but the study searches from 2: the run has it, the sampler is not told
    assert patient.values == {"policy": "patient", "too_many_isolated": "stock", "patient.timeout": 5 * 10**9}
    for number, each in enumerate(study.baselines):
        for job in study.jobs(Trial(number, 0, "baseline", each.label, each.values, each.policies, {})):
            assert job.policies == each.policies and job.tunables == {} and job.overrides == {}


def test_all_trials_meet_the_same_seeds(study):
    """Common random numbers: two trials differ in what was tried and in nothing else."""
    trial = Trial(5, 1, "sampler", "", {}, {}, {})
    assert [(job.scenario, job.seed) for job in study.jobs(trial)] == [
        ("storm", 1),
        ("storm", 2),
        ("calm", 1),
        ("calm", 2),
    ]


def test_tables_in_search_are_the_dotted_keys(study_of, study):
    """[search.patient] timeout and [search] "patient.timeout" say the same."""
    text = STUDY.replace('"patient.timeout" = {}\n"patient.tries" = { low = 2, high = 8 }\n', "")
    tables = text + "\n[search.patient]\ntimeout = {}\ntries = { low = 2, high = 8 }\n"
    assert study_of(tables).space == study.space


def test_every_toy_plugin_is_what_the_platform_calls_a_plugin():
    """The toy stands for policy.discover: its plugins have the same attributes."""
    from gfplab.policy.plugin import Plugin

    for plugin in PLUGINS.values():
        for name in ("name", "decisions", "tunables", "functions", "source_hash"):
            assert hasattr(plugin, name) and name in dir(Plugin) or name in Plugin.__dataclass_fields__
