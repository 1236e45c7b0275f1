"""Who answers one question: the plugin of a decision, or of several that share it the one whose pool or task it is."""

import ctypes

import numpy as np

from gfplab.engine.decision import BoundDecision, Decision
from gfplab.engine.state import record_class
from gfplab.policy.places import INDEX, kinds_of, with_rows
from gfplab.policy.shares import DEFAULT, share_layout
from gfplab.policy.shares import kinds_of as shared_by


class Members:
    """The plugins of one decision in one run, with the beginning of each one's range of k.my, in slots."""

    def __init__(self, policies, bound: BoundDecision, decision: Decision, schema, my: np.ndarray):
        self.plugins = policies.answering(bound.name)
        self.decision, self.offsets, self._tables = decision, [bound.my_offset], []
        self._memory = (ctypes.c_int64 * len(my)).from_buffer(my)
        if len(self.plugins) == 1:
            return
        names = [name for name, _kind, _length in share_layout(bound.name, len(self.plugins))]
        at = {name: bound.my_offset + slot for slot, name in enumerate(names)}
        self.offsets = [bound.my_offset + self._memory[at[f"my_{n}"]] for n in range(len(self.plugins))]
        arguments = [name for name, _records in decision.args]
        for kind in shared_by(bound.name):
            place = arguments.index(kind)
            records = record_class(kind, [(field, "i8", 1) for field in schema.fields[decision.args[place][1]]])
            self._tables.append((place, records.from_address, bound.my_offset + self._memory[at[f"{kind}_at"]]))

    def which(self, records, at_address: bool = False) -> int:
        """The number of the plugin that is asked about these records, or addresses of records."""
        found = DEFAULT
        for place, at, table in self._tables:
            record = at(records[place]) if at_address else records[place]
            found = self._memory[table + getattr(record, INDEX)] or found
        return found

    def own(self, which: int, records):
        """`my` as that plugin sees it for these records; None if it keeps nothing."""
        plugin = self.plugins[which]
        if not plugin.layout:
            return None
        start = ctypes.addressof(self._memory) + 8 * self.offsets[which]
        my = record_class("my", plugin.layout).from_address(start)
        if not kinds_of(plugin):
            return my
        return with_rows(plugin, self.decision, lambda *asked: asked[-1])(*records[:-1], my)
