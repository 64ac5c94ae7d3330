"""The DfE's own file of 2025/26, reproduced from its code counts alone: every total and every rate of every row."""

import csv
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from codes import tallies
from codes.tallies import Tally, tally

SAMPLE = Path(__file__).parent / "data" / "attendance_by_code_202526_sample.csv"
ROWS = list(csv.DictReader(SAMPLE.read_text(encoding="utf-8").splitlines()))
IN_THE_YEAR = date(2026, 7, 10)

COLUMNS = {
    "reason_present_am": "/",
    "reason_present_pm": "\\",
    "reason_l_present_late_before_registers_closed": "L",
    "reason_i_authorised_illness": "I",
    "reason_m_authorised_medical_dental": "M",
    "reason_r_authorised_religious_observance": "R",
    "reason_s_authorised_study_leave": "S",
    "reason_t_authorised_mobile_child": "T",
    "reason_h_authorised_holiday": "H",
    "reason_e_authorised_excluded": "E",
    "reason_c_authorised_other": "C",
    "reason_c1_authorised_regulated_performance": "C1",
    "reason_j1_authorised_interview": "J1",
    "reason_c2_authorised_temp_reduced_timetable": "C2",
    "reason_b_aea_education_off_site": "B",
    "reason_j_aea_interview": "J",
    "reason_p_aea_approved_sporting_activity": "P",
    "reason_v_aea_educational_visit_trip": "V",
    "reason_w_aea_work_experience": "W",
    "reason_k_aea_education_arranged_by_la": "K",
    "reason_g_unauthorised_holiday": "G",
    "reason_u_unauthorised_late_after_registers_closed": "U",
    "reason_o_other_unauthorised": "O",
    "reason_n_no_reason_yet": "N",
}
TOTALS = (
    "possible_sessions",
    "present_sessions",
    "late_sessions",
    "approved_educational_activity",
    "overall_attendance",
    "authorised_absence",
    "unauthorised_absence",
    "overall_absence",
)
RATES = {
    "attendance_perc": tallies.attendance,
    "overall_absence_perc": tallies.overall_absence,
    "authorised_absence_perc": tallies.authorised_absence,
    "unauthorised_absence_perc": tallies.unauthorised_absence,
}
CODE_RATES = {
    "illness_perc": "I",
    "appointments_perc": "M",
    "unauth_hol_perc": "G",
    "unauth_oth_perc": "O",
    "unauth_late_registers_closed_perc": "U",
    "unauth_not_yet_perc": "N",
    "auth_religious_perc": "R",
    "auth_study_perc": "S",
    "auth_mob_perc": "T",
    "auth_excluded_perc": "E",
    "auth_performance_perc": "C1",
    "auth_interview_perc": "J1",
    "auth_part_time_perc": "C2",
    "auth_other_perc": "C",
}


def legacy(row: dict[str, str]) -> int:
    """Sessions inside authorised absence without a column of their own, which only F explains (law.md 3.2)."""
    authorised = sum(int(row[column]) for column in COLUMNS if "_authorised_" in column)
    return int(row["authorised_absence"]) - authorised


def tallied(row: dict[str, str]) -> Tally:
    counts = [(code, IN_THE_YEAR, True, int(row[column])) for column, code in COLUMNS.items()]
    return tally([*counts, ("F", IN_THE_YEAR, True, legacy(row))])


def place(row: dict[str, str]) -> str:
    return f"{row['la_name'] or row['country_name']}, {row['education_phase']}"


def test_the_sample_has_england_and_six_authorities_by_phase() -> None:
    assert len(ROWS) == 28
    assert {row["time_period"] for row in ROWS} == {"202526"}
    assert sum(row["geographic_level"] == "National" for row in ROWS) == 4
    percentages = {column for column in ROWS[0] if column.endswith("_perc")}
    assert percentages == {*RATES, *CODE_RATES, "pa_perc"}, "every rate is proved, but that of pupils' own absence"


@pytest.mark.parametrize("row", ROWS, ids=place)
def test_every_total_is_the_dfes_from_the_code_counts_alone(row: dict[str, str]) -> None:
    """Law.md 4.2."""
    found = tallied(row)
    assert {name: getattr(found, name) for name in TOTALS} == {name: int(row[name]) for name in TOTALS}
    assert found.codes["/"] + found.codes["\\"] == int(row["reason_present"])
    assert legacy(row) >= 0


@pytest.mark.parametrize("row", ROWS, ids=place)
def test_every_rate_is_the_dfes_to_its_last_digit(row: dict[str, str]) -> None:
    """Law.md 4.1 and 4.2."""
    found = tallied(row)
    printed = {column: tallies.printed(rate(found)) for column, rate in RATES.items()}
    printed |= {column: tallies.printed(tallies.of_code(found, code)) for column, code in CODE_RATES.items()}
    assert printed == {column: Decimal(row[column]) for column in printed}


@pytest.mark.parametrize("row", ROWS, ids=place)
def test_attendance_and_absence_are_the_whole(row: dict[str, str]) -> None:
    """Law.md 4.2: exactly 100."""
    found = tallied(row)
    attended, absent = tallies.attendance(found), tallies.overall_absence(found)
    assert attended is not None and absent is not None
    assert attended + absent == Fraction(1)
