"""What the tests of judging are given: two years of a school, a pupil of eight, and entries with what they replaced."""

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

from codes.alerts import Standing
from codes.book import Session
from codes.calendar import academic_year
from codes.judging import Asked
from codes.known import UNAUTHORISED, Entries, Known, Placed, Setting
from codes.policy import policy_from_body
from codes.school import School, calendar_of
from tests.codes.given import MONDAY, calendar_body
from tests.support.school import POLICY

AM, PM = Session.AM, Session.PM
LAST_YEAR: dict[str, Any] = {
    "terms": [{"name": "summer", "starts": "2026-04-13", "ends": "2026-07-21"}],
    "holidays": [],
}
CALENDARS = {
    year: calendar_of(year, json.dumps(body)) for year, body in (("2025-26", LAST_YEAR), ("2026-27", calendar_body()))
}
SCHOOL = School(CALENDARS, ())
DAYS = SCHOOL.all_school_days()
PUPIL = Known(date(2018, 2, 11), ((date(2025, 9, 3), None),), (Placed(date(2025, 9, 3), "4", "4B", {}),))


def setting(**policy: Any) -> Setting:
    """The school with a policy, and with Reception and the years 4 and 6 from the start."""
    school = School(CALENDARS, [(date(1900, 1, 1), policy_from_body({**POLICY, **policy}))])
    return Setting(school, tuple((date(2025, 9, 1), group) for group in ("R", "4", "6")), date(2025, 9, 1))


def days(*codes: str, first: date = MONDAY) -> list[Standing]:
    """School days one after another, each with its codes: "O O" or, for both sessions, "O"; "-" is no entry."""
    place = DAYS.index(first)
    found: list[Standing] = []
    for day, both in zip(DAYS[place:], codes, strict=False):
        found += [(day, at, code) for at, code in zip((AM, PM), (both.split() * 2)[:2], strict=True) if code != "-"]
    return found


def entries(
    standing: Sequence[Standing], replaced: str | None = None, waiting: frozenset[tuple[date, Session]] = frozenset()
) -> Entries:
    """The entries of a pupil; each in place of one code where one is given."""
    codes: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for on, _, code in standing:
        codes[academic_year(on)][code] += 1
    unauthorised = [each for each in standing if each[2] in UNAUTHORISED]
    began = {} if replaced is None else {(on, session): replaced for on, session, _ in standing}
    return Entries(standing, began, unauthorised, codes, waiting)


def asked(
    standing: Sequence[Standing],
    today: date | None = None,
    known: Known = PUPIL,
    of: Setting | None = None,
    years: tuple[str, ...] = ("2026-27",),
) -> Asked:
    """Ask about a pupil at the end of a day, by default that of the last entry."""
    return Asked(of or setting(), known, entries(standing), today or standing[-1][0], years)
