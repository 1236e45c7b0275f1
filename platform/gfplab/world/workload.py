"""The tasks of a scenario: who touches memory, who reads and writes files, who only exercises a mempool."""

from dataclasses import dataclass
from typing import Annotated, Literal

from gfplab.units import KIB, MIB, NSEC, PAGE_SIZE
from gfplab.world.fields import (
    TABLE,
    Comm,
    Flag,
    Name,
    Quantity,
    Size,
    SomePages,
    SomeRate,
    SomeSize,
    SomeTime,
    Time,
    Whole,
)

Count = Annotated[int, Whole(1, 4096)]
Passes = Annotated[int, Whole(0, 1 << 30)]
Order = Literal["random", "sequential"]


@dataclass(frozen=True)
class AnonToucher:
    """kind = "anon_toucher": `count` tasks, each touching its own anonymous memory page by page."""

    __pydantic_config__ = TABLE

    kind: Annotated[Literal["anon_toucher"], "touches anonymous memory"]
    comm: Annotated[Comm, "the name, also the address in --set"]
    size_bytes: Annotated[SomeSize, "memory of each task"]
    count: Annotated[Count, "tasks"] = 1
    order: Annotated[Order, "of the chunks, drawn anew for each pass"] = "random"
    first_order: Annotated[Order | None, "of the first pass; as the others when not written"] = None
    chunk_pages: Annotated[SomePages, "pages that are touched one after the other"] = 1
    resident_bytes: Annotated[Size, "of each task's memory, what is touched and in RAM at time 0"] = 0
    resident_state: Annotated[
        Literal["touched", "aged"],
        "touched: active and accessed, as v4.7 leaves them until somebody reclaims; "
        "aged: half inactive, not accessed since",
    ] = "touched"
    start_ns: Annotated[Time, "when it begins"] = 0
    passes: Annotated[Passes, "times over its memory, 0 = for ever"] = 0
    write_percent: Annotated[int, Whole(0, 100), "touches that write, in per cent; a first touch always does"] = 100
    touch_ns: Annotated[Time | None, "CPU time of one touch; costs.touch when not written"] = None
    locked_bytes: Annotated[Size, "memory that each task holds locked from time 0 to its end, and never touches"] = 0
    read_first: Annotated[
        Flag, "a touch after the first pass reads the page, then writes it; touches of resident pages are timed as well"
    ] = False


@dataclass(frozen=True)
class FileWriter:
    """kind = "file_writer": `count` tasks that call write() on a file of their own."""

    __pydantic_config__ = TABLE

    kind: Annotated[Literal["file_writer"], "dirties page cache"]
    comm: Annotated[Comm, "the name, also the address in --set"]
    filesystem: Annotated[Name, "where the file is"]
    rate_bps: Annotated[SomeRate | None, "of each task; as fast as it may when not written"] = None
    count: Annotated[Count, "tasks"] = 1
    size_bytes: Annotated[
        SomeSize | None, "length of the file, then from the start again; endless when not written"
    ] = None
    chunk_bytes: Annotated[Annotated[int, Quantity("size", low=PAGE_SIZE)], "bytes in one write()"] = 64 * KIB
    start_ns: Annotated[Time, "when it begins"] = 0
    stop_ns: Annotated[SomeTime | None, "when it ends; with the run when not written"] = None


@dataclass(frozen=True)
class FileReader:
    """kind = "file_reader": `count` tasks that read a file of their own."""

    __pydantic_config__ = TABLE

    kind: Annotated[Literal["file_reader"], "fills page cache"]
    comm: Annotated[Comm, "the name, also the address in --set"]
    filesystem: Annotated[Name, "where the file is"]
    size_bytes: Annotated[SomeSize, "length of the file"]
    count: Annotated[Count, "tasks"] = 1
    rate_bps: Annotated[SomeRate | None, "of each task; as fast as it may when not written"] = None
    order: Annotated[Order, "of the pages"] = "sequential"
    start_ns: Annotated[Time, "when it begins"] = 0
    stop_ns: Annotated[SomeTime | None, "when it ends; with the run when not written"] = None


@dataclass(frozen=True)
class MempoolLoop:
    """kind = "mempool_loop": tasks that take one element of a shared mempool, hold it, give it back, for ever."""

    __pydantic_config__ = TABLE

    kind: Annotated[Literal["mempool_loop"], "exercises a mempool"]
    comm: Annotated[Comm, "the name, also the address in --set"]
    pool: Annotated[Literal["slab", "page"], "what the elements are"]
    min_nr: Annotated[int, Whole(1, 1 << 16), "elements in the reserve"] = 16
    count: Annotated[int, Whole(0, 4096), "tasks, 0 = one for each CPU"] = 0
    hold_ns: Annotated[Time, "CPU time while an element is held"] = 0
    think_ns: Annotated[Time, "CPU time between giving back and the next"] = 200 * NSEC
    start_ns: Annotated[Time, "when it begins"] = 0


@dataclass(frozen=True)
class DirectIo:
    """kind = "direct_io": one task that reads or writes a block device with O_DIRECT, one operation after the other."""

    __pydantic_config__ = TABLE

    kind: Annotated[Literal["direct_io"], "direct I/O on a block device"]
    comm: Annotated[Comm, "the name, also the address in --set"]
    device: Annotated[Name, "the disk or the crypt device"]
    direction: Annotated[Literal["read", "write"], "what it does"]
    size_bytes: Annotated[Annotated[int, Quantity("size", low=PAGE_SIZE)], "bytes of one operation"]
    operations: Annotated[int, Whole(1, 1 << 30), "how many"]
    region_bytes: Annotated[
        Annotated[int, Quantity("size", low=PAGE_SIZE)], "part of the device that it uses, from its start"
    ] = 64 * MIB
    after: Annotated[Comm | None, "the direct_io task that must have ended before"] = None
    start_ns: Annotated[Time, "when it begins"] = 0


Task = AnonToucher | FileWriter | FileReader | MempoolLoop | DirectIo
TASKS = (AnonToucher, FileWriter, FileReader, MempoolLoop, DirectIo)
# those whose end a run with until = "done" waits for
AWAITED = (AnonToucher, DirectIo)
