"""The DfE's own file, column by column: its header is ours, and our figures under it are its figures."""

import csv

import pytest

from codes import published
from tests.codes.test_dfe_sample import ROWS, SAMPLE, place, tallied

PER_SCHOOL = {"num_schools", "enrolments", "total_num_schools", "total_enrolments", "pa_perc"}
"""What follows from schools and enrolments, and not from sessions."""


def test_the_columns_are_those_of_the_file_in_their_order() -> None:
    header = next(csv.reader(SAMPLE.read_text(encoding="utf-8").splitlines()))
    assert list(published.COLUMNS) == header


@pytest.mark.parametrize("row", ROWS, ids=place)
def test_a_tally_gives_every_column_that_follows_from_sessions(row: dict[str, str]) -> None:
    """Law.md 4.1 and 4.2."""
    found = published.sessions(tallied(row))
    assert found.keys() == set(published.MEASURES) - PER_SCHOOL
    assert found == {column: float(row[column]) for column in found}


def test_the_sums_are_what_can_be_added_up_over_areas() -> None:
    assert set(published.SUMS) == {name for name in published.MEASURES if not name.endswith("_perc")} - PER_SCHOOL
