"""Does every decision point have what a policy author needs: a contract, a stock answer, a test and a document?"""

import inspect
from pathlib import Path

import pytest

from gfplab.kernel.decisions import DECISIONS
from gfplab.policy import hookspecs
from gfplab.policy.decisions_page import decisions_page
from gfplab.policy.plugin import ARGUMENTS

HERE = Path(__file__).parent
DECISION_NAMES = [decision.name for decision in DECISIONS]
TESTS = "\n".join(path.read_text() for path in HERE.glob("test_*.py") if path.name != Path(__file__).name)
GUIDE = (HERE.parents[1] / "docs" / "writing-a-policy.md").read_text()


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda decision: decision.name)
def test_a_decision_has_a_contract_with_the_kernels_arguments(decision):
    """The hookspec takes the records that the kernel shows, by the same names and in the same order, and then my."""
    spec = getattr(hookspecs, decision.name)
    assert list(inspect.signature(spec).parameters) == [name for name, _records in decision.args] + ["my"]


def test_no_contract_is_left_over():
    """Every hookspec is a decision point of the kernel."""
    specs = [name for name, value in vars(hookspecs).items() if hasattr(value, "gfplab_spec")]
    assert sorted(specs) == sorted(DECISION_NAMES)


@pytest.mark.parametrize("decision", DECISION_NAMES)
def test_a_contract_says_the_same_things_in_the_same_order(decision):
    """One line, what happens, and then Reads, Writes, Returns, Stock, Models, and where it is not asked."""
    text = inspect.getdoc(getattr(hookspecs, decision))
    lines = text.split("\n")
    assert lines[0].endswith(".") and lines[1] == ""
    places = [text.find(f"\n{word}:") for word in ("Reads", "Writes", "Returns", "Stock", "Models", "Unasked")]
    assert -1 not in places and places == sorted(places)
    assert "Writes:  my" in text


@pytest.mark.parametrize("decision", DECISION_NAMES)
def test_a_contract_speaks_only_of_fields_that_exist(decision, schema):
    """What is written as record.field in a contract can be read."""
    import re

    records = dict(next(d.args for d in DECISIONS if d.name == decision))
    for record, field in re.findall(r"\b(\w+)\.(\w+)\b", inspect.getdoc(getattr(hookspecs, decision))):
        if record in records:
            assert field in schema.fields[records[record]], f"{record}.{field}"


@pytest.mark.parametrize("decision", DECISION_NAMES)
def test_a_decision_has_a_stock_answer_a_test_and_a_place_in_the_guide(decision, plugins):
    """A decision point without one of these is not finished."""
    assert decision in plugins["linux_4_7"].functions and decision in plugins["linux_6_1"].functions
    assert f'"{decision}"' in TESTS
    assert f"`{decision}`" in GUIDE


@pytest.mark.parametrize("decision", DECISION_NAMES)
def test_a_decision_has_an_example_among_the_shipped_plugins(decision, plugins):
    """An answer that is not a stock kernel's, for who wants to write one to start from."""
    assert [plugin.name for plugin in plugins.implementers(decision) if not plugin.name.startswith("linux_")]


def test_the_page_of_decisions_is_made_from_the_contracts(plugins):
    """If this fails: gfplab explain --markdown > docs/decisions.md."""
    assert (HERE.parents[1] / "docs" / "decisions.md").read_text() == decisions_page(plugins)


def test_every_decision_belongs_to_one_family():
    """The four families are a partition."""
    members = [decision for family in hookspecs.FAMILIES.values() for decision in family]
    assert sorted(members) == sorted(DECISION_NAMES)


def test_one_argument_name_means_one_kind_of_record():
    """`scan` is a record of scans wherever it is asked for: helpers of a plugin rely on it."""
    meanings = {(name, records) for decision in DECISIONS for name, records in decision.args}
    assert len({name for name, _records in meanings}) == len(meanings)


def test_every_shipped_plugin_makes_an_argument(plugins):
    """The docstring says in its first sentence what is argued, and then who says so; the tests call it by name."""
    for name, plugin in plugins.items():
        assert plugin.first_line.endswith((".", "?")), name
        assert len(plugin.doc.split("\n\n")) > 1, name
        assert f'"{name}"' in TESTS
        assert f"`{name}`" in GUIDE


def test_a_shipped_plugin_imports_only_what_a_users_plugin_may(plugins):
    """gfplab itself, the names of flags, steps and constants, and units: the product has no private way in."""
    import ast

    headers = {f"gfplab.kernel.{name}" for name in ("answers", "gfp", "node_types", "steps", "types")}
    allowed = {"gfplab", "gfplab.units", *headers}
    for plugin in plugins.values():
        imports = [node for node in ast.walk(plugin.tree) if isinstance(node, ast.Import | ast.ImportFrom)]
        assert {node.module for node in imports} <= allowed
    assert set(ARGUMENTS) == set(DECISION_NAMES)
