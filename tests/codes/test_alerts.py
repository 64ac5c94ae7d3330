"""N past its day (law.md section 2)."""

from datetime import date

from codes.alerts import Alert, Standing, n_overdue
from codes.book import Session
from codes.calendar import calendar_from_body, open_days
from tests.codes.given import calendar_body

THIS_YEAR = calendar_from_body(calendar_body())
DAYS = open_days([THIS_YEAR])
AM, PM = Session.AM, Session.PM


def test_n_is_overdue_from_the_day_after_its_fifth_school_day() -> None:
    """Law.md section 2, row N; SI 2024/208 reg 10(7) to (9)."""
    entries: list[Standing] = [
        (date(2026, 9, 7), AM, "N"),
        (date(2026, 9, 7), PM, "I"),
        (date(2026, 9, 8), AM, "N"),
        (date(2027, 7, 21), PM, "N"),
    ]
    assert n_overdue(entries, DAYS, date(2026, 9, 14)) is None
    overdue = n_overdue(entries, DAYS, date(2026, 9, 15))
    assert overdue is not None and overdue.kind is Alert.N_OVERDUE
    assert overdue.evidence() == {"sessions": [{"date": "2026-09-07", "session": "AM", "due": "2026-09-14"}]}
    later = n_overdue(entries, DAYS, date(2027, 9, 30))
    assert later is not None and len(later.sessions) == 2, "the last has no due date: no calendar reaches so far"
