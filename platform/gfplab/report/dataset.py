"""What a person reads about a dataset of free-running workers: a table, a row for each study or for each policy."""

import polars as pl
from rich.table import Table

from gfplab.report.tables import add_row, new_table, number


def dataset_page(found: pl.DataFrame) -> Table:
    """The table; texts stand left, numbers right."""
    texts = sum(dtype == pl.String for dtype in found.dtypes)
    table = new_table(tuple(found.columns), numbers_from=texts)
    for row in found.iter_rows():
        add_row(table, *(number(cell) if isinstance(cell, float) else cell for cell in row))
    return table
