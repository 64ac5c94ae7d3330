"""The five policies, S000 to S004, as configurations, with what each one's own paper says of what is national."""

from typing import Any


def _register(session: str, opens: str, closes: str, ends: str, *year_groups: str) -> dict[str, Any]:
    row: dict[str, Any] = {"session": session, "opens": opens, "closes": closes, "ends": ends}
    return row | {"year_groups": list(year_groups)} if year_groups else row


_FIVE_FACTS = ["original-entry", "amended-entry", "reason", "date", "name-and-position"]
_TEN_IN_TEN = {"sessions": 10, "weeks": 10, "within": "school-weeks"}
_NOTICES = {"early": 80, "early_days": 21, "first": 160, "first_days": 28, "second": 160, "most": 2, "years": 3}

S000: dict[str, Any] = {
    # No closing is stated for the afternoon: as long as the morning.
    "registers": [_register("AM", "08:40", "08:55", "12:00"), _register("PM", "13:00", "13:15", "15:15")],
    "target": 96,
    "referral_below": 90,
    "report_by": "09:00",
    "staged_approach": {"call_on_day": 1, "visit_on_day": 3, "steps": [{"step": "meeting"}]},
    "monitoring_cycles": ["termly"],
    "stated": {
        "penalty_notice": {"early": 60, "early_days": 21, "first": 120, "first_days": 28},
        "penalty_threshold": {"within": "rolling-academic-year"},
        "n_limit": {"days": None},
        "codes": ["/", "\\", "L", "B", "H", "I", "J", "N", "O", "S", "U", "Y", "#"],
        "persistent_perc": 10,
        "severe_perc": 50,
        "days_lost": [
            {"attendance": 95, "days": 9.5},
            {"attendance": 90, "days": 19.5},
            {"attendance": 85, "days": 28.5},
            {"attendance": 75, "days": 47.5},
        ],
    },
}
S001: dict[str, Any] = {
    "registers": [_register("AM", "09:00", "09:15", "12:00"), _register("PM", "13:30", "13:40", "15:15")],
    "target": 100,
    "report_by": "09:00",
    "staged_approach": {"call_on_day": 1, "visit_on_day": None},
    "reporting_cycle": "yearly",
    "stated": {
        "retention_years": 3,
        "amendment_shows": _FIVE_FACTS,
        "sickness_return_days": 15,
        "penalty_threshold": {**_TEN_IN_TEN, "codes": ["G", "O", "U"]},
        "penalty_notice": {"early": 80, "early_days": 21, "first": 160, "second": 160, "most": 2, "years": 3},
        "court": {"fine": 2500, "months": 3},
    },
}
S002: dict[str, Any] = {
    # Roles and no numbers but one: a conversation with the authority every term.
    "registers": [_register("AM", "08:45", "09:15", "12:00"), _register("PM", "13:00", "13:30", "15:15")],
    "monitoring_cycles": ["termly"],
}
S003: dict[str, Any] = {
    "registers": [
        _register("AM", "09:00", "09:30", "12:00"),
        _register("PM", "13:00", "13:30", "15:15", "N1", "N2", "R", "1", "2"),
        _register("PM", "13:15", "13:45", "15:15", "3", "4", "5", "6"),
    ],
    "report_by": "09:00",
    "illness_evidence_after_days": 5,
    "staged_approach": {
        "call_on_day": 1,
        "late": {"times": 2, "within_weeks": 2},
        "steps": [{"step": "letter"}, {"step": "meeting"}],
    },
    "reporting_cycle": "termly",
    "monitoring_cycles": ["monthly", "half-termly", "termly", "yearly"],
    "stated": {
        "retention_years": 6,
        "amendment_shows": _FIVE_FACTS,
        "n_limit": {"days": 5, "of": "working-days"},
        "penalty_threshold": _TEN_IN_TEN,
        "penalty_notice": {**_NOTICES, "second_days": 28},
        "excluded_in_public": {"days": 5},
        "improvement_weeks": {"least": 3, "most": 6},
        "new_pupil_return_days": 5,
        "sickness_return_days": 15,
    },
}
S004: dict[str, Any] = {
    # Reception begins five minutes after the register opens, and goes home ten minutes before the others.
    "registers": [
        _register("AM", "08:50", "09:15", "12:00", "R"),
        _register("AM", "08:45", "09:15", "12:00"),
        _register("PM", "13:15", "13:45", "15:05", "R"),
        _register("PM", "13:15", "13:45", "15:15"),
    ],
    "report_by": "09:00",
    "illness_evidence_after_days": 0,
    "staged_approach": {"call_on_day": 1, "steps": [{"step": "letter"}, {"step": "further-letter"}]},
    "monitoring_cycles": ["weekly", "termly"],
    "stated": {
        "retention_years": 3,
        "n_limit": {"days": 5, "of": "days"},
        "amendment_shows": _FIVE_FACTS,
        "registers_close": {"AM": ["09:15", "09:00"]},
        "penalty_threshold": _TEN_IN_TEN,
        "penalty_notice": _NOTICES,
        "improvement_weeks": {"least": 3, "most": 6},
        "classes": {
            "authorised-absence": ["C", "D", "I", "M", "Q", "X", "Y1", "Y2", "Y3", "Y4", "Y5", "Y6", "Y7"],
            "unauthorised-absence": ["G", "N", "O", "U", "Z", "#"],
        },
        "part_time_absence": "authorised",
        "in_force_from": "2024-09-01",
    },
}
