"""Counting and rates (law.md 4.1 and 4.2)."""

from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codes import tallies
from codes.book import UnknownCode, read, readings
from codes.tallies import EMPTY, Tally, tally

TODAY = date(2026, 9, 7)
PANDEMIC = date(2021, 1, 20)


def counted(codes: str, on: date = TODAY, compulsory: bool = True) -> Tally:
    return tally((code, on, compulsory, n) for code, n in Counter(codes.split()).items())


def test_every_class_is_counted_in_the_words_of_the_dfe() -> None:
    """Law.md 4.2: the identities."""
    found = counted(r"/ / \ L B V I I C O U N D X Y1 Z #")
    assert found.possible_sessions == 12
    assert found.present_sessions == 4
    assert found.late_sessions == 2
    assert found.approved_educational_activity == 2
    assert found.overall_attendance == 6
    assert found.authorised_absence == 3
    assert found.unauthorised_absence == 3
    assert found.overall_absence == 6
    assert found.not_attending_coronavirus == 0
    assert found.codes["/"] == 2 and found.codes["#"] == 1


def test_the_rates_are_exact_fractions_of_the_possible_sessions() -> None:
    """Law.md 4.1."""
    found = counted(r"/ / \ L B V I I C O U N D X Y1 Z #")
    assert tallies.attendance(found) == Fraction(1, 2)
    assert tallies.overall_absence(found) == Fraction(1, 2)
    assert tallies.authorised_absence(found) == Fraction(1, 4)
    assert tallies.unauthorised_absence(found) == Fraction(1, 4)
    assert tallies.late(found) == Fraction(1, 6)
    assert tallies.of_code(found, "I") == Fraction(1, 6)
    assert tallies.of_code(found, "G") == 0
    assert tallies.share_of_absence(found, "I") == Fraction(1, 3)


def test_of_no_possible_session_there_is_no_rate() -> None:
    """Law.md 1.9: no possible session at one school for a term is legitimate."""
    found = counted("D D D")
    assert found.codes == {"D": 3}
    for rate in (tallies.attendance, tallies.overall_absence, tallies.authorised_absence, tallies.unauthorised_absence):
        assert rate(found) is None
    assert tallies.late(found) is tallies.of_code(found, "I") is tallies.share_of_absence(found, "I") is None
    assert tallies.printed(None) is None


def test_a_session_missed_because_of_coronavirus_is_possible_and_no_absence() -> None:
    """Law.md 3.3, the denominator trap."""
    found = counted(r"/ \ X X", PANDEMIC)
    assert (found.possible_sessions, found.overall_absence, found.not_attending_coronavirus) == (4, 0, 2)
    assert tallies.attendance(found) == Fraction(1, 2)
    assert counted("X X", PANDEMIC, compulsory=False).possible_sessions == 0


def test_a_mark_is_counted_by_the_meaning_of_its_own_day() -> None:
    """Law.md 3.2: D until August 2011; J lowers no rate until 2024, J1 does after."""
    assert counted("D", date(2011, 7, 1)).overall_attendance == 1
    assert counted("D", date(2011, 9, 1)).possible_sessions == 0
    assert counted("J", date(2024, 7, 1)).overall_attendance == 1
    assert counted("J1").authorised_absence == 1


def test_withdrawn_codes_in_live_data_keep_their_old_class() -> None:
    """Law.md 3.2: H is authorised and J attended in the totals of 2025/26."""
    assert counted("H F").authorised_absence == 2
    assert counted("J").approved_educational_activity == 1


def test_what_was_never_a_code_is_not_counted_in_silence() -> None:
    with pytest.raises(UnknownCode):
        counted("X01")


@pytest.mark.parametrize(
    ("share", "printed"),
    [
        (Fraction(6039959, 6420254), "94.0766362203115"),
        (Fraction(1, 6420254), "0.0000155757077523724"),
        (Fraction(0), "0"),
        (Fraction(1), "100"),
        (Fraction(1, 3), "33.3333333333333"),
    ],
)
def test_a_rate_is_printed_as_a_percentage_of_fifteen_digits(share: Fraction, printed: str) -> None:
    """Law.md 4.2 and 4.5."""
    assert tallies.printed(share) == Decimal(printed)


@pytest.mark.parametrize(
    ("absent", "possible", "persistent", "severe"),
    [
        (0, 0, False, False),
        (1, 10, True, False),
        (1, 11, False, False),
        (37, 380, False, False),
        (38, 380, True, False),
        (1, 2, True, True),
        (189, 380, True, False),
        (190, 380, True, True),
    ],
)
def test_persistent_and_severe_are_exact(absent: int, possible: int, persistent: bool, severe: bool) -> None:
    """Law.md 4.1: 10 % and 50 % of the enrolment's own possible sessions, no rounding."""
    assert tallies.is_persistent(absent, possible) is persistent
    assert tallies.is_severe(absent, possible) is severe


def test_figures_are_plain_values_under_the_names_of_the_dfe() -> None:
    told = tallies.figures(tally([("/", date(2026, 9, 7), True, 2), ("I", date(2026, 9, 8), True, 1)]))
    assert (told["possible_sessions"], told["overall_absence"], told["codes"]) == (3, 1, {"/": 2, "I": 1})
    assert (told["attendance_perc"], told["authorised_absence_perc"]) == (66.6666666666667, 33.3333333333333)
    assert "not_attending_coronavirus" not in told
    assert tallies.figures(tally([("X", date(2021, 1, 11), True, 1)]))["not_attending_coronavirus"] == 1
    assert tallies.figures(EMPTY)["attendance_perc"] is None


