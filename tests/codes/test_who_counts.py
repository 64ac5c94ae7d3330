"""Who counts, the census periods, and persistence as it once was (law.md 4.3, 4.4 and 4.7)."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from codes import who_counts
from codes.calendar import academic_year, academic_year_bounds
from codes.who_counts import CensusPeriod, Counted, Span

AGED_15 = date(2009, 10, 1)
AGED_8 = date(2017, 10, 1)


@pytest.mark.parametrize(
    ("born", "counts", "apart"),
    [
        (date(2021, 9, 1), False, True),
        (date(2021, 8, 31), True, False),
        (date(2010, 9, 1), True, False),
        (date(2010, 8, 31), False, False),
        (date(2022, 9, 1), False, False),
    ],
)
def test_pupils_aged_5_to_15_on_31_august_count_and_those_of_4_apart(born: date, counts: bool, apart: bool) -> None:
    """Law.md 4.3."""
    assert who_counts.age_counts(born, "2026-27") is counts
    assert who_counts.published_apart(born, "2026-27") is apart


@pytest.mark.parametrize(("possible", "absent", "counts"), [(0, 0, False), (1, 0, True), (2, 2, True), (2, 3, False)])
def test_an_enrolment_needs_a_possible_session_and_no_more_absence(possible: int, absent: int, counts: bool) -> None:
    """Law.md 4.3."""
    assert who_counts.enrolment_counts(possible, absent) is counts


def test_a_school_of_fewer_than_six_enrolments_does_not_count() -> None:
    """Law.md 4.3."""
    assert not who_counts.school_counts(5)
    assert who_counts.school_counts(6)


@pytest.mark.parametrize(
    ("on", "period"),
    [
        (date(2025, 8, 1), CensusPeriod.AUTUMN),
        (date(2025, 12, 31), CensusPeriod.AUTUMN),
        (date(2026, 1, 1), CensusPeriod.SPRING),
        (date(2026, 4, 5), CensusPeriod.SPRING),
        (date(2026, 4, 6), CensusPeriod.SUMMER_FIRST_HALF),
        (date(2026, 5, 24), CensusPeriod.SUMMER_FIRST_HALF),
        (date(2026, 5, 25), CensusPeriod.SUMMER_SECOND_HALF),
        (date(2026, 7, 31), CensusPeriod.SUMMER_SECOND_HALF),
        (date(2022, 5, 29), CensusPeriod.SUMMER_FIRST_HALF),
        (date(2022, 5, 30), CensusPeriod.SUMMER_SECOND_HALF),
        (date(2012, 6, 3), CensusPeriod.SUMMER_FIRST_HALF),
        (date(2012, 6, 4), CensusPeriod.SUMMER_SECOND_HALF),
        (date(2030, 5, 26), CensusPeriod.SUMMER_FIRST_HALF),
        (date(2030, 5, 27), CensusPeriod.SUMMER_SECOND_HALF),
    ],
)
def test_the_census_periods_turn_on_easter_and_the_spring_bank_holiday(on: date, period: CensusPeriod) -> None:
    """Law.md 4.7, the moved holidays of 2012 and 2022 and a year not yet published included."""
    assert who_counts.census_period(on) is period


@pytest.mark.parametrize(
    "easter",
    [date(2000, 4, 23), date(2008, 3, 23), date(2011, 4, 24), date(2019, 4, 21), date(2026, 4, 5), date(2038, 4, 25)],
)
def test_easter_is_where_the_almanac_has_it(easter: date) -> None:
    assert who_counts.easter_sunday(easter.year) == easter


def test_who_enrols_in_the_second_half_of_the_summer_term_does_not_count() -> None:
    """Law.md 4.3."""
    assert who_counts.enrolled_in_time(date(2026, 5, 22))
    assert not who_counts.enrolled_in_time(date(2026, 6, 1))


def test_sessions_of_year_11_in_the_second_half_of_the_summer_term_do_not_count() -> None:
    """Law.md 4.3."""
    assert who_counts.session_counts(AGED_15, date(2026, 5, 22))
    assert not who_counts.session_counts(AGED_15, date(2026, 6, 1))
    assert who_counts.session_counts(AGED_8, date(2026, 6, 1))


def test_boarders_and_latecomers_are_outside_the_main_tables() -> None:
    """Law.md 4.3."""
    september = date(2025, 9, 3)
    assert who_counts.pupil_counts(AGED_8, "2025-26", boarder=False, first_day=september)
    assert not who_counts.pupil_counts(AGED_8, "2025-26", boarder=True, first_day=september)
    assert not who_counts.pupil_counts(AGED_8, "2025-26", boarder=False, first_day=date(2026, 7, 1))
    assert not who_counts.pupil_counts(AGED_8 - timedelta(days=4000), "2025-26", boarder=False, first_day=september)


@pytest.mark.parametrize(
    ("year", "span", "sessions"),
    [
        ("2005-06", Span.AUTUMN, 28),
        ("2009-10", Span.AUTUMN_AND_SPRING, 52),
        ("2009-10", Span.FIVE_HALF_TERMS, 64),
        ("2010-11", Span.AUTUMN, 22),
        ("2012-13", Span.SPRING, 16),
        ("2013-14", Span.AUTUMN_AND_SPRING, 38),
        ("2014-15", Span.FIVE_HALF_TERMS, 46),
        ("2014-15", Span.FULL_YEAR, 56),
    ],
)
def test_persistence_was_once_a_number_of_sessions(year: str, span: Span, sessions: int) -> None:
    """Law.md 4.4."""
    assert who_counts.was_persistent(year, span, sessions, 400) is True
    assert who_counts.was_persistent(year, span, sessions - 1, 1) is False


def test_persistence_is_ten_per_cent_since_2015() -> None:
    """Law.md 4.4."""
    assert who_counts.was_persistent("2015-16", Span.FULL_YEAR, 38, 380) is True
    assert who_counts.was_persistent("2026-27", Span.AUTUMN, 37, 380) is False


def test_a_time_or_span_without_a_definition_has_no_answer() -> None:
    """Law.md 4.4: before 2005/06, and spans that had no figure."""
    assert who_counts.was_persistent("2004-05", Span.AUTUMN, 99, 100) is None
    assert who_counts.was_persistent("2005-06", Span.FULL_YEAR, 99, 100) is None


@given(
    born=st.dates(date(2006, 1, 1), date(2024, 12, 31)),
    boarder=st.booleans(),
    starts=st.lists(st.dates(date(2022, 1, 1), date(2030, 12, 31)), min_size=1, max_size=4, unique=True),
    days=st.integers(1, 500),
    ended=st.booleans(),
)
@example(date(2007, 1, 1), False, [date(2022, 6, 1), date(2022, 6, 2)], 1, False)
@settings(max_examples=100, deadline=None)
def test_stretches_say_of_every_day_on_roll_what_the_rules_say_of_it(
    born: date, boarder: bool, starts: list[date], days: int, ended: bool
) -> None:
    """Law.md 4.3."""
    firsts = sorted(starts)
    ends = [min(first + timedelta(days=days), after) for first, after in pairwise([*firsts, date(2033, 1, 1)])]
    spans = list(zip(firsts, [*ends[:-1], ends[-1] if ended else None], strict=True))
    found = who_counts.standings(born, boarder, spans)
    assert all(until is None or first < until for first, until, _ in found)
    for day in (date(2022, 1, 1) + timedelta(days=n) for n in range(0, 4000, 7)):
        span = next((at for at, (first, end) in enumerate(spans) if first <= day and (end is None or day < end)), None)
        holding = [counted for first, until, counted in found if first <= day and (until is None or day < until)]
        if span is None:
            assert holding == []
            continue
        year = academic_year(day)
        in_year = [first for first, _ in spans[: span + 1] if academic_year(first) == year]
        carried = any(
            first < academic_year_bounds(year)[0] and (end is None or end > academic_year_bounds(year)[0])
            for first, end in spans[: span + 1]
        )
        entered = academic_year_bounds(year)[0] if carried or not in_year else in_year[0]
        kept = not boarder and who_counts.session_counts(born, day) and who_counts.enrolled_in_time(entered)
        main, four = who_counts.age_counts(born, year), who_counts.published_apart(born, year)
        expected = Counted.MAIN if kept and main else Counted.AGED_FOUR if kept and four else Counted.NONE
        assert holding == [expected], day


def test_the_census_periods_of_a_year_begin_where_a_day_of_each_is_first_met() -> None:
    """Law.md 4.7."""
    for year in ("2021-22", "2025-26", "2026-27"):
        first, last = academic_year_bounds(year)
        met: dict[CensusPeriod, date] = {}
        for n in range((last - first).days + 1):
            met.setdefault(who_counts.census_period(first + timedelta(days=n)), first + timedelta(days=n))
        assert who_counts.census_periods(year) == tuple(met.items())
