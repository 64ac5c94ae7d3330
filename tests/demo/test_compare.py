"""The table beside the DfE's: England laid beside England shows no difference, and nothing is no figure."""

import pytest

from onebox.demo import compare
from onebox.demo.figures import ENGLAND, attendance_rows

ENROLMENTS = 1_000_000


def sums_of_england(phase: str) -> dict[str, int]:
    row = attendance_rows()[ENGLAND, phase]
    return {
        "possible_sessions": row.possible,
        "overall_attendance": row.attendance,
        "authorised_absence": row.authorised,
        "unauthorised_absence": row.unauthorised,
        "overall_absence": row.absence,
        "late_sessions": row.late,
        "enrolments": ENROLMENTS,
        "persistent_pupils": round(row.pa_perc * ENROLMENTS / 100),
    }


def test_england_beside_england_is_the_same_in_every_line() -> None:
    lines = compare.compared({phase: sums_of_england(phase) for phase in (*compare.PHASES, "total")})
    assert len(lines) == 24
    for line in lines:
        assert line.here == pytest.approx(line.england, abs=1e-4), line


def test_a_phase_without_sessions_has_no_rates() -> None:
    lines = compare.compared({"primary": dict.fromkeys(sums_of_england("primary"), 0)})
    assert {line.here for line in lines} == {None}
    assert compare.table(lines).row_count == 6


def test_the_table_for_a_readme_has_a_row_a_measure_and_two_columns_a_phase() -> None:
    lines = compare.compared({"primary": sums_of_england("primary"), "total": sums_of_england("total")})
    rows = compare.markdown(lines).splitlines()
    assert rows[0] == "| per cent | primary, here | England | total, here | England |"
    assert rows[2] == "| attendance | 94.7 | 94.7 | 93.1 | 93.1 |"
    assert len(rows) == 8
