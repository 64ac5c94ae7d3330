"""What the routes about the nation answer, as the contract describes it: nothing here runs when one is answered."""

from typing import Annotated

from pydantic import Field

from kit.fields import Body, Date

Measure = Annotated[
    int | float | str | None, Field(description="`c` where it is suppressed, null where it cannot be had.")
]


class NationalRow(Body):
    """One row of an area and a phase, under the DfE's columns."""

    time_period: str
    geographic_level: str
    country_code: str
    country_name: str
    region_code: str | None
    region_name: str | None
    new_la_code: str | None
    la_name: str | None
    old_la_code: str | None
    education_phase: str
    num_schools: Measure
    enrolments: Measure
    present_sessions: Measure
    overall_attendance: Measure
    approved_educational_activity: Measure
    overall_absence: Measure
    authorised_absence: Measure
    unauthorised_absence: Measure
    late_sessions: Measure
    possible_sessions: Measure
    reason_present_am: Measure
    reason_present_pm: Measure
    reason_present: Measure
    reason_l_present_late_before_registers_closed: Measure
    reason_i_authorised_illness: Measure
    reason_m_authorised_medical_dental: Measure
    reason_r_authorised_religious_observance: Measure
    reason_s_authorised_study_leave: Measure
    reason_t_authorised_mobile_child: Measure
    reason_h_authorised_holiday: Measure
    reason_e_authorised_excluded: Measure
    reason_c_authorised_other: Measure
    reason_c1_authorised_regulated_performance: Measure
    reason_j1_authorised_interview: Measure
    reason_c2_authorised_temp_reduced_timetable: Measure
    reason_b_aea_education_off_site: Measure
    reason_j_aea_interview: Measure
    reason_p_aea_approved_sporting_activity: Measure
    reason_v_aea_educational_visit_trip: Measure
    reason_w_aea_work_experience: Measure
    reason_k_aea_education_arranged_by_la: Measure
    reason_g_unauthorised_holiday: Measure
    reason_u_unauthorised_late_after_registers_closed: Measure
    reason_o_other_unauthorised: Measure
    reason_n_no_reason_yet: Measure
    total_num_schools: Measure
    total_enrolments: Measure
    attendance_perc: Measure
    overall_absence_perc: Measure
    authorised_absence_perc: Measure
    unauthorised_absence_perc: Measure
    illness_perc: Measure
    appointments_perc: Measure
    unauth_hol_perc: Measure
    unauth_oth_perc: Measure
    unauth_late_registers_closed_perc: Measure
    unauth_not_yet_perc: Measure
    auth_religious_perc: Measure
    auth_study_perc: Measure
    auth_mob_perc: Measure
    auth_excluded_perc: Measure
    auth_performance_perc: Measure
    auth_interview_perc: Measure
    auth_part_time_perc: Measure
    auth_other_perc: Measure
    pa_perc: Measure
    time_identifier: str


class Published(Body):
    """What the DfE publishes."""

    items: list[NationalRow]
    next: str | None


class SchoolsBehind(Body):
    """How many schools figures were made from, of how many events were still to come, and for how many events."""

    schools: int
    behind: Annotated[int, Field(description="Schools with events that were still to come.")]
    events_behind: int
    year_totals_on: Annotated[
        Date | None,
        Field(
            description="Persistent absence and enrolments are as on the evening before this day, the oldest of all."
        ),
    ]


class NationalDaily(Body):
    """Rows of England, its regions and authorities by phase."""

    items: list[NationalRow]
    next: str | None
    schools: SchoolsBehind
