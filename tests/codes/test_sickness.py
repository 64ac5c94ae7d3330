"""The sickness return: thirty sessions of I in the school year or a forecast, and when it is quiet (law.md 1.7)."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codes.alerts import Alert, Standing
from codes.book import Session
from codes.sickness import Answer, Forecast, SicknessReturn, sickness_returns
from tests.codes.given import weekdays

BORN = date(2018, 2, 11)
DAYS = weekdays(date(2026, 9, 7), 120)
DUE = DAYS[14]
RETURNED = Answer(DAYS[0], DAYS[15], "B. Office")


def entries(codes: str, days: list[date] = DAYS) -> list[Standing]:
    return [(day, session, code) for day, code in zip(days, codes, strict=False) for session in Session]


def due(codes: str, *answers: Answer, forecasts: tuple[Forecast, ...] = ()) -> tuple[SicknessReturn, ...]:
    return sickness_returns(entries(codes), BORN, answers, forecasts)


def test_a_return_is_to_be_considered_from_the_thirtieth_session_of_i_in_the_school_year() -> None:
    """Law.md 1.7: 15 school days, one after another."""
    assert due("I" * 14) == ()
    [alert] = due("I" * 15)
    assert (alert.kind, alert.since, alert.period) == (Alert.SICKNESS_RETURN, DUE, "2026-09-07")
    evidence = json.loads(json.dumps(alert.evidence()))
    assert (evidence["school_days"], evidence["academic_year"], evidence["forecast"]) == (15, "2026-27", None)
    assert evidence["rule"].startswith("Consider")
    assert len(evidence["sessions"]) == 30 and evidence["source"] and evidence["closes_when"]


def test_fifteen_days_may_be_gathered_over_the_year_in_halves_too() -> None:
    """Law.md 1.7: cumulatively; 30 sessions, whichever."""
    mornings = [(day, session, "I" if session is Session.AM else "\\") for day in DAYS[:30] for session in Session]
    [alert] = sickness_returns(mornings, BORN)
    assert (alert.since, alert.period) == (DAYS[29], DAYS[29].isoformat())
    [alert] = due("IIIII/////" * 3)
    assert (alert.since, alert.period) == (DAYS[24], DAYS[20].isoformat())


@pytest.mark.parametrize("code", ["M", "O", "C", "N"])
def test_i_alone_counts(code: str) -> None:
    """Law.md 1.7: an appointment is no sickness."""
    assert due("I" * 14 + code * 20) == ()


def test_the_count_begins_anew_with_the_school_year_and_with_19_august_2024() -> None:
    july, september = weekdays(date(2027, 7, 5), 10), weekdays(date(2027, 9, 6), 10)
    assert sickness_returns([*entries("I" * 10, july), *entries("I" * 10, september)], BORN) == ()
    both = [*entries("I" * 20, weekdays(date(2027, 6, 14), 20)), *entries("I" * 20, weekdays(date(2027, 9, 6), 20))]
    assert [alert.evidence()["academic_year"] for alert in sickness_returns(both, BORN)] == ["2026-27", "2027-28"]
    old = weekdays(date(2024, 6, 3), 20)
    assert sickness_returns(entries("I" * 20, old), date(2012, 2, 11)) == ()


def test_only_pupils_of_compulsory_age_are_in_a_sickness_return() -> None:
    young = date(2022, 2, 11)
    told = (Forecast(DAYS[0], DAYS[0], "A. Head"),)
    assert sickness_returns(entries("I" * 20), young, (), told) == ()


def test_a_return_made_closes_it_and_it_is_never_asked_twice_in_one_continuous_spell() -> None:
    """Law.md 1.7: only one return per continuous period of sickness in a school year."""
    assert due("I" * 15, RETURNED) == ()
    assert due("I" * 80, RETURNED) == ()
    assert due("I" * 20 + "MO#" + "I" * 20, RETURNED) == (), "no attendance between: the spell goes on"


def test_that_none_is_due_closes_it_too_with_a_name_and_a_reason() -> None:
    assert due("I" * 20, Answer(DAYS[0], DUE, "A. Head", "A broken leg, back on Monday.")) == ()
    for name, reason in ((" ", None), ("A. Head", " "), ("", "A broken leg.")):
        with pytest.raises(ValueError, match="a name"):
            Answer(DAYS[0], DUE, name, reason)


@pytest.mark.parametrize("code", ["/", "L", "B", "U"])
def test_a_spell_ends_with_an_attendance_and_the_next_asks_again_only_after_thirty_more(code: str) -> None:
    """Quiet: not every further cold of the year is asked about."""
    assert due("I" * 15 + code + "I" * 14, RETURNED) == ()
    [alert] = due("I" * 15 + code + "I" * 15, RETURNED)
    assert (alert.since, alert.period) == (DAYS[30], DAYS[16].isoformat())


def test_while_nobody_has_answered_later_spells_are_no_second_alert() -> None:
    [alert] = due("I" * 15 + "/" + "I" * 30)
    assert alert.since == DUE
    assert due("I" * 15 + "/" + "I" * 30, Answer(DAYS[16], DAYS[46], "B. Office")) == (), "answered with the later one"


def test_an_answer_covers_its_spell_though_amendments_move_its_first_day() -> None:
    assert due("/" + "I" * 20, RETURNED) == (), "the first day was amended to an attendance"
    assert due("II" + "I" * 20, Answer(DAYS[2], DAYS[16], "B. Office")) == (), "two days before were amended to I"


def test_the_schools_forecast_asks_before_the_first_session_is_missed() -> None:
    """Law.md 1.7: reasonable grounds to believe; an operation known of."""
    told = Forecast(DAYS[20], DAYS[5], "A. Head")
    [alert] = due("/" * 10, forecasts=(told,))
    assert (alert.since, alert.period, alert.sessions) == (DAYS[5], DAYS[20].isoformat(), ())
    assert json.loads(json.dumps(alert.evidence()))["forecast"] == {
        "stated_on": DAYS[5].isoformat(),
        "name": "A. Head",
    }
    assert due("/" * 10, Answer(DAYS[20], DAYS[6], "B. Office"), forecasts=(told,)) == ()


def test_a_forecast_and_the_spell_it_foretold_are_one_alert_and_one_answer_covers_both() -> None:
    told = Forecast(DAYS[20], DAYS[5], "A. Head")
    [alert] = due("/" * 21 + "I" * 20, forecasts=(told,))
    assert (alert.since, alert.period) == (DAYS[5], DAYS[20].isoformat())
    assert due("/" * 21 + "I" * 40, Answer(DAYS[20], DAYS[6], "B. Office"), forecasts=(told,)) == ()


def test_a_forecast_within_a_spell_asks_at_once_and_after_thirty_sessions_changes_nothing() -> None:
    early, late = Forecast(DAYS[4], DAYS[4], "A. Head"), Forecast(DAYS[17], DAYS[17], "A. Head")
    [alert] = due("I" * 5, forecasts=(early,))
    assert (alert.since, alert.period) == (DAYS[4], DAYS[4].isoformat())
    [alert] = due("I" * 20, forecasts=(late,))
    assert (alert.since, alert.period) == (DUE, DAYS[0].isoformat())
    assert due("I" * 20, RETURNED, forecasts=(late,)) == ()


def test_a_second_forecast_after_the_first_was_answered_asks_again() -> None:
    first, second = Forecast(DAYS[20], DAYS[5], "A. Head"), Forecast(DAYS[60], DAYS[50], "A. Head")
    earlier = Forecast(DAYS[70], DAYS[4], "A. Head")
    [alert] = due("/" * 55, forecasts=(second, first, earlier))
    assert alert.since == DAYS[4], "what was stated first, whenever it starts"
    [alert] = due("/" * 55, Answer(DAYS[20], DAYS[6], "B. Office"), forecasts=(second, first))
    assert alert.since == DAYS[50]


@given(st.text("I/OM", max_size=110), st.lists(st.integers(0, 119), max_size=3))
def test_there_is_one_alert_at_most_a_year_and_an_answer_to_it_is_an_end_of_its_spell(
    codes: str, answered: list[int]
) -> None:
    answers = tuple(Answer(DAYS[n], DAYS[n], "B. Office") for n in answered)
    alerts = due(codes, *answers)
    assert len(alerts) <= 1
    for alert in alerts:
        assert sum(on <= alert.since for on, _, _ in alert.sessions) >= 30
        replied = due(codes, *answers, Answer(alert.spell, alert.since, "B. Office"))
        assert all(other.spell > alert.spell for other in replied)
        attended = [day for day, code in zip(DAYS, codes, strict=False) if code == "/" and day > alert.spell]
        assert all(attended and attended[0] < other.spell for other in replied)
        assert alert.spell <= alert.since
