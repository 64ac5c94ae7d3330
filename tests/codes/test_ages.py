"""Compulsory school age, age on 31 August and year groups (law.md 8.3 and 8.4; Education Act 1996 s.8)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codes import ages

BIRTHDAYS = st.dates(date(1995, 1, 1), date(2030, 12, 31))


@pytest.mark.parametrize(
    ("born", "begins"),
    [
        (date(2018, 2, 11), date(2023, 3, 31)),
        (date(2018, 3, 31), date(2023, 3, 31)),
        (date(2018, 4, 1), date(2023, 8, 31)),
        (date(2018, 8, 31), date(2023, 8, 31)),
        (date(2018, 9, 1), date(2023, 12, 31)),
        (date(2018, 12, 31), date(2023, 12, 31)),
        (date(2019, 1, 1), date(2024, 3, 31)),
        (date(2020, 2, 29), date(2025, 3, 31)),
    ],
)
def test_compulsory_age_begins_on_the_prescribed_day_on_or_after_the_fifth_birthday(born: date, begins: date) -> None:
    """Law.md 8.3."""
    assert ages.compulsory_school_age(born)[0] == begins
    assert not ages.of_compulsory_age(born, begins - timedelta(days=1))
    assert ages.of_compulsory_age(born, begins)


@pytest.mark.parametrize(
    ("born", "ends"),
    [
        (date(2010, 9, 1), date(2027, 6, 25)),
        (date(2011, 8, 31), date(2027, 6, 25)),
        (date(2011, 7, 15), date(2027, 6, 25)),
        (date(2010, 8, 31), date(2026, 6, 26)),
        (date(2012, 2, 29), date(2028, 6, 30)),
    ],
)
def test_compulsory_age_ends_on_the_last_friday_in_june_of_the_year_of_sixteen(born: date, ends: date) -> None:
    """Law.md 8.3."""
    assert ages.of_compulsory_age(born, ends)
    assert not ages.of_compulsory_age(born, ends + timedelta(days=1))


@given(BIRTHDAYS)
def test_compulsory_age_lasts_from_five_to_sixteen(born: date) -> None:
    first, last = ages.compulsory_school_age(born)
    assert ages.birthday(born, 5) <= first < ages.birthday(born, 5) + timedelta(days=154)
    assert last.weekday() == 4 and last.month == 6 and (last + timedelta(days=7)).month == 7
    assert ages.age_on(born, date(last.year, 8, 31)) == 16


def test_a_birthday_of_29_february_falls_on_1_march_of_a_common_year() -> None:
    assert ages.birthday(date(2020, 2, 29), 5) == date(2025, 3, 1)
    assert ages.age_on(date(2020, 2, 29), date(2025, 2, 28)) == 4
    assert ages.age_on(date(2020, 2, 29), date(2024, 2, 29)) == 4


@pytest.mark.parametrize(
    ("born", "age", "group"),
    [
        (date(2021, 8, 31), 5, "1"),
        (date(2021, 9, 1), 4, "R"),
        (date(2022, 9, 1), 3, "N2"),
        (date(2024, 8, 31), 2, "N1"),
        (date(2010, 9, 1), 15, "11"),
        (date(2007, 9, 1), 18, "14"),
        (date(2007, 8, 31), 19, None),
        (date(2024, 9, 1), 1, None),
    ],
)
def test_the_age_on_31_august_decides_the_year_group(born: date, age: int, group: str | None) -> None:
    """Law.md 8.4: reception at 4, year 1 at 5, year 11 at 15."""
    assert ages.age_on_31_august(born, "2026-27") == age
    assert ages.expected_year_group(born, "2026-27") == group


def test_the_year_groups_are_those_of_the_census() -> None:
    """Law.md 8.4: N1, N2, R, 1 to 14, X."""
    assert ages.YEAR_GROUPS == (
        "N1",
        "N2",
        "R",
        "1",
        "2",
        "3",
        "4",
        "5",
        "6",
        "7",
        "8",
        "9",
        "10",
        "11",
        "12",
        "13",
        "14",
        "X",
    )
