"""Law.md 1.4: six years from the day an entry was made, the whole chain from its last entry."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codes.retention import REGULATION, TooShort, counts_from, kept_until, latest_to_go, may_be_retired, years_kept

DAYS = st.dates(date(2008, 1, 1), date(2060, 12, 31))


def test_an_entry_is_kept_to_the_end_of_the_day_six_years_later() -> None:
    assert kept_until(date(2019, 9, 5)) == date(2025, 9, 5)
    assert kept_until(date(2019, 9, 5), 10) == date(2029, 9, 5)


def test_an_entry_of_a_leap_day_is_kept_until_the_first_of_march() -> None:
    assert kept_until(date(2020, 2, 29)) == date(2026, 3, 1)
    assert kept_until(date(2020, 2, 29), 8) == date(2028, 2, 29)


@given(DAYS, st.integers(6, 12))
def test_what_may_go_is_exactly_what_is_no_longer_kept(today: date, years: int) -> None:
    latest = latest_to_go(today, years)
    assert kept_until(latest, years) < today
    assert kept_until(latest + timedelta(days=1), years) >= today


def test_fewer_years_than_six_are_refused_by_the_name_of_the_regulation() -> None:
    assert [years_kept(years) for years in (6, 7)] == [6, 7]
    with pytest.raises(TooShort, match="regulation 7") as caught:
        years_kept(3)
    assert REGULATION in str(caught.value)


def test_history_counts_from_when_it_was_made_and_all_else_from_the_later_instant() -> None:
    made, recorded = datetime(2019, 9, 5, tzinfo=UTC), datetime(2026, 9, 5, tzinfo=UTC)
    assert counts_from("history", made, recorded) == made
    assert counts_from("live", made, recorded) == recorded
    assert counts_from("live", recorded, made) == recorded


def test_a_year_is_looked_at_once_its_last_day_is_past_keeping() -> None:
    assert not may_be_retired("2018-19", date(2025, 7, 31))
    assert may_be_retired("2018-19", date(2025, 8, 1))
    assert not may_be_retired("2018-19", date(2025, 8, 1), 7)
