"""Random small worlds: 16 to 64 MiB of memory, a disk or two, with and without dm-crypt, one to four kinds of tasks.

World number n is the same everywhere and for ever, so that a number is enough to say in which of them a law broke.
Memory is nearly full at the start, for what a policy does wrong it does under pressure.
"""

import random
from collections.abc import Sequence
from typing import Any

from gfplab.units import KIB, MIB
from gfplab.world.scenario import World, build_world

ERAS = ("v4.7", "v6.1")


def random_world(number: int, eras: Sequence[str] = ERAS) -> World:
    """World number `number`; `eras` are those of which its kernel is one."""
    return build_world(random_tables(number, eras), f"world {number}")


def random_tables(number: int, eras: Sequence[str] = ERAS) -> dict[str, Any]:
    """The same as the tables of a scenario file."""
    draw = random.Random(f"world {number}")
    memory = draw.choice((16, 20, 24, 32, 48, 64)) * MIB
    crypt = draw.random() < 0.7
    tables: dict[str, Any] = {
        "title": f"Random world {number}",
        "kernel": draw.choice(tuple(eras)),
        "length": f"{draw.choice((100, 150, 200, 300))}ms",
        "sample": "20ms",
        "machine": {
            "cpus": draw.choice((1, 2, 2, 4)),
            "hz": draw.choice((100, 250, 1000)),
            "memory": _size(memory),
            "swappiness": draw.choice((0, 10, 60, 60, 100)),
            "dirty_ratio": draw.choice((5, 20, 40)),
            "dirty_background_ratio": draw.choice((1, 4)),
            "page_cluster": draw.choice((0, 3)),
            "start": {
                "active_file": _size(memory * draw.randrange(1, 8) // 100),
                "inactive_file": _size(memory * draw.randrange(1, 8) // 100),
            },
        },
        "disk": [_disk(draw, "vda"), _disk(draw, "vdb")],
        "swap": {"device": "swap0" if crypt else "vda", "size": _size(2 * memory), "ssd": draw.random() < 0.7},
        "filesystem": [{"name": "ext4", "device": draw.choice(("vda", "vdb"))}],
        "task": _tasks(draw, memory),
    }
    if crypt:
        tables["crypt"] = [
            {
                "name": "swap0",
                "device": "vda",
                "encrypt": f"{draw.choice((1, 2, 10))}us",
                "page_pool": draw.choice((4, 16, 64, 256)),
                "dm_ios": draw.choice((2, 16)),
            }
        ]
    return tables


def as_toml(tables: dict[str, Any]) -> str:
    """The tables as the text of a scenario file."""
    plain = [f"{key} = {_word(value)}" for key, value in tables.items() if not isinstance(value, dict | list)]
    return "\n".join(plain + [line for key, value in tables.items() for line in _table(key, value)]) + "\n"


def _table(name: str, value: Any) -> list[str]:
    if isinstance(value, list):
        return [line for each in value for line in ("", f"[[{name}]]", *_keys(each))]
    if isinstance(value, dict):
        inner = [line for key, each in value.items() for line in _table(f"{name}.{key}", each)]
        return ["", f"[{name}]", *_keys(value), *inner]
    return []


def _keys(table: dict[str, Any]) -> list[str]:
    return [f"{key} = {_word(value)}" for key, value in table.items() if not isinstance(value, dict | list)]


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def _size(size: int) -> str:
    return f"{size // (4 * KIB) * 4}KiB"


def _disk(draw: random.Random, name: str) -> dict[str, Any]:
    service = draw.choice((20, 100, 200, 1000, 5000))
    return {
        "name": name,
        "read": f"{service}us",
        "write": f"{service * draw.choice((1, 1, 3))}us",
        "bandwidth": f"{draw.choice((5, 20, 100, 500))}MB/s",
        "parallelism": draw.choice((1, 4, 32, 128)),
        "tags": draw.choice((4, 32, 128)),
        "distribution": draw.choice(("fixed", "uniform", "lognormal")),
        "congestion": draw.random() < 0.2,
    }


def _tasks(draw: random.Random, memory: int) -> list[dict[str, Any]]:
    count = draw.choice((1, 2, 3))
    hogs = {
        "kind": "anon_toucher",
        "comm": "hog",
        "count": count,
        "size": _size(memory * draw.randrange(70, 130) // 100 // count),
        "resident": _size(memory * draw.randrange(50, 68) // 100 // count),
        "resident_state": draw.choice(("touched", "aged")),
        "order": draw.choice(("random", "sequential")),
        "write_percent": draw.choice((100, 100, 30)),
    }
    writer = {"kind": "file_writer", "comm": "writer", "filesystem": "ext4", "count": draw.choice((1, 2))}
    if draw.random() < 0.7:
        writer["rate"] = f"{draw.choice((2, 20, 100))}MB/s"
    reader = {"kind": "file_reader", "comm": "reader", "filesystem": "ext4", "size": _size(memory // 2)}
    reader["order"] = draw.choice(("random", "sequential"))
    loop = {"kind": "mempool_loop", "comm": "loop", "pool": draw.choice(("slab", "page"))}
    loop |= {"min_nr": draw.choice((1, 2, 16)), "count": draw.choice((1, 4, 12))}
    loop |= {"hold": f"{draw.choice((1, 20, 400))}us", "think": f"{draw.choice((1, 50))}us"}
    others = [task for task, share in ((writer, 0.5), (reader, 0.3), (loop, 0.5)) if draw.random() < share]
    return [hogs, *others]
