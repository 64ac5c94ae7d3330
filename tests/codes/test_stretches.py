"""The stretches that all schools have in common tile each year, and turn where most schools are on holiday."""

from datetime import date, timedelta
from itertools import pairwise

import pytest

from codes.calendar import academic_year_bounds
from codes.stretches import HALF_TERMS, TERMS, YEAR, Stretch, stretches
from codes.who_counts import CensusPeriod, census_period


def named(year: str) -> dict[str, Stretch]:
    return {each.name: each for each in stretches(year)}


@pytest.mark.parametrize("year", [f"{n}-{(n + 1) % 100:02}" for n in range(2010, 2040)])
def test_terms_half_terms_and_months_each_tile_the_year(year: str) -> None:
    found = named(year)
    months = [name for name in found if name not in (YEAR, *TERMS, *HALF_TERMS)]
    assert len(found) == 1 + 3 + 6 + 12
    for kind in ((YEAR,), TERMS, HALF_TERMS, months):
        assert [found[name].first for name in kind] == sorted(found[name].first for name in kind)
        assert (found[kind[0]].first, found[kind[-1]].last) == academic_year_bounds(year)
        for before, after in pairwise(kind):
            assert found[after].first - found[before].last == timedelta(days=1)
    assert all(f"{found[name].first:%Y-%m}" == f"{found[name].last:%Y-%m}" == name for name in months)
    for term in TERMS:
        assert (found[f"{term}-1"].first, found[f"{term}-2"].last) == (found[term].first, found[term].last)


@pytest.mark.parametrize(
    ("on", "half"),
    [
        # The weeks in which most authorities broke up.
        *((date(2022, 10, 24), "autumn-2"), (date(2023, 10, 23), "autumn-2"), (date(2024, 10, 28), "autumn-2")),
        *((date(2025, 10, 26), "autumn-1"), (date(2025, 10, 27), "autumn-2"), (date(2026, 10, 26), "autumn-2")),
        *((date(2023, 2, 13), "spring-2"), (date(2024, 2, 12), "spring-2"), (date(2025, 2, 17), "spring-2")),
        *((date(2026, 2, 15), "spring-1"), (date(2026, 2, 16), "spring-2"), (date(2027, 2, 15), "spring-2")),
    ],
)
def test_the_halves_of_autumn_and_spring_turn_with_the_week_of_half_term(on: date, half: str) -> None:
    year = f"{on.year - (on.month < 8)}-{(on.year + (on.month >= 8)) % 100:02}"
    assert [each.name for each in stretches(year) if each.name in HALF_TERMS and each.first <= on <= each.last] == [
        half
    ]


@pytest.mark.parametrize("year", ["2019-20", "2021-22", "2025-26", "2026-27"])
def test_terms_and_the_halves_of_the_summer_are_the_censuss(year: str) -> None:
    periods = {
        "autumn": CensusPeriod.AUTUMN,
        "spring": CensusPeriod.SPRING,
        "summer-1": CensusPeriod.SUMMER_FIRST_HALF,
        "summer-2": CensusPeriod.SUMMER_SECOND_HALF,
    }
    for name, period in periods.items():
        stretch = named(year)[name]
        days = [stretch.first + timedelta(days=n) for n in range((stretch.last - stretch.first).days + 1)]
        assert {census_period(day) for day in days} == {period}
