"""The code book against law.md sections 2 and 3 (SI 2024/208 reg 10; SI 2006/1751 reg 6; DfE code lists)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codes import book
from codes.book import Bearer, Kind, Session

TODAY = date(2026, 9, 7)
LAST_OF_2006 = date(2024, 8, 18)
FIRST_OF_2024 = date(2024, 8, 19)

CLASSES_2024 = {
    Kind.PRESENT: "/ \\ L",
    Kind.APPROVED: "K V P W B",
    Kind.AUTHORISED: "C1 M J1 S C2 C T R I E",
    Kind.UNAUTHORISED: "G N O U",
    Kind.NOT_POSSIBLE: "D X Q Y1 Y2 Y3 Y4 Y5 Y6 Y7",
    Kind.ADMINISTRATIVE: "Z #",
}
CLASSES_2006 = {
    Kind.PRESENT: "/ \\ L",
    Kind.APPROVED: "B J P V W",
    Kind.AUTHORISED: "C E H I M R S T",
    Kind.UNAUTHORISED: "G N O U",
    Kind.NOT_POSSIBLE: "D X Y",
    Kind.ADMINISTRATIVE: "Z #",
}


def listed(classes: dict[Kind, str]) -> dict[str, Kind]:
    return {code: kind for kind, codes in classes.items() for code in codes.split()}


def test_the_2024_edition_is_the_table_of_section_2() -> None:
    """Regulation 10 tables 1 to 3, and the two administrative codes of the guidance."""
    assert {r.code: r.kind for r in book.readings(TODAY)} == listed(CLASSES_2024)
    assert {r.code: r.kind for r in book.readings(FIRST_OF_2024)} == listed(CLASSES_2024)


def test_the_2006_edition_is_the_table_of_section_3_1() -> None:
    assert {r.code: r.kind for r in book.readings(LAST_OF_2006)} == listed(CLASSES_2006)


def test_twelve_codes_came_and_three_went_on_19_august_2024() -> None:
    """Section 3.1: the twelve that came and the three that went."""
    before = {r.code for r in book.readings(LAST_OF_2006)}
    after = {r.code for r in book.readings(FIRST_OF_2024)}
    assert after - before == {"C1", "C2", "J1", "K", "Q", "Y1", "Y2", "Y3", "Y4", "Y5", "Y6", "Y7"}
    assert before - after == {"H", "J", "Y"}


@pytest.mark.parametrize("reading", book.readings(TODAY), ids=lambda r: r.code)
def test_what_counts_as_possible_follows_the_class(reading: book.Reading) -> None:
    """Section 2, fourth column: D, Q, X, Y1 to Y7, Z and # stand outside the denominator."""
    outside = ["D", "Q", "X", "Y1", "Y2", "Y3", "Y4", "Y5", "Y6", "Y7", "Z", "#"]
    assert reading.possible is (reading.code not in outside)
    assert reading.source


def test_the_threshold_counts_g_n_o_and_u_from_19_august_2024() -> None:
    """Section 5.1: codes G, N, O and U; absences from 19 August 2024."""
    assert {r.code for r in book.readings(TODAY) if r.threshold} == {"G", "N", "O", "U"}
    assert not any(r.threshold for r in book.readings(LAST_OF_2006))


def test_the_two_presence_marks_are_for_their_own_session() -> None:
    """Section 2: / is for the morning only, \\ for the afternoon only."""
    sessions = {r.code: r.sessions for r in book.readings(TODAY)}
    assert sessions.pop("/") == {Session.AM}
    assert sessions.pop("\\") == {Session.PM}
    assert set(sessions.values()) == {frozenset(Session)}


def test_who_may_bear_a_code() -> None:
    """Section 2: X is not for compulsory age, C2 only for it, Z before the roll, # for nobody on an open day."""
    bearers = {r.code: r.bearer for r in book.readings(TODAY) if r.bearer is not Bearer.ANYONE}
    assert bearers == {
        "X": Bearer.NOT_COMPULSORY_AGE,
        "C2": Bearer.COMPULSORY_AGE,
        "Z": Bearer.NOT_YET_ON_ROLL,
        "#": Bearer.NOBODY,
    }


def test_before_2024_a_planned_closure_could_be_of_a_part_of_the_school() -> None:
    """Section 2, row #: before 2024 also planned partial closure."""
    assert book.read("#", LAST_OF_2006).bearer is Bearer.ANYONE


def test_b_and_k_need_the_nature_of_the_activity() -> None:
    """Section 1.2."""
    assert {r.code for r in book.readings(TODAY) if r.needs} == {"B", "K"}
    assert {r.code for r in book.readings(LAST_OF_2006) if r.needs} == {"B"}


def test_d_was_an_attendance_until_september_2011() -> None:
    """Section 3.1, row D."""
    assert book.read("D", date(2011, 8, 31)).kind is Kind.APPROVED
    assert book.read("D", date(2011, 8, 31)).possible
    assert book.read("D", date(2011, 9, 1)).kind is Kind.NOT_POSSIBLE


