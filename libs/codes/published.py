"""The columns of the DfE's "Pupil attendance in schools", and the figures under them from a tally of ours.

The columns of its file by code for 2025/26, in their order. `c`, `x`, `z` and `NA` stand in it for what is not given.
"""

from __future__ import annotations

from types import MappingProxyType

from codes import tallies
from codes.tallies import Tally

NATIONAL, REGIONAL, LOCAL_AUTHORITY = LEVELS = ("National", "Regional", "Local authority")
"""Of what area a row is, in the words of `geographic_level`."""

SYMBOLS = frozenset({"c", "x", "z", "NA"})
"""What stands in place of a figure: suppressed, not available, not applicable, none."""
SUPPRESSED = "c"

PLACE = (
    *("time_period", "geographic_level", "country_code", "country_name", "region_code", "region_name"),
    *("new_la_code", "la_name", "old_la_code", "education_phase"),
)
"""The columns that say of which period, area and phase a row is."""

_TOTALS = (
    *("present_sessions", "overall_attendance", "approved_educational_activity", "overall_absence"),
    *("authorised_absence", "unauthorised_absence", "late_sessions", "possible_sessions"),
)
_CODES = MappingProxyType(
    {
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
)
_BOTH = "reason_present"
_RATES = MappingProxyType(
    {
        "attendance_perc": tallies.attendance,
        "overall_absence_perc": tallies.overall_absence,
        "authorised_absence_perc": tallies.authorised_absence,
        "unauthorised_absence_perc": tallies.unauthorised_absence,
    }
)
_RATES_BY_CODE = MappingProxyType(
    {
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
)
_BY_CODE = (*list(_CODES)[:2], _BOTH, *list(_CODES)[2:])
SUMS = (*_TOTALS, *_BY_CODE)
"""The columns that are sums of sessions."""

MEASURES = (
    *("num_schools", "enrolments", *SUMS, "total_num_schools", "total_enrolments"),
    *(*_RATES, *_RATES_BY_CODE, "pa_perc"),
)
"""The columns that hold figures."""

COLUMNS = (*PLACE, *MEASURES, "time_identifier")


def sessions(counted: Tally) -> dict[str, int | float | None]:
    """A tally under the columns that follow from sessions alone: sums, and rates of 15 significant digits.

    Rates are None where no session was possible. A code without a column, such as F, is in the totals (law.md 4.2).
    """
    codes = {column: counted.codes.get(code, 0) for column, code in _CODES.items()}
    return {
        **{column: getattr(counted, column) for column in _TOTALS},
        **codes,
        _BOTH: codes["reason_present_am"] + codes["reason_present_pm"],
        **{column: tallies.perc(rate(counted)) for column, rate in _RATES.items()},
        **{column: tallies.perc(tallies.of_code(counted, code)) for column, code in _RATES_BY_CODE.items()},
    }
