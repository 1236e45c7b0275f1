"""`[machine] import = "file.toml"`: start from the machine that `gfplab machine import` wrote, and depart from it.

The file is checked by itself, so that its mistakes are told in its name. What the scenario writes wins, key by key; a
`memory` in the scenario replaces the file's zones.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from gfplab.errors import ScenarioError, one_line
from gfplab.world.fields import TABLE
from gfplab.world.machine import Machine
from gfplab.world.toml import check, read_toml


@dataclass(frozen=True)
class MachineFile:
    """A file with a machine in it and nothing else."""

    __pydantic_config__ = TABLE

    machine: Annotated[Machine, "hardware and sysctls"]


def merge_import(tables: Mapping[str, Any], source: str | Path) -> dict[str, Any]:
    """The tables of a scenario with its machine completed from the file that it imports; paths start at `source`."""
    machine = tables.get("machine")
    if not isinstance(machine, Mapping) or not isinstance(machine.get("import"), str):
        return dict(tables)
    path = Path(source).parent / machine["import"]
    if not path.is_file():
        missing = f"no file {one_line(path)}; paths start at the folder of the scenario"
        raise ScenarioError(f"{source}: [machine] import: {missing}")
    base = read_machine_file(path)
    if "memory" in machine and "zone" not in machine:
        base.pop("zone", None)
    if "zone" in machine:
        base.pop("memory", None)
    merged = {**base, **machine}
    if isinstance(base.get("start"), Mapping) and isinstance(machine.get("start"), Mapping):
        merged["start"] = {**base["start"], **machine["start"]}
    return {**tables, "machine": merged}


def read_machine_file(path: str | Path) -> dict[str, Any]:
    """The machine table of a file, checked, as it stands there."""
    tables = read_toml(path)
    check(MachineFile, tables, path)
    if "import" in tables["machine"]:
        raise ScenarioError(f"{path}: [machine] import: an imported machine may not import another; copy its keys here")
    return dict(tables["machine"])
