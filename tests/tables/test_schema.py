"""The schema says what is there, and what is there is in the schema."""

import polars as pl
import pytest

from gfplab.kernel.types import kernel_schema
from gfplab.tables.metrics import METRICS
from gfplab.tables.schema import DTYPES, TABLES


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_exactly_the_columns_of_its_schema_in_order_and_type(tables, name):
    table, frame = TABLES[name], tables[name]
    assert frame.columns[: len(table.columns)] == table.names
    assert [frame.schema[column.name] for column in table.columns] == [DTYPES[c.dtype] for c in table.columns]
    assert table.further or frame.width == len(table.columns)


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_sorted_by_its_key(tables, name):
    key = list(TABLES[name].key)
    assert tables[name].equals(tables[name].sort(key, maintain_order=True))


def test_every_table_and_column_is_explained():
    for table in TABLES.values():
        assert table.meaning.endswith(".")
        assert all(column.meaning and column.dtype in DTYPES for column in table.columns)


def test_a_run_has_one_column_for_every_metric(tables):
    assert tables["runs"].columns[len(TABLES["runs"].columns) :] == list(METRICS)
    assert all(tables["runs"].schema[name] == pl.Float64 for name in METRICS)


def test_the_run_made_by_hand_has_only_fields_that_the_kernel_has(synthetic):
    fields = kernel_schema().fields
    for records, used in synthetic.FIELDS.items():
        assert set(used) <= set(fields[records]), records