def test_a_group_pools_its_sums_and_counts_enrolments() -> None:
    """Law.md 4.1: pooled sums, not a mean of rates; 4.3: an enrolment needs a possible session."""
    always, never, half = counted("/ / / /"), counted("I I"), counted("/ O")
    found = tallies.group([always, never, half, counted("D D")])
    assert (found.enrolments, found.persistent_pupils, found.severe_pupils) == (3, 2, 2)
    assert tallies.overall_absence(found.total) == Fraction(3, 8)
    assert found.persistent == found.severe == Fraction(2, 3)
    assert found.absence_due_to_persistent == 1
    assert tallies.with_one_or_more(tallies.group([always, never, half, counted("D D")]), "I") == Fraction(1, 3)


def test_an_empty_group_has_no_rates() -> None:
    found = tallies.group([])
    assert found == tallies.Group(0, 0, 0, 0, EMPTY)
    assert found.persistent is found.severe is found.absence_due_to_persistent is None
    assert tallies.with_one_or_more(tallies.NOBODY, "I") is None


CODES = st.sampled_from(sorted({r.code for on in (TODAY, PANDEMIC) for r in readings(on)} | {"F"}))
SESSIONS = st.tuples(CODES, st.dates(date(2008, 1, 1), date(2028, 1, 1)), st.booleans(), st.integers(0, 1000))
COUNTS = st.lists(SESSIONS, max_size=40)


@given(COUNTS, COUNTS)
def test_the_tally_of_both_is_the_sum_of_the_tallies(
    one: list[tuple[str, date, bool, int]], other: list[tuple[str, date, bool, int]]
) -> None:
    assert tally([*one, *other]) == tallies.add(tally(one), tally(other)) == tallies.add(tally(other), tally(one))
    assert tallies.add(tally(one), EMPTY) == tally(one)


@given(COUNTS)
def test_the_identities_hold(counts: list[tuple[str, date, bool, int]]) -> None:
    """Law.md 4.2."""
    found = tally(counts)
    assert found.possible_sessions == (
        found.overall_attendance + found.overall_absence + found.not_attending_coronavirus
    )
    assert found.overall_attendance == found.present_sessions + found.approved_educational_activity
    assert found.overall_absence == found.authorised_absence + found.unauthorised_absence
    assert found.late_sessions == found.codes.get("L", 0) + found.codes.get("U", 0)
    assert sum(found.codes.values()) == sum(n for _, _, _, n in counts)
    assert found.not_attending_coronavirus == sum(
        n for c, on, old, n in counts if c == "X" and read(c, on, old).possible
    )
    attended, absent = tallies.attendance(found), tallies.overall_absence(found)
    if attended is not None and absent is not None and not found.not_attending_coronavirus:
        assert attended + absent == 1


@given(st.integers(0, 2000), st.integers(0, 2000))
def test_severe_is_always_persistent(absent: int, possible: int) -> None:
    """Law.md 4.1."""
    assert tallies.is_persistent(absent, possible) or not tallies.is_severe(absent, possible)


def test_a_tally_can_be_carried_without_its_codes() -> None:
    assert replace(counted("/ I"), codes={}).overall_absence == 1
    assert EMPTY.codes == {}


def test_days_lost_over_a_year_are_exact_where_a_policys_table_is_not() -> None:
    """Law.md 7, S000: 19.0 days of 190 at 90 %, not 19.5."""
    losses = [tallies.days_lost(tally([("/", TODAY, True, n), ("I", TODAY, True, 100 - n)])) for n in (95, 90, 85, 75)]
    assert [each["days_lost_a_year"] for each in losses] == [9.5, 19.0, 28.5, 47.5]
    assert [each["days_lost"] for each in losses] == [2.5, 5.0, 7.5, 12.5]
    assert tallies.days_lost(EMPTY) == {"days_lost": 0.0, "days_lost_a_year": None}


def test_late_is_l_and_u_and_punctual_is_who_came_in_time() -> None:
    """Law.md 4.2: late sessions are L and U."""
    counted_ = tally([("/", TODAY, True, 15), ("L", TODAY, True, 3), ("U", TODAY, True, 2), ("I", TODAY, True, 20)])
    assert tallies.punctuality(counted_) == {
        "late_before_close_sessions": 3,
        "late_after_close_sessions": 2,
        "late_perc": 12.5,
        "punctuality_perc": 75.0,
    }
    assert tallies.punctuality(EMPTY)["punctuality_perc"] is None


@given(st.integers(0, 60), st.integers(0, 500), st.sampled_from((tallies.PERSISTENT_TIMES, tallies.SEVERE_TIMES)))
def test_the_sessions_left_are_the_most_that_keep_an_enrolment_above_the_line(
    absent: int, possible: int, times: int
) -> None:
    reached = {tallies.PERSISTENT_TIMES: tallies.is_persistent, tallies.SEVERE_TIMES: tallies.is_severe}[times]
    left = tallies.sessions_left(absent, possible, times)
    if possible == 0 or reached(absent, possible):
        assert left == 0
    else:
        assert not reached(absent + left, possible)
        assert reached(absent + left + 1, possible)


def test_groups_that_share_no_enrolment_are_the_group_of_all_of_them() -> None:
    some = [counted("/ I I"), counted("/ / /"), counted("O O M")]
    others = [counted("D D"), counted("/ L I")]
    assert tallies.pooled([tallies.group(some), tallies.group(others)]) == tallies.group([*some, *others])
    assert tallies.pooled([]) == tallies.NOBODY
