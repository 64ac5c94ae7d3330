"""The invented world: the same every time, valid in every number, and near the DfE's figures."""

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from fractions import Fraction

import pytest

from codes.ages import expected_year_group
from codes.calendar import academic_year, school_days, school_weeks
from codes.identifiers import la_name, laestab_fault, shaped_like_upn, upn_fault, urn_fault
from codes.policy import policy_from_body
from onebox.demo import terms, world
from onebox.demo.figures import ABSENCE_CODES, ENGLAND, attendance_rows, bands_for
from onebox.demo.schools import SCHOOLS, year_group_name
from tests.demo.conftest import LONDON, SUNDAY, World

NOT_POSSIBLE = {"D", "X", "Y4"}
# How far a school year of some 1,600 invented pupils may lie from England, in percentage points.
RATE_BOUNDS = {"primary": 0.8, "secondary": 1.0, "special": 3.0, "total": 0.6}
PERSISTENT_BOUNDS = {"primary": 3.0, "secondary": 4.0, "special": 8.0, "total": 2.5}
CODE_BOUNDS = {"I": 0.6, "M": 0.15, "G": 0.2, "O": 0.5, "U": 0.1, "L": 0.6, "V": 0.3, "C": 0.2, "E": 0.1, "N": 0.15}


def test_the_world_is_the_same_every_time(shown: World) -> None:
    again = world.world(SUNDAY)[4]
    assert [act for year in again.years for act in again.acts(year)] == shown.acts[again.school.urn]


def test_a_later_demonstration_has_the_same_past(shown: World) -> None:
    later = world.world(SUNDAY + timedelta(days=3))[5]
    longer = [act for year in later.years for act in later.acts(year)]
    before = [act for act in longer if act.made_at <= SUNDAY]
    assert before == [act for act in shown.acts[later.school.urn] if act.made_at.date() >= later.starts]
    assert len(longer) > len(before)


def test_there_are_nine_schools_or_more_in_three_authorities_or_more() -> None:
    assert len(SCHOOLS) >= 9
    assert len({school.la_code for school in SCHOOLS}) >= 3
    assert max(Counter(school.trust for school in SCHOOLS if school.trust).values()) >= 3
    assert {"primary", "secondary", "special"} == {school.phase for school in SCHOOLS}
    for school in SCHOOLS:
        assert urn_fault(school.urn) is None
        assert laestab_fault(school.laestab) is None
        assert la_name(school.la_code) is not None
        policy_from_body(school.body()["policy"])  # type: ignore[arg-type]


def test_every_upn_is_valid_and_nobody_elses(shown: World) -> None:
    pupils = [pupil for one in shown.schools for pupil in one.pupils]
    assert len(pupils) > 1_000
    assert [pupil.upn for pupil in pupils if upn_fault(pupil.upn)] == []
    assert len({pupil.upn for pupil in pupils}) == len(pupils)
    assert not any(shaped_like_upn(pupil.id) for pupil in pupils)


def test_dates_of_birth_fit_the_year_groups(shown: World) -> None:
    for one in shown.schools:
        for year in one.years:
            label = academic_year(date(year, 9, 1))
            for pupil in one.roll(year):
                assert expected_year_group(pupil.born, label) == year_group_name(pupil.year_group(year))


@pytest.mark.parametrize("until", [date(2026, 9, 10), date(2026, 11, 22), date(2027, 1, 8), date(2027, 4, 30)])
def test_at_least_twelve_school_weeks_are_shown_from_the_start_of_a_half_term(until: date) -> None:
    starts = terms.window_start(until)
    assert starts in {half.starts for year in (2025, 2026) for half in terms.half_terms(year)}
    days = [day for year in (2025, 2026) for day in school_days(terms.calendar_of(year)) if starts <= day <= until]
    assert 12 <= len(school_weeks(days)) <= 20


def test_terms_are_those_of_the_years_we_know() -> None:
    assert terms.easter_sunday(2026) == date(2026, 4, 5)
    assert terms.easter_sunday(2027) == date(2027, 3, 28)
    assert terms.half_terms(2026)[0] == terms.HalfTerm("autumn", date(2026, 9, 3), date(2026, 10, 23))
    for year in range(2024, 2027):
        assert 184 <= len(school_days(terms.calendar_of(year, ("1", "2", "3")))) <= 195


def test_a_calendar_begins_where_the_school_began_to_use_the_register() -> None:
    one = world.world(SUNDAY)[0]
    first = one.calendars()["2025-26"]
    assert first["terms"] == [{"name": "summer", "starts": "2026-06-01", "ends": "2026-07-20"}]
    assert [term["name"] for term in one.calendars()["2026-27"]["terms"]] == [  # type: ignore[attr-defined]
        "autumn",
        "spring",
        "summer",
    ]


@pytest.mark.parametrize("phase", ["primary", "secondary", "special", "total"])
def test_rates_lie_near_englands(shown: World, phase: str) -> None:
    codes = Counter(shown.standing(phase).values())
    possible = sum(count for code, count in codes.items() if code not in NOT_POSSIBLE)
    england = attendance_rows()[ENGLAND, phase]
    absent = 100 * sum(codes[code] for code in ABSENCE_CODES) / possible
    assert absent == pytest.approx(100 * england.absence_rate, abs=RATE_BOUNDS[phase])
    if phase != "special":
        for code, bound in CODE_BOUNDS.items():
            assert 100 * codes[code] / possible == pytest.approx(100 * england.share(code), abs=bound), code


@pytest.mark.parametrize("phase", ["primary", "secondary", "special", "total"])
def test_the_share_of_persistently_absent_pupils_lies_near_englands(shown: World, phase: str) -> None:
    possible: dict[tuple[str, str], int] = defaultdict(int)
    absent: dict[tuple[str, str], int] = defaultdict(int)
    for (urn, pupil, _, _), code in shown.standing(phase).items():
        possible[urn, pupil] += code not in NOT_POSSIBLE
        absent[urn, pupil] += code in ABSENCE_CODES
    persistent = sum(10 * absent[key] >= possible[key] for key in possible if possible[key])
    share = 100 * persistent / sum(1 for count in possible.values() if count)
    assert share == pytest.approx(attendance_rows()[ENGLAND, phase].pa_perc, abs=PERSISTENT_BOUNDS[phase])


def test_figures_of_the_dfe_add_up() -> None:
    for row in attendance_rows().values():
        assert row.possible == row.attendance + row.absence
        assert row.absence == row.authorised + row.unauthorised
        assert row.unauthorised == sum(row.sessions[code] for code in "GNOU")


def test_pupils_with_fsm_and_sen_are_drawn_from_a_harder_distribution() -> None:
    def persistent(fsm: bool, sen: bool) -> Fraction:
        bands = bands_for("931", "secondary", 9, fsm, sen, "F")
        return Fraction(sum(bands[2:]), sum(bands))

    assert persistent(True, True) > persistent(True, False) > persistent(False, False)


def test_now_may_be_any_day(shown: World) -> None:
    for day in (date(2026, 9, 1), date(2026, 9, 3), date(2026, 12, 27), date(2027, 8, 15)):
        one = world.world(datetime(day.year, day.month, day.day, 9, 30, tzinfo=LONDON))[5]
        assert one.last_begun <= day
        assert sum(len(list(one.acts(year))) for year in one.years) > 300
