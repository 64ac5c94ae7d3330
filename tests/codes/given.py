"""What the tests of the law are given: a school day, its sessions, and a pupil of eight."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from codes.book import Session
from codes.policy import DEFAULT, RegisterTimes
from codes.refusals import REFUSALS, Refused
from codes.register import (
    Amended,
    Amendment,
    Entered,
    Entry,
    Mark,
    Pupil,
    Sitting,
    Unchanged,
    decide_amendment,
    decide_mark,
)

LONDON = ZoneInfo("Europe/London")
MONDAY = date(2026, 9, 7)
AM_TIMES = RegisterTimes(Session.AM, time(8, 45), time(9, 15), time(12, 0), None)
PM_TIMES = RegisterTimes(Session.PM, time(13, 0), time(13, 30), time(15, 15), None)
PUPIL = Pupil(date(2018, 2, 11), ((date(2026, 9, 3), None),), "3", False)
YOUNG = replace(PUPIL, date_of_birth=date(2022, 2, 11), year_group="R")
STARTS_TUESDAY = replace(PUPIL, on_roll=((MONDAY + timedelta(days=1), None),))
LONG_ON_ROLL = replace(PUPIL, date_of_birth=date(2012, 2, 11), on_roll=((date(2016, 9, 1), None),))
AM = Sitting(MONDAY, Session.AM, None, AM_TIMES)
PM = Sitting(MONDAY, Session.PM, None, PM_TIMES)
CLOSED = replace(AM, closed="holiday")


def london(on: date, at: str) -> datetime:
    return datetime.combine(on, time.fromisoformat(at), LONDON)


NOON = london(MONDAY, "12:00")
EVENING = london(MONDAY, "18:00")


def sitting_on(on: date, session: Session = Session.AM, closed: str | None = None) -> Sitting:
    return Sitting(on, session, closed, next(r for r in DEFAULT.registers if r.session is session))


def weekdays(first: date, n: int) -> list[date]:
    days = (first + timedelta(days=d) for d in range(n * 7))
    return [day for day in days if day.weekday() < 5][:n]


def calendar_body(**changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "terms": [
            {"name": "autumn", "starts": "2026-09-03", "ends": "2026-12-18"},
            {"name": "spring", "starts": "2027-01-04", "ends": "2027-03-25"},
            {"name": "summer", "starts": "2027-04-12", "ends": "2027-07-21"},
        ],
        "holidays": [
            {"from": "2026-10-26", "to": "2026-10-30", "name": "half-term"},
            {"from": "2027-02-15", "to": "2027-02-19", "name": "half-term"},
            {"from": "2027-05-31", "to": "2027-06-04", "name": "half-term"},
        ],
        "inset_days": ["2026-09-03"],
    }
    return body | changes


UNEXPLAINED = Entry("N", 1)
Outcome = Entered | Amended | Unchanged | Refused


def marked(
    mark: Mark,
    pupil: Pupil = PUPIL,
    sitting: Sitting = AM,
    *,
    first: Entry | None = None,
    current: Entry | None = None,
    now: datetime = EVENING,
) -> Outcome:
    return decide_mark(mark, pupil, sitting, first, current or first, now)


def amended(
    amendment: Amendment,
    current: Entry | None = UNEXPLAINED,
    pupil: Pupil = PUPIL,
    sitting: Sitting = AM,
    now: datetime = EVENING,
) -> Outcome:
    return decide_amendment(amendment, pupil, sitting, current, now)


def refused(outcome: Outcome) -> tuple[str, str]:
    assert isinstance(outcome, Refused), outcome
    assert outcome.slug in REFUSALS
    assert outcome.detail.endswith(".")
    return outcome.slug, outcome.member
