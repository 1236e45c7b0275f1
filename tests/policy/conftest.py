"""What the tests of the seam share: the catalogue, and a way to ask a decision with a few fields of its records."""

import sys
from pathlib import Path

import pytest

from gfplab.kernel.decisions import DECISIONS
from gfplab.kernel.types import kernel_schema
from gfplab.policy.check import compiled_answer, python_answer
from gfplab.policy.discover import discover
from gfplab.policy.drill import Drill
from gfplab.policy.lint import lint
from gfplab.policy.plugin import load_file
from gfplab.policy.select import PolicySet

sys.path.insert(0, str(Path(__file__).parent))  # for asking.py


@pytest.fixture(scope="session")
def schema():
    return kernel_schema()


@pytest.fixture(scope="session")
def plugins():
    """The shipped plugins."""
    return discover(folder="no such folder")


class Bound:
    """One plugin's answers to one decision, with its tunables set and its state kept from call to call."""

    def __init__(self, plugin, decision, schema, tunables):
        (self.decision,) = (d for d in DECISIONS if d.name == decision)
        self.schema = schema
        values = {t.name: t.coerce(tunables.get(t.name, t.default)) for t in plugin.tunables.values()}
        policies = PolicySet("", {decision: plugin}, {plugin.name: values})
        self.bound = policies.bind(schema)[decision]
        self.compiled_my, self.python_my = policies.my_initial(), policies.my_initial()

    def __call__(self, **records):
        """The answer to records given as {field: value}; compiled and interpreted it is the same, or this fails."""
        numbers = {name: dict.fromkeys(self.schema.fields[array], 0) for name, array in self.decision.args}
        for name, fields in records.items():
            unknown = fields.keys() - numbers[name].keys()
            assert not unknown, f"{name} has no field {unknown}"
            numbers[name] |= fields
        compiled = compiled_answer(self.bound, self.decision, self.schema, numbers, self.compiled_my)
        python = python_answer(self.bound, self.decision, self.schema, numbers, self.python_my)
        assert compiled == python
        assert bytes(self.compiled_my) == bytes(self.python_my)
        return compiled


@pytest.fixture(scope="session")
def bind(schema):
    """bind(plugin, "throttle_vm_writeout", {"nap": "1ms"}) -> a function of records."""
    return lambda plugin, decision, tunables: Bound(plugin, decision, schema, tunables)


@pytest.fixture
def answer(plugins, bind):
    """answer("hocko_rfc", "throttle_vm_writeout", nap="1ms") -> a function of records."""

    def of(plugin, decision, **tunables):
        plugin = plugins[plugin] if isinstance(plugin, str) else plugin
        return bind(plugin, decision, tunables)

    return of


@pytest.fixture
def steps_of(plugins, schema):
    """steps_of("neil_mask", GFP_NOIO, reserve=1) -> the steps of one mempool_alloc(), as drill.py writes them."""

    def of(name, gfp_mask, tunables=(), **situation):
        plugin = plugins[name]
        values = {t.name: t.coerce(dict(tunables).get(t.name, t.default)) for t in plugin.tunables.values()}
        policies = PolicySet("", {"mempool_step": plugin}, {name: values})
        bound = policies.bind(schema, compiled=False)["mempool_step"]
        my = policies.my_initial()

        def ask(*records):
            from gfplab.engine.state import record_class

            own = record_class("my", bound.my_layout).from_buffer(my) if bound.my_layout else None
            return bound.python(*records, own)

        return " ".join(Drill(ask, schema, gfp_mask, **situation).run())

    return of


@pytest.fixture
def plugin_of(tmp_path):
    """A function that makes a linted plugin of a text."""

    def load(text, name="mine"):
        path = tmp_path / f"{name}.py"
        path.write_text(text)
        plugin = load_file(str(path), "-p")
        lint(plugin)
        return plugin

    return load
