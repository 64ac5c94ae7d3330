"""The phases of education that the DfE publishes attendance by, and which of them a school belongs to."""

from __future__ import annotations

from enum import StrEnum

_TRANSFER = 11
"""The age at which secondary education begins (Education Act 1996 s.2)."""


class EducationPhase(StrEnum):
    """The DfE's words; `Total` is the three others together."""

    PRIMARY = "Primary"
    SECONDARY = "Secondary"
    SPECIAL = "Special"
    TOTAL = "Total"


_PHASES = {
    "primary": EducationPhase.PRIMARY,
    "secondary": EducationPhase.SECONDARY,
    # ASSUMPTION: as in the school census, a school of all ages is counted as a secondary school.
    "all-through": EducationPhase.SECONDARY,
    "special": EducationPhase.SPECIAL,
    # ASSUMPTION: nurseries and schools of pupils over 16 have nobody aged 5 to 15, and alternative provision is
    # published separately: none of them stands in these tables, nor in their total.
    "nursery": None,
    "16-plus": None,
    "alternative-provision": None,
}


def education_phase(phase: str, age_from: int, age_to: int) -> EducationPhase | None:
    """The phase under which a school of a kind (as the register knows it) and an age range is published, if any.

    ASSUMPTION: a middle school is deemed primary when it has more years below eleven than from eleven on, as the law
    that deems them so counts pupils; any other is deemed secondary. Raises KeyError for a kind that there is not.
    """
    if phase == "middle":
        return EducationPhase.PRIMARY if _TRANSFER - age_from > age_to - _TRANSFER else EducationPhase.SECONDARY
    return _PHASES[phase]
