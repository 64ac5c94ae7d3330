"""What the tests of the penalty threshold are given: two years of school weeks, and entries in them."""

from datetime import date

from codes.alerts import Standing
from codes.book import Session
from codes.calendar import calendar_from_body, open_days, school_weeks
from tests.codes.given import calendar_body, weekdays

BORN = date(2015, 2, 11)
LAST_YEAR = calendar_from_body(
    {
        "terms": [
            {"name": "autumn", "starts": "2025-09-03", "ends": "2025-12-19"},
            {"name": "summer", "starts": "2026-04-13", "ends": "2026-07-21"},
        ],
        "holidays": [{"from": "2026-05-25", "to": "2026-05-29", "name": "half-term"}],
    }
)
THIS_YEAR = calendar_from_body(calendar_body())
DAYS = open_days([LAST_YEAR, THIS_YEAR])
WEEKS = school_weeks(DAYS)
LEAVES = date(2010, 9, 1)
"""Born so, a pupil turns 16 in 2026-27: compulsory school age ends on Friday 25 June 2027."""
AM, PM = Session.AM, Session.PM
NOVEMBER = WEEKS.index(date(2026, 11, 2))


def week(n: int, codes: str) -> list[Standing]:
    """Entries of the nth school week, one code a session from Monday morning on."""
    days = weekdays(WEEKS[n], 5)
    return [(days[place // 2], (AM, PM)[place % 2], code) for place, code in enumerate(codes.split())]


def spread(first: int, *weeks: str) -> list[Standing]:
    return [entry for n, codes in enumerate(weeks, start=first) for entry in week(n, codes)]
