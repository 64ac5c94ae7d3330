"""Absence without a break: two runs with two sets of codes, and no return after a leave (law.md 1.6 and 1.7)."""

import json
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codes.alerts import Alert, Standing
from codes.book import Session
from codes.continuous import NotReturned, Run, absent_20_days, not_returned_from_leave, unauthorised_10_days
from codes.grounds import Case, contradicted
from tests.codes.given import weekdays

BORN = date(2018, 2, 11)
DAYS = weekdays(date(2026, 9, 7), 40)
HALF_TERM = DAYS[35:]
SCHOOL_DAYS = [day for day in DAYS if day not in HALF_TERM] + weekdays(HALF_TERM[-1] + timedelta(days=3), 20)


def entries(*codes: str, days: list[date] = DAYS) -> list[Standing]:
    """Entries of one day each: "O" stands for a whole day, "O/" for a morning and an afternoon, "O-" lacks one."""
    pairs = (code if len(code) == 2 else code * 2 for code in codes)
    return [
        (day, session, code)
        for day, pair in zip(days, pairs, strict=False)
        for session, code in zip(Session, pair, strict=True)
        if code != "-"
    ]


def spelt(*rows: tuple[int, str, str]) -> list[Standing]:
    return [
        (SCHOOL_DAYS[n], session, code) for n, am, pm in rows for session, code in zip(Session, (am, pm), strict=True)
    ]


def runs(standing: list[Standing], born: date = BORN) -> tuple[Run, ...]:
    return unauthorised_10_days(standing, SCHOOL_DAYS, born)


def test_ten_school_days_of_g_n_o_and_u_belong_in_the_attendance_return() -> None:
    """Law.md 1.7: every unauthorised code counts here, U included."""
    assert runs(entries(*"GNOUGNOUG")) == ()
    [run] = runs(entries(*"GNOUGNOUGN"))
    assert (run.kind, run.since, run.period) == (Alert.UNAUTHORISED_10_DAYS, DAYS[9], "2026-09-07")
    evidence = json.loads(json.dumps(run.evidence()))
    assert (evidence["school_days"], evidence["codes"]) == (10, {"G": 6, "N": 6, "O": 4, "U": 4})
    assert "attendance return" in evidence["rule"] and evidence["source"] and evidence["closes_when"]
    assert len(evidence["sessions"]) == 20 and "tests" not in evidence


@pytest.mark.parametrize("code", ["/", "L", "V", "I", "C", "M", "E", "T"])
def test_an_attended_or_authorised_session_breaks_the_ten_days(code: str) -> None:
    """Law.md 1.7: one session is enough."""
    assert runs(entries(*"OOOOO", "O" + code, *"OOOOOOOOO")) == ()
    assert len(runs(entries(*"OOOOO", code, *"OOOOOOOOOO"))) == 1


@pytest.mark.parametrize("code", ["D", "Q", "X", "1", "7"])
def test_a_session_that_the_pupil_was_not_required_at_neither_breaks_nor_counts(code: str) -> None:
    """Law.md 1.7: neutral; a day counts by its other session, and not where both are neutral."""
    written = {"1": "Y1", "7": "Y7"}.get(code, code)
    half = spelt(*((n, "O", "O") for n in range(9)), (9, "O", written))
    [run] = unauthorised_10_days(half, SCHOOL_DAYS, BORN)
    assert run.since == SCHOOL_DAYS[9]
    whole = spelt(*((n, "O", "O") for n in range(9)), (9, written, written), (10, "O", "O"))
    [run] = unauthorised_10_days(whole, SCHOOL_DAYS, BORN)
    assert run.since == SCHOOL_DAYS[10]


def test_weekends_half_term_and_closed_days_neither_break_nor_extend_the_ten_days() -> None:
    before = entries(*"OOOOO", days=DAYS[30:35])
    after = entries(*"OOOOO", days=SCHOOL_DAYS[35:])
    [run] = runs([*before, *after])
    assert run.since == SCHOOL_DAYS[39]
    closed = entries("O", days=HALF_TERM)
    assert runs([*before, *closed, *after[:-2]]) == (), "an entry that stands on a day since closed does not count"
    shut = spelt((0, "Y4", "Y4"), *((n, "O", "O") for n in range(1, 6)), (6, "#", "#"), (7, "Y4", "O"))
    assert unauthorised_10_days(shut, SCHOOL_DAYS, BORN) == (), "six days of the ten"
    [run] = unauthorised_10_days([*shut, *spelt(*((n, "O", "O") for n in range(8, 12)))], SCHOOL_DAYS, BORN)
    assert (run.since, run.period) == (SCHOOL_DAYS[11], SCHOOL_DAYS[1].isoformat())