def test_an_interview_changes_class_with_the_edition() -> None:
    """Section 3.1, row J: attendance as J, authorised absence as J1."""
    assert book.read("J", LAST_OF_2006).kind is Kind.APPROVED
    assert book.read("J1", FIRST_OF_2024).kind is Kind.AUTHORISED


def test_f_is_tolerated_to_the_end_of_august_2014() -> None:
    """Section 9, doubt 10."""
    assert book.lawful("F", date(2014, 8, 31)) is not None
    assert book.lawful("F", date(2014, 9, 1)) is None


def test_x_during_the_pandemic_is_possible_and_no_absence_for_compulsory_age() -> None:
    """Section 3.3, the denominator trap."""
    on = date(2021, 1, 20)
    compulsory, younger = book.lawful("X", on, True), book.lawful("X", on, False)
    assert compulsory is not None and compulsory.kind is Kind.NOT_ATTENDING_COVID and compulsory.possible
    assert younger is not None and younger.kind is Kind.NOT_POSSIBLE and not younger.possible
    assert [r.kind for r in book.readings(on) if r.code == "X"] == [Kind.NOT_ATTENDING_COVID, Kind.NOT_POSSIBLE]


@pytest.mark.parametrize("on", [date(2020, 8, 31), date(2022, 5, 1), TODAY])
def test_x_outside_the_pandemic_has_its_ordinary_meaning_whoever_bears_it(on: date) -> None:
    """Section 3.3."""
    assert book.read("X", on, True).kind is Kind.NOT_POSSIBLE
    assert book.read("X", on, True).bearer is Bearer.NOT_COMPULSORY_AGE


@pytest.mark.parametrize(("code", "kind"), [("H", Kind.AUTHORISED), ("J", Kind.APPROVED), ("F", Kind.AUTHORISED)])
def test_live_data_still_carries_withdrawn_codes_by_their_old_meaning(code: str, kind: Kind) -> None:
    """Section 3.2: 388 H and 87 J sessions in the totals of 2025/26, and legacy F."""
    assert book.lawful(code, TODAY) is None
    assert book.withdrawn(code, TODAY)
    assert book.read(code, TODAY).kind is kind


def test_a_code_before_its_time_is_read_by_its_first_meaning_and_is_not_lawful() -> None:
    assert book.lawful("K", LAST_OF_2006) is None
    assert book.withdrawn("K", LAST_OF_2006)
    assert book.read("K", LAST_OF_2006).kind is Kind.APPROVED
    assert book.read("D", date(2005, 9, 5)).kind is Kind.APPROVED


@pytest.mark.parametrize("text", ["", "-", "*", "x", "l", "//", "X01", "I02", "Y8", "🙂"])
def test_what_was_never_a_code_is_unknown(text: str) -> None:
    """Section 2, notes: sub-codes and a vendor's blanks are no codes of the regulations."""
    assert not book.known(text)
    assert not book.withdrawn(text, TODAY)
    assert book.lawful(text, TODAY) is None
    with pytest.raises(book.UnknownCode):
        book.read(text, TODAY)


def test_the_editions_follow_one_another_without_a_gap() -> None:
    older, newer = book.EDITIONS
    assert (older.name, newer.name) == ("2006", "2024")
    assert older.ends is not None and older.ends + timedelta(days=1) == newer.starts == FIRST_OF_2024
    assert newer.ends is None
    assert book.edition(LAST_OF_2006) == "2006" == book.edition(date(2000, 1, 1))
    assert book.edition(FIRST_OF_2024) == "2024"


def test_the_edges_are_the_days_on_which_a_class_changes() -> None:
    """Section 3.2: D, the pandemic's X from its first to its last day, and the threshold."""
    assert book.edges() == (date(2011, 9, 1), date(2020, 9, 1), date(2022, 5, 1), FIRST_OF_2024)


CODES = sorted({r.code for on in (date(2010, 1, 4), TODAY) for r in book.readings(on)} | {"F"})
DAYS = st.dates(date(2004, 1, 1), date(2030, 12, 31))


@given(st.sampled_from(CODES), DAYS, DAYS, st.booleans())
def test_between_two_edges_a_code_counts_as_one_thing(code: str, one: date, other: date, compulsory: bool) -> None:
    first, last = sorted((one, other))
    if not any(first < edge <= last for edge in book.edges()):
        before, after = book.read(code, first, compulsory), book.read(code, last, compulsory)
        assert (before.kind, before.possible, before.threshold) == (after.kind, after.possible, after.threshold)


@given(st.sampled_from(CODES), DAYS, st.booleans())
def test_what_is_lawful_is_read_as_it_is(code: str, on: date, compulsory: bool) -> None:
    reading = book.lawful(code, on, compulsory)
    assert book.withdrawn(code, on) is (reading is None)
    if reading is not None:
        assert reading is book.read(code, on, compulsory)
        assert reading in book.readings(on)
