"""Compiled mode: step functions and the event loop as machine code.

A step function is one piece of machine code with the plain functions that it calls linked in.  Step functions are
reached by address through a table in the state (native.py), so an edited kernel function recompiles alone.  In a warm
start no kernel source is even parsed: a manifest, named by the hash of all sources, lists the units, and an image of
the same name holds the machine code of all step functions (image.py).
"""

import json
from dataclasses import asdict

import numpy as np
from numba import types

from gfplab.engine import cache, image
from gfplab.engine.emitter import DOOR, STEP, Emitter, Unit
from gfplab.engine.link import NR_FUNCTION_IDS
from gfplab.engine.loader import Loader, address
from gfplab.engine.native import NativeState, StateType
from gfplab.engine.rewrite import COMPILED
from gfplab.engine.state import Schema
from gfplab.engine.subset import KernelBuildError
from gfplab.engine.workers import compile_all


def read_manifest(path):
    """(schema, units by entry) of a manifest, or None if there is none."""
    content = cache.read_json(path)
    if content is None:
        return None
    schema = Schema()
    schema.fields, schema.dtypes = content["fields"], content["dtypes"]
    return schema, {e: Unit(**u) for e, u in content["units"].items()}


class CompiledMode:
    """Loads what the cache has and compiles the rest."""

    mode = COMPILED

    def __init__(self, model, check, progress):
        self.model, self.check = model, check
        folder = cache.folder()
        files = sorted(m.__file__ for m in model.sources)  # messages and check builds name the files
        key = cache.digest(model.digest, str(check), *files)
        manifest, whole = folder / f"manifest_{key}.json", folder / f"image_{key}.bin"
        if not manifest.exists():
            units = Emitter(model, check, StateType(model.schema).name, folder).run()
            content = {
                "fields": model.schema.fields,
                "dtypes": model.schema.dtypes,
                "units": {e: asdict(u) for e, u in units.items()},
            }
            cache.write(manifest, json.dumps(content))
        schema, units = read_manifest(manifest)
        self.loader = Loader(schema, units, folder)
        found = image.addresses(whole)
        if found is None:
            found = self.step_addresses(manifest, whole, progress)
        self.steps = np.zeros(NR_FUNCTION_IDS, np.int64)
        for entry, where in found.items():
            self.steps[model.fids[entry.removesuffix(STEP)]] = where

    def step_addresses(self, manifest, whole, progress):
        """Compile what must be, load it, and write the image for the next time."""
        steps = [e for e in self.loader.units if e.endswith(STEP)]
        wanted = [f"run{DOOR}", *steps]
        missing = self.loader.missing(wanted)
        if missing:
            compile_all(self.loader, missing, manifest, progress)
        found = {entry: address(self.loader.load(entry)) for entry in steps}
        image.write(whole, {entry: self.loader.machine_code[entry] for entry in steps})
        return found

    def decision_signature(self, decision):
        """The numba signature that the compiled form of a policy's answer must have."""
        records = [self.loader.state_type.elements[array][0] for _, array in decision.args]
        return types.int64(*records, types.int64)

    def state(self, arrays, decisions):
        """The state object over `arrays`, with the table that compiled code reads."""
        answers = np.zeros(2 * max(len(self.model.decisions), 1), np.int64)
        for number, d in enumerate(self.model.decisions):
            bound = decisions[d.name]
            if bound.compiled is None:
                raise KernelBuildError(
                    f'decision {d.name}: its policy is not compiled; run it in mode "steps" or compile it'
                )
            signature = self.decision_signature(d)
            if signature.args not in bound.compiled.overloads:
                raise KernelBuildError(
                    f"decision {d.name}: its policy was compiled for other records; compile it again"
                )
            answers[2 * number] = address(bound.compiled, signature)
            answers[2 * number + 1] = arrays["my"].ctypes.data + 8 * bound.my_offset
        owned = dict(arrays, _steps=self.steps, _decisions=answers)
        table = [word for n in self.loader.state_type.place for word in (owned[n].ctypes.data, len(owned[n]))]
        k = NativeState(self.model.schema, arrays, self.loader.state_type, np.array(table, np.int64))
        k.owned = owned, decisions
        return k

    def call(self, k, name, args):
        """Call a plain function."""
        return self.loader.load(name + DOOR)(k, *args)