def test_a_day_with_a_session_missing_neither_breaks_nor_counts() -> None:
    assert runs(entries(*"OOOOO", "O-", *"OOOO")) == ()
    [run] = runs(entries(*"OOOOO", "O-", *"OOOOO"))
    assert run.since == DAYS[10]


def test_the_ten_days_are_told_once_though_the_run_goes_on_or_the_pupil_comes_back() -> None:
    """Quiet: one alert a run, which coming back does not end; another run is another alert."""
    [run] = runs(entries(*"O" * 20))
    assert (run.since, len(run.days)) == (DAYS[9], 20)
    [over] = runs(entries(*"O" * 12, "/", *"OOO"))
    assert (over.since, over.days[-1]) == (DAYS[9], DAYS[11])
    assert [run.period for run in runs(entries(*"O" * 10, "/", *"O" * 10))] == ["2026-09-07", "2026-09-22"]


def test_only_days_of_compulsory_age_count_to_either_run() -> None:
    turning = date(2021, 9, 10)  # five on 10 September 2026: of compulsory age from 31 December 2026
    assert runs(entries(*"O" * 20), turning) == ()
    assert absent_20_days(entries(*"O" * 20), SCHOOL_DAYS, turning) is None
    leaver = date(2010, 9, 1)
    june = weekdays(date(2027, 6, 14), 20)
    assert unauthorised_10_days(entries(*"O" * 10, days=june), june, leaver) != ()
    assert unauthorised_10_days(entries(*"O" * 10, days=june[1:]), june, leaver) == (), (
        "after 25 June it counts no more"
    )


def test_an_amendment_breaks_the_ten_days() -> None:
    assert runs(entries(*"OOOOOOOOOO")) != ()
    assert runs(entries(*"OOOOIOOOOO")) == ()


def absent(*codes: str) -> Run | None:
    return absent_20_days(entries(*codes), SCHOOL_DAYS, BORN)


def test_twenty_school_days_of_g_n_and_o_say_that_joint_enquiries_are_due_and_nothing_of_deleting() -> None:
    """Law.md 1.6: ground (i) needs more than the twenty days."""
    assert absent(*"GNO" * 6, "G") is None
    run = absent(*"GNO" * 6, *"GO")
    assert run is not None
    assert (run.kind, run.since, run.period) == (Alert.ABSENT_20_DAYS, DAYS[19], "2026-09-07")
    evidence = json.loads(json.dumps(run.evidence()))
    assert evidence["rule"].startswith("Joint enquiries with the authority are due")
    assert "delet" not in json.dumps(evidence).lower()
    assert len(evidence["tests"]) == 2


@pytest.mark.parametrize("code", ["U", "/", "L", "I", "D", "X", "C"])
def test_any_other_code_breaks_the_twenty_days_u_and_neutral_ones_included(code: str) -> None:
    """Law.md 1.6: a set of codes of its own."""
    assert absent(*"O" * 10, "O" + code, *"O" * 10) is None
    assert absent("O" + code, *"O" * 20) is not None


def test_u_counts_to_the_ten_days_and_breaks_the_twenty() -> None:
    """Law.md 1.6 and 1.7: two code sets."""
    standing = entries(*"O" * 10, "U", *"O" * 9)
    assert len(runs(standing)[0].days) == 20
    assert absent_20_days(standing, SCHOOL_DAYS, BORN) is None


def test_a_day_without_a_session_is_no_school_day_of_the_twenty() -> None:
    rows = [(n, "O", "O") for n in range(10)] + [(10, "Y4", "Y4"), (11, "#", "Y4")]
    assert absent_20_days(spelt(*rows, *((n, "O", "O") for n in range(12, 21))), SCHOOL_DAYS, BORN) is None
    run = absent_20_days(spelt(*rows, *((n, "O", "O") for n in range(12, 22))), SCHOOL_DAYS, BORN)
    assert run is not None and run.since == SCHOOL_DAYS[21]
    assert absent(*"O" * 10, "O-", *"O" * 9) is None, "a day with a session missing does not count"


def test_the_twenty_days_are_quiet_once_the_pupil_was_seen_or_the_absence_is_accounted_for() -> None:
    for code in ("/", "U", "I"):
        assert absent(*"O" * 25, code) is None
        assert absent(*"O" * 25, "O" + code) is None
    again = absent(*"O" * 3, "/", *"O" * 24)
    assert again is not None and (again.period, again.since) == (DAYS[4].isoformat(), DAYS[23])
    assert absent() is None


