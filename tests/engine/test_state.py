"""The state's layout: declared once, seen the same through numpy and through k."""

import os

import numpy as np
import pytest
import toy

from gfplab.engine.state import LAZY_RECORDS, PyState, Schema, record_class


def schema():
    s = Schema()
    s.records("e", now="time")
    s.records("zones", nr_free="free pages")
    s.records("zones", flags="ZONE_*", nr_free="said again")
    s.array("page_flags", "u2", "PG_*")
    s.log("trace", 100, time="", kind="")
    return s


def test_declaring_records_again_adds_fields():
    assert schema().fields["zones"] == ["nr_free", "flags"]


def test_a_log_is_a_record_array_with_a_counter():
    s = schema()
    assert s.fields["e"] == ["stack_words", "now", "n_trace"]
    assert len(s.arrays({})["trace"]) == 100
    assert len(s.arrays({"trace": 7})["trace"]) == 7


def test_what_has_no_size_has_the_null_slot_alone():
    arrays = schema().arrays({"zones": 3})
    assert {n: len(a) for n, a in arrays.items()} == {
        "e": 1,
        "zones": 3,
        "trace": 100,
        "stk": 256,
        "my": 1,
        "page_flags": 1,
    }


def test_a_size_for_nothing_is_refused():
    with pytest.raises(KeyError, match="there is no record array or array 'zone'"):
        schema().arrays({"zone": 3})


def test_a_name_is_either_records_or_an_array():
    with pytest.raises(ValueError, match="zones is already a record array"):
        schema().array("zones", "i8")
    with pytest.raises(ValueError, match="page_flags is already an array"):
        schema().records("page_flags", a="")
    with pytest.raises(ValueError, match="dtype 'f8' is not one of i8"):
        schema().array("loads", "f8")


def test_the_digest_is_that_of_the_layout():
    other = schema()
    other.docs["zones"]["flags"] = "other words"
    assert other.digest() == schema().digest()
    other.records("zones", more="")
    assert other.digest() != schema().digest()


@pytest.mark.parametrize("length", [3, LAZY_RECORDS + 1])
def test_k_and_numpy_share_their_memory(length):
    s = schema()
    arrays = s.arrays({"zones": length, "page_flags": 4})
    k = PyState(s, arrays)
    k.zones[2].nr_free = 7
    arrays["zones"]["flags"][2] = 9
    k.page_flags[1] = 65535
    assert (arrays["zones"][2].item(), k.zones[2].flags, arrays["page_flags"][1]) == ((7, 9), 9, 65535)
    assert repr(k.zones[2]) == "zones(nr_free=7, flags=9)"


def test_k_takes_integers_only():
    s = schema()
    k = PyState(s, s.arrays({"zones": 2, "page_flags": 4}))
    with pytest.raises(TypeError):
        k.zones[1].nr_free = 1.5
    with pytest.raises(TypeError):
        k.page_flags[1] = 1.5
    with pytest.raises(ValueError, match="invalid value"):
        k.page_flags[1] = 65536
    with pytest.raises(AttributeError):
        k.zones[1].nr_fre = 1


def test_a_record_may_hold_floats_and_rows_of_numbers():
    memory = np.zeros(4, np.int64)
    my = record_class("my", [("ewma", "f8", 1), ("last", "i8", 3)]).from_buffer(memory)
    my.ewma += 0.5
    my.last[2] = 4
    assert memory.view(np.float64)[0] == 0.5
    assert memory[3] == 4


def test_a_simulation_takes_only_arrays_of_its_schema(tmp_path):
    build = toy.model(tmp_path, "@plain\ndef f(k):\n    return 1\n").build("steps")
    for wrong in (np.zeros(3), np.zeros((2, 2), np.int32), np.zeros(8, np.int32)[::2]):
        arrays = build.arrays({"links": 4}) | {"links": wrong}
        with pytest.raises(TypeError, match=r"arrays: links is not the array that Build.arrays\(\) made"):
            build.start(arrays)


def test_a_view_is_made_when_it_is_asked_for_and_a_name_of_nothing_is_refused():
    schema = Schema()
    schema.records("zones", nr_free="pages")
    k = PyState(schema, schema.arrays({"zones": 3}))
    assert "zones" not in vars(k)
    k.zones[2].nr_free = 7
    assert k.zones is vars(k)["zones"]
    with pytest.raises(AttributeError, match="no array 'zonse'"):
        k.zonse  # noqa: B018


@pytest.mark.parametrize("length", [10, 100_000])
def test_arrays_begin_as_zeros_whatever_others_have_left_in_memory(length):
    schema = Schema()
    schema.array("page_flags", "u4", "flags")
    for _ in range(4):
        found = schema.arrays({"page_flags": length})["page_flags"]
        assert not found.any() and found.dtype == np.uint32 and len(found) == length and found.flags.writeable
        found[:] = 1


def test_a_process_that_is_forked_has_arrays_of_its_own():
    schema = Schema()
    schema.array("page_flags", "u4", "flags")
    flags = schema.arrays({"page_flags": 100_000})["page_flags"]
    if (child := os.fork()) == 0:
        flags[:] = 1
        os._exit(0)
    os.waitpid(child, 0)
    assert not flags.any()


def test_a_field_that_is_declared_later_is_in_the_layout():
    schema = Schema()
    schema.records("zones", nr_free="pages")
    assert schema.dtype("zones").names == ("nr_free",)
    schema.records("zones", lock="a lock")
    assert schema.dtype("zones").names == ("nr_free", "lock")
