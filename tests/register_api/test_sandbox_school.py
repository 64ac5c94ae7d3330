"""The school of a sandbox on whatever day it is begun: a school day when it can be one, and lawful throughout."""

from datetime import date, datetime, time, timedelta

import pytest

from codes.bank_holidays import BANK_HOLIDAYS
from codes.calendar import academic_year, calendar_from_body, closed_why, count
from codes.policy import policy_from_body, warnings
from kit.schools import LONDON
from register_api.admission import faults_of
from register_api.sandbox_school import OPENS, calendar, last_begun, pupils, said, school

DAYS = [date(2026, 8, 1) + timedelta(days=n) for n in range(3 * 365 + 1)]


def test_every_weekday_that_is_no_bank_holiday_is_a_school_day_of_the_present_year() -> None:
    for today in DAYS:
        body = said(calendar(today))
        kept = calendar_from_body(body, academic_year(today))
        assert (closed_why(kept, today) is None) == (today.weekday() < 5 and today not in BANK_HOLIDAYS), today
        assert [term.name for term in kept.terms] == ["autumn", "spring", "summer"]
        assert 180 <= count(kept)[0] <= 220


def test_what_to_try_first_has_begun_but_in_the_first_days_of_august() -> None:
    for today in DAYS:
        for clock in (time(7, 0), time(8, 44), OPENS, time(23, 59)):
            now = datetime.combine(today, clock, LONDON)
            day = last_begun(calendar(today), now)
            body = said(calendar(today))
            assert closed_why(calendar_from_body(body, academic_year(today)), day) is None
            if (day, OPENS) > (today, clock):
                # No school day of the year has begun yet: the first may be a Monday, the third.
                assert today.month == 8
                assert today.day <= 3
            elif today.weekday() < 5 and today not in BANK_HOLIDAYS and clock >= OPENS:
                assert day == today


@pytest.mark.parametrize("phase", ["primary", "secondary"])
def test_thirty_pupils_of_their_age_are_on_roll_from_the_first_day_on(phase: str) -> None:
    for today in DAYS[::7]:
        body = calendar(today)
        entries = pupils(phase, body)  # type: ignore[arg-type]
        assert len({entry.id for entry in entries}) == 30
        assert all(faults_of(entry, None) == () for entry in entries)
        first_year = int(academic_year(today)[:4])
        for entry in entries:
            # Years old on the last day of August: five in Year 1.
            age = first_year - entry.date_of_birth.year - (entry.date_of_birth > date(entry.date_of_birth.year, 8, 31))
            assert age == int(entry.year_group) + 4
            assert entry.starting_day.isoformat() == body.terms[0].starts
            assert entry.upn is None


def test_its_policy_is_one_that_the_guidance_has_nothing_against() -> None:
    body = school("secondary", "990001")
    assert body.policy is not None
    assert warnings(policy_from_body(body.policy), DAYS[0]) == ()
    assert (body.la_code, body.laestab, body.trust) == (None, None, None)
