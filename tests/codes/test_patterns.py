"""Patterns of absence in six school weeks, and patterns among amendments."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from random import Random

import pytest

from codes.alerts import Alert, Standing
from codes.auditing import Amending, amendment_patterns, census_days
from codes.book import Session
from codes.calendar import calendar_from_body, open_days, school_weeks
from codes.finding import Finding
from codes.patterns import patterns, window
from codes.penalty import penalty_threshold
from tests.codes.given import calendar_body

DAYS = open_days([calendar_from_body(calendar_body())])
AM, PM = Session.AM, Session.PM
TODAY = date(2026, 12, 11)
FIRST = DAYS.index(date(2026, 11, 2))
SIX_WEEKS = DAYS[FIRST : DAYS.index(TODAY) + 1]
FRIDAYS = [day for day in SIX_WEEKS if day.weekday() == 4]


def pupil(absent: Iterable[date], code: str = "I", sessions: Sequence[Session] = (AM, PM)) -> list[Standing]:
    """Present in all six weeks but on these days."""
    away = frozenset(absent)
    return [
        (day, session, code if day in away and session in sessions else "/" if session is AM else "\\")
        for day in SIX_WEEKS
        for session in (AM, PM)
    ]


def of_school(*own: list[Standing], others: int = 0) -> dict[int, tuple[Finding, ...]]:
    """The patterns of some pupils among others who were never absent."""
    school = dict(enumerate([*own, *([pupil([])] * others)]))
    return patterns(school, DAYS, TODAY)


def held(found: Sequence[Finding]) -> Finding:
    [one] = found
    json.dumps(one.evidence())
    assert one.evidence()["source"] and one.evidence()["closes_when"].endswith(".")
    return one


def test_the_window_is_six_school_weeks_and_knows_the_days_beside_a_holiday() -> None:
    of = window(DAYS, TODAY)
    assert of.days == SIX_WEEKS
    assert {date(2026, 10, 23), date(2026, 12, 18)} <= of.before_holiday
    assert {date(2026, 11, 2), date(2027, 1, 4)} <= of.after_holiday
    assert date(2026, 11, 9) not in of.after_holiday, "a weekend is no holiday"
    on_monday = window(DAYS, date(2026, 12, 14))
    assert (on_monday.days[0], on_monday.days[-1]) == (date(2026, 11, 9), date(2026, 12, 14))
    across = window(DAYS, date(2026, 11, 6))
    assert across.days[0] == date(2026, 9, 21), "half-term is no school week"


def test_spells_that_begin_on_one_weekday_are_a_pattern() -> None:
    found = held(of_school(pupil(FRIDAYS), others=100)[0])
    assert (found.kind, found.since) == (Alert.PATTERN, FRIDAYS[-1])
    assert found.period == "2026-27 weekday friday"
    says = found.evidence()
    assert (says["spells"], len(says["starts"]), says["from"], says["to"]) == (6, 6, "2026-11-02", "2026-12-11")
    assert says["false_alarms"] == 0.05 and says["chance"] < 0.05


def test_three_spells_are_no_pattern_and_a_long_one_is_one_spell() -> None:
    assert of_school(pupil(FRIDAYS[:3]), others=100) == {}
    assert of_school(pupil(SIX_WEEKS[:20]), others=100) == {}
    over_weekends = [day for day in SIX_WEEKS if day.weekday() in (0, 4)]
    starts = of_school(pupil(over_weekends, "O"), others=100)[0]
    assert [found.evidence()["pattern"] for found in starts] == ["weekday friday"], "Monday only goes on"


def test_spells_on_any_day_are_none() -> None:
    mixed = [SIX_WEEKS[n] for n in (1, 8, 14, 17, 25, 28)]
    assert of_school(pupil(mixed, "O"), others=100) == {}


@pytest.mark.parametrize("code", ["M", "C2", "D", "R", "E", "T", "U", "X", "V"])
def test_planned_absence_and_lateness_are_no_pattern(code: str) -> None:
    assert of_school(pupil(FRIDAYS, code), others=100) == {}


def test_an_appointment_within_an_illness_does_not_begin_a_second_spell() -> None:
    absent = pupil(SIX_WEEKS[5:20])
    away = [(on, at, "M" if on.weekday() == 3 and code == "I" else code) for on, at, code in absent]
    assert of_school(away, others=100) == {}


def test_the_larger_the_company_the_more_it_takes() -> None:
    """Corrected for looking at the whole school: one of a hundred with four spells does what one alone need not."""
    four = pupil(FRIDAYS[:4], "O")
    scattered = pupil([SIX_WEEKS[n] for n in (1, 8, 12, 20)], "O")
    alone = of_school(four)
    assert [found.period for found in alone[0]] == ["2026-27 weekday friday"]
    assert of_school(four, *([scattered] * 100)).get(0) is None


def test_a_weekday_that_is_the_schools_own_habit_is_no_pattern_of_a_pupil() -> None:
    monday_habit = [day for day in SIX_WEEKS if day.weekday() == 0]
    company = [pupil([monday_habit[n % 6], monday_habit[(n + 2) % 6]], "O") for n in range(60)]
    assert of_school(pupil(monday_habit, "O"), *company) == {}


def test_spells_beside_a_holiday_are_a_pattern() -> None:
    """The last day before half-term and the first after it, and again before Christmas."""
    today = date(2026, 12, 18)
    days = [date(2026, 11, 16), date(2026, 11, 23)]
    body = calendar_body(inset_days=["2026-09-03", *(day.isoformat() for day in days)])
    of_year = open_days([calendar_from_body(body)])
    assert of_year[0] == DAYS[0]
    beside = {date(2026, 11, 13), date(2026, 11, 17), date(2026, 11, 20), date(2026, 11, 24), date(2026, 12, 18)}
    entries = [(day, at, "O" if day in beside and at is AM else "/") for day in of_year for at in (AM, PM)]
    school = {0: entries} | {n: [(on, at, "/") for on, at, _ in entries] for n in range(1, 50)}
    found = [each for each in patterns(school, of_year, today)[0] if "beside" in each.period]
    assert (held(found).period, held(found).since) == ("2026-27 beside-a-holiday", date(2026, 12, 18))
    assert len(found[0].evidence()["starts"]) == 5
    four = {0: [(on, at, "/" if on == date(2026, 11, 13) else code) for on, at, code in entries]}
    assert any("beside" in each.period for each in patterns(school | four, of_year, today)[0])


def test_repeated_short_illness_is_a_pattern_where_it_is_not_usual() -> None:
    ill = [SIX_WEEKS[n] for n in (1, 3, 10, 11, 17, 28)]
    found = of_school(pupil(ill), others=30)[0]
    assert [each.period for each in found] == ["2026-27 short-illness"]
    assert len(held(found).evidence()["starts"]) == 5, "two days in a row are one spell"
    assert of_school(pupil(ill, "O"), others=30) == {}, "not of illness"
    wave = [pupil(SIX_WEEKS[n % 3 : 30 : 6]) for n in range(30)]
    assert of_school(pupil(ill), *wave).get(0) is None, "everybody is ill"


def test_longer_illnesses_are_no_repeated_short_ones() -> None:
    longer = [*SIX_WEEKS[1:4], *SIX_WEEKS[7:10], *SIX_WEEKS[13:16], *SIX_WEEKS[24:27]]
    assert of_school(pupil(longer), others=30) == {}


def test_siblings_away_together_are_a_pattern_of_unauthorised_absence_alone() -> None:
    days = [SIX_WEEKS[n] for n in (1, 8, 14, 22)]
    family = {0: [1], 1: [0], 2: [3], 7: [0]}
    others = {n: pupil([]) for n in range(2, 40)}
    away = patterns({0: pupil(days, "O"), 1: pupil(days, "G"), **others}, DAYS, TODAY, family)
    assert {no: [each.period for each in found] for no, found in away.items()} == {
        0: ["2026-27 with-siblings"],
        1: ["2026-27 with-siblings"],
    }
    ill = patterns({0: pupil(days), 1: pupil(days), **others}, DAYS, TODAY, family)
    assert all("siblings" not in each.period for found in ill.values() for each in found), "illness is shared"
    assert patterns({0: pupil(days, "O"), 1: pupil([]), **others}, DAYS, TODAY, family) == {}
    three = {0: pupil(days[:3], "O"), 1: pupil(days[:3], "O"), **others}
    assert patterns(three, DAYS, TODAY, family) == {}


def test_a_pattern_that_is_over_is_said_no_more() -> None:
    school = {0: pupil(FRIDAYS), **{n: pupil([]) for n in range(1, 50)}}
    assert patterns(school, DAYS, date(2027, 2, 26)) == {}
    assert patterns(school, DAYS, date(2026, 8, 1)) == {}, "before the first school day"
    assert patterns({}, DAYS, TODAY) == {}


@pytest.mark.parametrize("seed", range(5))
def test_a_whole_school_without_patterns_is_left_in_peace(seed: int) -> None:
    """600 pupils whose spells begin on any day alike: of the few who are named, by chance, there are next to none."""
    random = Random(seed)
    school = {
        no: pupil(
            [day for day in SIX_WEEKS if random.random() < random.choice((0.02, 0.05, 0.15))], random.choice("IO")
        )
        for no in range(600)
    }
    assert len(patterns(school, DAYS, TODAY)) <= 2


def amending(n: int, was: str, code: str, recorded_on: date, first: date = date(2026, 9, 7)) -> list[Amending]:
    start = DAYS.index(first)
    return [
        Amending(f"p-{no}", DAYS[start + no % 5], AM if no % 2 else PM, was, code, recorded_on, "staff 7")
        for no in range(n)
    ]


def test_many_entries_amended_by_one_person_long_after_are_a_burst() -> None:
    late = date(2026, 11, 20)
    [found] = amendment_patterns(amending(20, "O", "I", late), TODAY)
    assert (held([found]).kind, found.since) == (Alert.AMENDMENT_PATTERN, late)
    assert found.period == "burst-long-after 2026-11-20 staff 7"
    assert len(found.evidence()["amendments"]) == 20
    assert found.evidence()["amendments"][0] == {
        "pupil": "p-0",
        "date": "2026-09-07",
        "session": "PM",
        "original_entry": "O",
        "amended_entry": "I",
        "recorded_on": "2026-11-20",
    }


def test_few_soon_or_of_several_persons_and_days_are_no_burst() -> None:
    late = date(2026, 11, 20)
    many = amending(20, "N", "I", late)
    assert amendment_patterns(many[1:], TODAY) == ()
    after = [replace(each, on=date(2026, 9, 7)) for each in amending(20, "N", "I", date(2026, 10, 5))]
    assert amendment_patterns(after, TODAY) == (), "28 days after"
    assert len(amendment_patterns([replace(each, recorded_on=date(2026, 10, 6)) for each in after], TODAY)) == 1
    assert amendment_patterns([*many[:10], *(replace(each, by="staff 8") for each in many[10:])], TODAY) == ()
    assert amendment_patterns([*many[:10], *(replace(each, recorded_on=TODAY) for each in many[10:])], TODAY) == ()
    assert amendment_patterns(many, date(2026, 11, 19)) == (), "not yet made"
    assert len(amendment_patterns(many, late)) == 1


def test_one_person_who_changes_o_to_i_before_a_census_day_is_shown() -> None:
    census = date(2026, 10, 1)
    changed = amending(10, "O", "I", date(2026, 9, 18))
    [found] = amendment_patterns(changed, TODAY, [census, date(2027, 1, 21)])
    assert (held([found]).since, found.period) == (date(2026, 9, 18), "o-to-i-before-census 2026-10-01 staff 7")
    later = [*changed[:8], *(replace(each, recorded_on=date(2026, 9, 20 + n)) for n, each in enumerate(changed[8:]))]
    more = [*later, replace(changed[0], on=date(2026, 9, 10), recorded_on=date(2026, 9, 30))]
    assert held(amendment_patterns(more, TODAY, [census])).since == date(2026, 9, 21), "the day of the tenth"
    for edge in (date(2026, 9, 17), census):
        assert len(amendment_patterns(amending(10, "O", "I", edge), TODAY, [census])) == 1
    assert found.evidence()["census_day"] == "2026-10-01" and found.evidence()["by"] == "staff 7"


def test_nine_other_codes_other_persons_and_other_weeks_are_not() -> None:
    census = [date(2026, 10, 1)]
    changed = amending(10, "O", "I", date(2026, 9, 18))
    assert amendment_patterns(changed, TODAY) == (), "no census day is known"
    assert amendment_patterns(changed[1:], TODAY, census) == ()
    assert amendment_patterns(amending(10, "N", "I", date(2026, 9, 18)), TODAY, census) == ()
    assert amendment_patterns(amending(10, "O", "M", date(2026, 9, 18)), TODAY, census) == ()
    assert amendment_patterns([*changed[1:], replace(changed[0], by="staff 8")], TODAY, census) == ()
    for other in (date(2026, 9, 16), date(2026, 10, 2)):
        assert amendment_patterns(amending(10, "O", "I", other), TODAY, census) == ()


def test_an_entry_amended_after_the_threshold_that_rested_on_it_was_met_is_shown() -> None:
    days = DAYS[:5]
    standing = [(day, at, "N" if day == days[0] else "O") for day in days for at in (AM, PM)]
    met = penalty_threshold(standing, school_weeks(DAYS), date(2015, 2, 11))
    assert met is not None and met.met_on == days[4]
    after = met.met_on + timedelta(days=1)
    change = Amending("p-3", days[1], AM, "O", "I", after, "staff 7")
    [found] = amendment_patterns([change, replace(change, session=PM, by="staff 8")], TODAY, met={"p-3": met})
    assert (held([found]).since, found.period) == (after, f"after-threshold p-3 {days[4]}")
    assert (found.evidence()["by"], found.evidence()["met_on"]) == ("staff 7, staff 8", days[4].isoformat())
    quiet = [
        replace(change, pupil="p-4"),
        replace(change, on=DAYS[9]),
        replace(change, recorded_on=met.met_on),
        replace(change, code="G"),
        replace(change, on=days[0], was="N"),
        replace(change, was="I", code="O"),
    ]
    assert amendment_patterns(quiet, TODAY, met={"p-3": met}) == ()


def test_the_days_of_the_census_are_a_thursday_of_october_january_and_may() -> None:
    assert census_days("2026-27") == (date(2026, 10, 1), date(2027, 1, 21), date(2027, 5, 20))
    assert census_days("2025-26") == (date(2025, 10, 2), date(2026, 1, 15), date(2026, 5, 21))
