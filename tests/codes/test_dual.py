"""Law.md 1.9: for one session one school alone holds a mark other than D or X."""

from datetime import date

import pytest

from codes.alerts import Alert
from codes.book import Session
from codes.dual import Conflict, conflict, dual_conflicts
from codes.joined import AtSchool
from tests.codes.given import MONDAY, weekdays

UPN = "B801200005001"


@pytest.mark.parametrize(
    ("here", "there", "found"),
    [
        ("/", "D", None),
        ("X", "N", None),
        ("/", "/", Conflict.BOTH_MARKED),
        ("I", "O", Conflict.BOTH_MARKED),
        ("D", "D", Conflict.NEITHER_MARKED),
        ("D", "X", Conflict.NEITHER_MARKED),
        (None, "/", None),
        ("D", None, None),
        (None, None, None),
    ],
)
def test_two_schools_entries_of_one_session(here: str | None, there: str | None, found: Conflict | None) -> None:
    assert conflict(here, there) is found
    assert conflict(there, here) is found


def at(urn: str, *codes: str, upn: str = UPN, first: date = MONDAY) -> AtSchool:
    days = weekdays(first, 5)
    entries = [(days[n // 2], (Session.AM, Session.PM)[n % 2], code) for n, code in enumerate(codes)]
    return AtSchool(urn, upn, date(2015, 2, 11), [entry for entry in entries if entry[2] != "-"], [first])


def test_two_schools_that_divide_a_week_between_them_do_not_contradict_each_other() -> None:
    assert dual_conflicts([at("900001", *"//DDI-"), at("900002", *"DD/LDD")]) == {}
    assert dual_conflicts([at("900001", "/", "/")]) == {}
    assert dual_conflicts([at("900001", "/"), at("900002", "/", upn="B801200005002")]) == {}


def test_sessions_that_both_have_marked_or_neither_are_one_alert_of_the_year() -> None:
    found = dual_conflicts([at("900002", "/", "D", "D", "I"), at("900001", "O", "D", "/", "N")])
    [alert] = found[UPN]
    assert (alert.kind, alert.since, alert.period) == (Alert.DUAL_CONFLICT, MONDAY, "2026-27 900001 900002")
    evidence = alert.evidence()
    assert evidence["schools"] == ["900001", "900002"]
    assert evidence["sessions"] == [
        {
            "date": "2026-09-07",
            "session": "AM",
            "conflict": "both-marked",
            "codes": {"900001": "O", "900002": "/"},
        },
        {
            "date": "2026-09-07",
            "session": "PM",
            "conflict": "neither-marked",
            "codes": {"900001": "D", "900002": "D"},
        },
        {
            "date": "2026-09-08",
            "session": "PM",
            "conflict": "both-marked",
            "codes": {"900001": "N", "900002": "I"},
        },
    ]
    assert evidence["rule"] and evidence["source"] and evidence["closes_when"]


def test_a_school_sees_its_own_code_and_that_the_other_disagrees() -> None:
    [alert] = dual_conflicts([at("900001", "O"), at("900002", "/")])[UPN]
    assert alert.seen_by("900001")["sessions"] == [
        {"date": "2026-09-07", "session": "AM", "conflict": "both-marked", "code": "O"}
    ]


def test_another_year_and_another_pair_of_schools_are_other_alerts() -> None:
    later = date(2027, 9, 6)
    of_two_years = [
        AtSchool(urn, UPN, date(2015, 2, 11), [*at(urn, "/").entries, *at(urn, "/", first=later).entries], [])
        for urn in ("900001", "900002")
    ]
    assert [each.period for each in dual_conflicts(of_two_years)[UPN]] == [
        "2026-27 900001 900002",
        "2027-28 900001 900002",
    ]
    three = [at(urn, "/") for urn in ("900001", "900002", "900003")]
    assert len(dual_conflicts(three)[UPN]) == 3


@pytest.mark.parametrize("code", ["#", "Y1", "Y4", "Y7", "Z"])
def test_a_school_that_had_no_session_contradicts_nobody(code: str) -> None:
    assert dual_conflicts([at("900001", code), at("900002", "/")]) == {}
    assert dual_conflicts([at("900001", "/"), at("900002", code)]) == {}
