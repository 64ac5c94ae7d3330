"""The penalty threshold over several schools, joined by UPN (law.md 5.1 and 5.2, doubts 6 and 16)."""

import json
import re
from datetime import date, timedelta

from codes.alerts import Alert, Standing
from codes.book import Session
from codes.joined import AtSchool, MetAcross, across_schools
from tests.codes.given import weekdays

BORN = date(2015, 2, 11)
UPN = "B801200005001"
AM, PM = Session.AM, Session.PM
MONDAY = date(2026, 9, 7)
WEEKS = [MONDAY + timedelta(weeks=n) for n in range(20)]


def week(monday: date, codes: str) -> list[Standing]:
    days = weekdays(monday, 5)
    return [(days[place // 2], (AM, PM)[place % 2], code) for place, code in enumerate(codes.split())]


def at(urn: str, *weeks: list[Standing], of: list[date] = WEEKS, upn: str = UPN, born: date = BORN) -> AtSchool:
    return AtSchool(urn, upn, born, [entry for one in weeks for entry in one], of)


def across(*parts: AtSchool, spent: set[tuple[date, Session]] | None = None) -> tuple[MetAcross, ...]:
    return across_schools(parts, {UPN: spent or set()}).get(UPN, ())


LEFT = at("900001", week(WEEKS[0], "O O O O O O"))
JOINED = at("900002", week(WEEKS[3], "U U U N"))


def test_six_sessions_at_one_school_and_four_at_the_next_meet_the_threshold_together() -> None:
    [met] = across(LEFT, JOINED)
    assert (met.kind, met.since) == (Alert.PENALTY_THRESHOLD, date(2026, 9, 29))
    assert met.period == "2026-27 across schools"
    assert met.together.provisional
    evidence = json.loads(json.dumps(met.evidence()))
    assert [one["urn"] for one in evidence["sessions"]] == ["900001"] * 6 + ["900002"] * 4
    assert evidence["source"] and evidence["closes_when"]


def test_a_school_sees_its_own_sessions_and_how_many_there_were_elsewhere() -> None:
    [met] = across(LEFT, JOINED)
    seen = met.seen_by("900002")
    assert [one["code"] for one in seen["sessions"]] == ["U", "U", "U", "N"]
    assert seen["elsewhere"] == 6
    assert seen["source"] and seen["closes_when"]
    assert "900001" not in json.dumps(seen)


def test_a_school_is_told_no_day_on_which_only_another_had_a_session() -> None:
    """Not that on which it was met, nor the window, nor whether it rests on an N: all may be of another's register."""
    [met] = across(LEFT, JOINED, spent={(WEEKS[0] - timedelta(days=3), PM)})
    seen = met.seen_by("900001")
    days = {one["date"] for one in seen["sessions"]}
    assert days == {"2026-09-07", "2026-09-08", "2026-09-09"}
    assert set(re.findall(r"\d{4}-\d\d-\d\d", json.dumps(seen))) == days
    assert seen.keys() == {"sessions", "elsewhere", "rule", "source", "closes_when"}


def test_the_weeks_of_the_schools_are_joined() -> None:
    """Law.md section 9, doubt 6: a week in which either school was open is a school week of the pupil's."""
    ten = WEEKS[:10]
    early = at("900001", week(WEEKS[0], "O O O O O O O O O"), of=[*ten[:5], WEEKS[10]])
    late = at("900002", week(WEEKS[10], "O"), of=[WEEKS[0], *ten[5:], WEEKS[10]])
    assert across(early, late) == (), "by the weeks of the two it is the eleventh"
    fewer = at("900002", week(WEEKS[10], "O"), of=[WEEKS[0], *ten[6:], WEEKS[10]])
    assert len(across(early, fewer)) == 1, "in the sixth neither was open"


def test_an_entry_counts_in_a_week_of_its_own_school_alone() -> None:
    early = at("900001", week(WEEKS[0], "O O O O O O"), of=WEEKS[1:])
    assert across(early, JOINED) == ()


def test_sessions_of_pupils_with_other_upns_are_not_joined() -> None:
    assert across_schools([LEFT, at("900002", week(WEEKS[3], "U U U N"), upn="M80120000500A")], {}) == {}


def test_what_one_school_alone_met_is_its_own_alert_and_not_told_again() -> None:
    alone = at("900001", week(WEEKS[0], "O O O O O O O O O O"))
    assert across(alone, JOINED) == ()
    assert across(alone) == ()
    assert across(alone, at("900001", week(WEEKS[3], "O"))) == ()


def test_a_session_that_two_schools_mark_absent_counts_once_and_the_true_code_stands_for_it() -> None:
    nine = "O O O O O O O O O"
    first, second = at("900001", week(WEEKS[0], nine)), at("900002", week(WEEKS[0], "N"))
    assert across(first, second) == ()
    both = across(at("900001", week(WEEKS[0], "N O O O O")), at("900002", week(WEEKS[0], "O"), week(WEEKS[1], nine)))
    assert [entry[2] for entry in both[0].together.met.sessions] == ["O"] * 10
    kept = across(at("900001", week(WEEKS[0], "U O O O O")), at("900002", week(WEEKS[0], "O"), week(WEEKS[1], nine)))
    assert kept[0].together.met.sessions[0][2] == "U" and kept[0].urns[0] == "900001"


def test_a_school_that_has_yet_to_delete_the_name_does_not_make_absences_of_what_another_attended() -> None:
    """Quiet: the pupil sits at the new school while the old one goes on marking O."""
    old = at("900001", week(WEEKS[0], "O O O O O"), week(WEEKS[3], "O O O O"))
    for code in ("/", "V", "I"):
        new = at("900002", week(WEEKS[3], f"{code} O {code} {code}"), week(WEEKS[4], "O"))
        assert across(old, new) == ()
    assert across(old, at("900002", week(WEEKS[4], "O"))) != ()
    dual = at("900002", week(WEEKS[3], "D D"), week(WEEKS[4], "O O"))
    assert across(at("900001", week(WEEKS[0], "O O O O O O"), week(WEEKS[3], "O O")), dual) != ()


def test_each_school_knows_a_date_of_birth_of_its_own() -> None:
    young = at("900002", week(WEEKS[3], "U U U U"), born=date(2023, 2, 11))
    assert across(LEFT, young) == ()


def test_spent_sessions_do_not_count_across_schools_either() -> None:
    assert across(LEFT, JOINED, spent={(MONDAY, AM)}) == ()