@given(st.lists(st.sampled_from(["O", "G", "N", "U", "/", "I", "D", "O-"]), max_size=30))
def test_where_the_twenty_days_are_told_the_register_does_not_contradict_ground_i(codes: list[str]) -> None:
    standing = entries(*("O" * 20), *codes)
    run = absent_20_days(standing, DAYS, BORN)
    days = DAYS[: 20 + len(codes)]
    case = Case(days[-1], BORN, days, True, None, {entry[:2]: entry[2] for entry in standing})
    assert run is None or contradicted("i", case) is None


LEAVE = entries("C", "C", "C")
TENTH = DAYS[12]


def away(standing: list[Standing], today: date = TENTH, until: date | None = None) -> NotReturned | None:
    return not_returned_from_leave(standing, SCHOOL_DAYS, BORN, today, until)


@pytest.mark.parametrize("length", [1, 3, 12])
def test_ten_school_days_after_a_leave_of_any_length_the_pupil_is_not_returned(length: int) -> None:
    """Law.md 1.6, ground (h)."""
    standing = entries(*"C" * length, *"O" * 10)
    ninth, tenth = DAYS[length + 8], DAYS[length + 9]
    assert away([entry for entry in standing if entry[0] <= ninth], ninth) is None
    found = away(standing, tenth)
    assert found is not None
    assert (found.kind, found.since) == (Alert.NOT_RETURNED_FROM_LEAVE, tenth)
    assert found.period == DAYS[length - 1].isoformat()
    evidence = json.loads(json.dumps(found.evidence()))
    assert (evidence["leave_code"], len(evidence["sessions"])) == ("C", 20)
    assert evidence["rule"].startswith("Joint enquiries with the authority are due")
    assert "delet" not in json.dumps(evidence).lower()


def test_the_ten_days_after_a_leave_are_counted_from_the_end_that_was_granted_and_are_school_days() -> None:
    standing = entries("C", *"O" * 12)
    assert away(standing, DAYS[11], DAYS[2]) is None
    found = away(standing, TENTH, DAYS[2])
    assert found is not None and (found.since, found.leave_ended) == (TENTH, DAYS[2])
    before = entries("C", days=DAYS[34:])
    after = entries(*"O" * 10, days=SCHOOL_DAYS[35:])
    found = away([*before, *after], SCHOOL_DAYS[44])
    assert found is not None and found.since == SCHOOL_DAYS[44], "half-term does not count"


@pytest.mark.parametrize("code", ["/", "L", "U", "V"])
def test_who_was_seen_after_the_leave_has_returned(code: str) -> None:
    assert away([*LEAVE, *entries(*"OOO", "O" + code, *"OOOOOO", days=DAYS[3:])]) is None
    half_day = [*entries("C" + code), *entries(*"O" * 12, days=DAYS[1:])]
    assert away(half_day) is None, "back on the afternoon of the last day"


@pytest.mark.parametrize("code", ["I", "D", "E", "X"])
def test_while_there_is_a_known_reason_nothing_is_said_of_a_leave(code: str) -> None:
    """Law.md 1.6: no reasonable ground to think that sickness or an unavoidable cause keeps the pupil away."""
    assert away([*LEAVE, *entries(*"OOOOOOOOO", code, days=DAYS[3:])]) is None
    later = [*LEAVE, *entries(*code * 12, "O", days=DAYS[3:])]
    found = away(later, DAYS[15])
    assert found is not None and found.since == DAYS[15], "since nobody knows any more"


def test_closed_sessions_after_a_leave_say_nothing_and_further_leave_begins_anew() -> None:
    closed = [(on, session, "Y4") for on, session, _ in entries("O", days=DAYS[12:])]
    assert away([*LEAVE, *entries(*"O" * 9, days=DAYS[3:]), *closed]) is not None
    assert away([*LEAVE, *entries(*"O" * 9, "C", days=DAYS[3:])]) is None


def test_without_a_leave_taken_an_entry_since_or_a_calendar_so_far_nothing_is_said() -> None:
    assert away(entries(*"O" * 13), until=DAYS[2]) is None
    assert away(LEAVE) is None
    assert not_returned_from_leave([*LEAVE, *entries(*"O" * 10, days=DAYS[3:])], DAYS[:12], BORN, TENTH) is None


def test_only_pupils_of_compulsory_age_are_not_returned_from_leave() -> None:
    standing = [*LEAVE, *entries(*"O" * 10, days=DAYS[3:])]
    assert not_returned_from_leave(standing, SCHOOL_DAYS, date(2022, 2, 11), TENTH) is None
