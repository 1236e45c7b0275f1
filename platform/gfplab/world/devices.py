"""Disks, dm-crypt devices, swap and file systems as a scenario describes them."""

from dataclasses import dataclass
from typing import Annotated, Literal

from gfplab.units import KIB
from gfplab.world.fields import TABLE, Flag, Name, Pages, Share, Size, SomeRate, SomeSize, Time, Whole


@dataclass(frozen=True)
class Disk:
    """[[disk]]: `parallelism` servers of one service time, behind one bandwidth.

    A request holds the bandwidth for `per_request` + bytes / `bandwidth`, one request after the other, and then one of
    the servers for its service time.
    """

    __pydantic_config__ = TABLE

    name: Annotated[Name, "what others call it"]
    read_ns: Annotated[Time, "service time of a 4 KiB read"]
    write_ns: Annotated[Time, "service time of a 4 KiB write"]
    bandwidth_bps: Annotated[SomeRate, "all requests together, whatever their direction"]
    per_request_ns: Annotated[Time, "time a request holds the bandwidth besides its bytes"] = 0
    parallelism: Annotated[int, Whole(1, 1024), "requests in service at once"] = 32
    distribution: Annotated[Literal["fixed", "uniform", "lognormal"], "how service times spread around their mean"] = (
        "lognormal"
    )
    spread: Annotated[Share, "sigma of lognormal; half-width of uniform as a share of the mean"] = 0.3
    tags: Annotated[int, Whole(1, 10240), "requests the driver accepts before a submitter waits for a tag"] = 128
    max_request_bytes: Annotated[SomeSize, "how far adjacent bios are merged into one request"] = 512 * KIB
    congestion: Annotated[Flag, "a legacy request queue, which sets its bdi congested; blk-mq never does"] = False
    fifo: Annotated[
        Flag,
        "one server, one request after the other: a request takes it for `per_request` + bytes / `bandwidth`, and is "
        "complete `read` or `write` later",
    ] = False
    jitter_permille: Annotated[
        int, Whole(0, 999), "a FIFO server's time varies by so much up and down, in steps of 10"
    ] = 0
    scheduler: Annotated[
        Literal["none", "mq-deadline"] | None,
        "between the queue of a CPU and the driver: v4.7 has none, later kernels mq-deadline for one hardware queue",
    ] = None
    nr_requests: Annotated[int, Whole(4, 10240), "requests in each direction before a legacy queue makes one wait"] = (
        128
    )


@dataclass(frozen=True)
class Crypt:
    """[[crypt]]: one dm-crypt device. What is not written is what a kernel of that age has."""

    __pydantic_config__ = TABLE

    name: Annotated[Name, "what others call it"]
    device: Annotated[Name, "the disk below"]
    encrypt_ns: Annotated[
        Time | None, "CPU time to encrypt or decrypt a page; what the cipher takes when not written"
    ] = None
    cipher: Annotated[Literal["aesni", "aesgen", "null"], "AES-XTS with AES-NI, in generic C, or none at all"] = "aesni"
    page_pool: Annotated[int, Whole(1, 1 << 20), "elements in the reserve of ciphertext pages"] = 256
    bios: Annotated[int | None, Whole(1, 1 << 16), "reserve of clone bios (MIN_IOS): 16 in v4.7, 64 later"] = None
    requests: Annotated[int | None, Whole(1, 1 << 16), "reserve of crypto requests: 16 in v4.7, 64 later"] = None
    dm_ios: Annotated[int, Whole(1, 1024), "reserve of dm_io and of dm_target_io (reserved_bio_based_ios)"] = 16
    max_active: Annotated[int | None, Whole(1, 512), "encryptions at once; as many as CPUs"] = None
    page_limit_pages: Annotated[
        Pages | None,
        "ciphertext pages in use before only the reserve circulates, 0 = no limit; none in v4.7, 2 % later",
    ] = None
    swap_bios: Annotated[
        int | None, Whole(0, 1 << 20), "swap bios in flight, 0 = no limit; none in v4.7, 2048 later"
    ] = None
    split_bytes: Annotated[SomeSize | None, "largest bio taken whole: 1 MiB, in v7.2 128 KiB"] = None
    bio_alloc_lock: Annotated[
        Flag, "one write at a time waits for ciphertext pages; false: none waits for the others, as before v4.0"
    ] = True


@dataclass(frozen=True)
class Swap:
    """[swap]: the one swap area."""

    __pydantic_config__ = TABLE

    device: Annotated[Name, "the disk or the crypt device it lies on"]
    size_bytes: Annotated[Size, "how much fits"]
    ssd: Annotated[Flag, "not rotational: slots are taken in per-CPU clusters, not next-fit"] = True


@dataclass(frozen=True)
class Filesystem:
    """[[filesystem]]: where file pages go."""

    __pydantic_config__ = TABLE

    name: Annotated[Name, "what others call it"]
    device: Annotated[Name, "the disk or the crypt device it lies on"]
