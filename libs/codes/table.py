"""Every code since 1 September 2006, one row for each stretch of time in which it meant one thing.

Where a code has two rows for one day (X during the pandemic) the narrower comes first. The 2006 rows follow the school
census code lists under SI 2006/1751; the 2024 rows follow Tables 1 to 3 of regulation 10 of SI 2024/208, and their
classes are the ones by which the DfE's own published totals add up.
"""

from __future__ import annotations

from datetime import date

from codes.reading import ENDS_2006, STARTS_2006, STARTS_2024, Bearer, Kind, Reading, Session

_AM = frozenset({Session.AM})
_PM = frozenset({Session.PM})
_BOTH = frozenset(Session)
_NATURE = frozenset({"nature"})
_NOTHING: frozenset[str] = frozenset()

# Sessions with D counted as attended and possible until the school year 2010-11 ended.
_DUAL_NOT_COUNTED_FROM = date(2011, 9, 1)
# ASSUMPTION: the notices that withdrew F differ (September 2013, spring census 2014, September 2014): the latest is
# taken, so that no entry of 2013-14 is called unlawful.
_F_ENDS = date(2014, 8, 31)
# ASSUMPTION: the pandemic's category ran from the school year 2020-21 until the DfE stopped advising it in April 2022.
_COVID_FROM = date(2020, 9, 1)
_COVID_TO = date(2022, 4, 30)


def _then(
    code: str,
    meaning: str,
    kind: Kind,
    source: str = "SI 2006/1751 reg 6; school census code list",
    *,
    sessions: frozenset[Session] = _BOTH,
    bearer: Bearer = Bearer.ANYONE,
    needs: frozenset[str] = _NOTHING,
    starts: date = STARTS_2006,
    ends: date = ENDS_2006,
) -> Reading:
    """A reading under the 2006 Regulations; nothing counted to a national threshold before 19 August 2024."""
    return Reading(code, meaning, kind, sessions, bearer, needs, False, starts, ends, source)


def _now(
    code: str,
    meaning: str,
    kind: Kind,
    source: str = "SI 2024/208 reg 10(3), Table 3",
    *,
    sessions: frozenset[Session] = _BOTH,
    bearer: Bearer = Bearer.ANYONE,
    needs: frozenset[str] = _NOTHING,
) -> Reading:
    """A reading under the 2024 Regulations; the unauthorised absences are what the penalty threshold counts."""
    threshold = kind is Kind.UNAUTHORISED
    return Reading(code, meaning, kind, sessions, bearer, needs, threshold, STARTS_2024, None, source)


_TABLE_1 = "SI 2024/208 reg 10(3), Table 1"
_TABLE_2 = "SI 2024/208 reg 10(3), Table 2"
_LEAVE = "SI 2024/208 reg 10(3), Table 3, and reg 11"

ROWS: tuple[Reading, ...] = (
    # Attending the school.
    _then("/", "Present in the morning", Kind.PRESENT, sessions=_AM),
    _now("/", "Present in the morning when the register began to be taken", Kind.PRESENT, _TABLE_1, sessions=_AM),
    _then("\\", "Present in the afternoon", Kind.PRESENT, sessions=_PM),
    _now("\\", "Present in the afternoon when the register began to be taken", Kind.PRESENT, _TABLE_1, sessions=_PM),
    _then("L", "Late, before the register closed", Kind.PRESENT),
    _now("L", "Late, before the taking of the register ended", Kind.PRESENT, _TABLE_1),
    # Attending a place other than the school.
    _now("K", "Education provision arranged by the local authority", Kind.APPROVED, _TABLE_2, needs=_NATURE),
    _then("V", "Educational visit or trip", Kind.APPROVED),
    _now("V", "Educational visit or trip supervised by school staff", Kind.APPROVED, _TABLE_2),
    _then("P", "Approved sporting activity", Kind.APPROVED),
    _now("P", "Approved educational activity: sporting activity", Kind.APPROVED, _TABLE_2 + " and reg 10(11)"),
    _then("W", "Work experience", Kind.APPROVED),
    _now("W", "Approved educational activity: work experience", Kind.APPROVED, _TABLE_2 + " and reg 10(11)"),
    _then("B", "Educated off site", Kind.APPROVED, "SI 2006/1751 reg 6(1)(c) and (4)", needs=_NATURE),
    _now("B", "Any other approved educational activity", Kind.APPROVED, _TABLE_2 + " and reg 10(11)", needs=_NATURE),
    _then("J", "At an interview", Kind.APPROVED),
    # D sits in Table 2, but has been neither an attendance nor a possible session since September 2011.
    _then("D", "Dual registered, at the other school", Kind.APPROVED, "SI 2006/1751 reg 6(4)",
          ends=date(2011, 8, 31)),
    _then("D", "Dual registered, at the other school", Kind.NOT_POSSIBLE, "DfE absence methodology 4.2.1",
          starts=_DUAL_NOT_COUNTED_FROM),
    _now("D", "Dual registered, at the other school", Kind.NOT_POSSIBLE, _TABLE_2 + "; DfE absence methodology 4.2.1"),
    # Absent with leave, or for a reason that the school must accept.
    _now("C1", "Leave for a regulated performance or employment abroad", Kind.AUTHORISED, _LEAVE + "(2)"),
    _then("M", "Medical or dental appointment", Kind.AUTHORISED),
    _now("M", "Leave for a medical or dental appointment", Kind.AUTHORISED, _LEAVE),
    _now("J1", "Leave for an interview for employment or another institution", Kind.AUTHORISED, _LEAVE + "(4)"),
    _then("S", "Study leave", Kind.AUTHORISED),
    # ASSUMPTION: the regulation says any public examination; that only Year 11 has it is guidance, so not refused.
    _now("S", "Leave for studying for a public examination", Kind.AUTHORISED, _LEAVE + "(5)"),
    _then("X", "Not attending in circumstances relating to coronavirus", Kind.NOT_ATTENDING_COVID,
          "SI 2020/544 as extended by SI 2021/852", bearer=Bearer.COMPULSORY_AGE, starts=_COVID_FROM, ends=_COVID_TO),
    _then("X", "Not of compulsory school age and not required to attend", Kind.NOT_POSSIBLE,
          bearer=Bearer.NOT_COMPULSORY_AGE),
    _now("X", "Not of compulsory school age and not required to attend", Kind.NOT_POSSIBLE,
         bearer=Bearer.NOT_COMPULSORY_AGE),
    _now("C2", "Leave for a temporary part-time timetable, compulsory school age", Kind.AUTHORISED, _LEAVE + "(6)",
         bearer=Bearer.COMPULSORY_AGE),
    _then("C", "Other authorised circumstances", Kind.AUTHORISED),
    _now("C", "Leave in exceptional circumstances", Kind.AUTHORISED, _LEAVE),
    _then("F", "Extended family holiday, agreed", Kind.AUTHORISED, ends=_F_ENDS),
    _then("H", "Family holiday, agreed", Kind.AUTHORISED),
    _then("T", "Traveller absence", Kind.AUTHORISED),
    # ASSUMPTION: a mobile child is by definition of compulsory age (reg 3), yet T is not refused for a younger
    # sibling: no source seen refuses it, and there is no other code for the same absence.
    _now("T", "Mobile child, parent travelling for work", Kind.AUTHORISED, "SI 2024/208 regs 3 and 10(3), Table 3"),
    _then("R", "Religious observance", Kind.AUTHORISED),
    _now("R", "Religious observance, on a day set apart by the religious body", Kind.AUTHORISED),
    _then("I", "Illness", Kind.AUTHORISED),
    _now("I", "Illness, not an appointment", Kind.AUTHORISED),
    _then("E", "Excluded, no alternative provision", Kind.AUTHORISED),
    _now("E", "Suspended or permanently excluded, no alternative provision", Kind.AUTHORISED),
    # Unable to attend.
    _now("Q", "Lack of access arrangements by the local authority", Kind.NOT_POSSIBLE),
    _then("Y", "Unable to attend because of exceptional circumstances", Kind.NOT_POSSIBLE),
    _now("Y1", "Transport normally provided not available", Kind.NOT_POSSIBLE),
    _now("Y2", "Widespread disruption to travel", Kind.NOT_POSSIBLE),
    _now("Y3", "Part of the premises closed", Kind.NOT_POSSIBLE),
    _now("Y4", "Whole site unexpectedly closed", Kind.NOT_POSSIBLE),
    _now("Y5", "Criminal justice detention", Kind.NOT_POSSIBLE),
    _now("Y6", "Attendance contrary to public health guidance or law", Kind.NOT_POSSIBLE),
    _now("Y7", "Any other unavoidable cause", Kind.NOT_POSSIBLE),
    # Absent without leave.
    _then("G", "Holiday not agreed, or beyond what was agreed", Kind.UNAUTHORISED),
    _now("G", "Holiday without leave", Kind.UNAUTHORISED),
    _then("N", "No reason yet provided", Kind.UNAUTHORISED),
    _now("N", "Circumstances of the absence not yet established", Kind.UNAUTHORISED,
         "SI 2024/208 reg 10(3), Table 3, and reg 10(7) to (9)"),
    _then("O", "Absent without authorisation", Kind.UNAUTHORISED),
    _now("O", "None of the other codes applies", Kind.UNAUTHORISED),
    _then("U", "Arrived after the register closed", Kind.UNAUTHORISED),
    _now("U", "Arrived after the register closed and before the session ended", Kind.UNAUTHORISED),
    # Not a session of the pupil.
    _then("Z", "Not yet on the admission register", Kind.ADMINISTRATIVE, bearer=Bearer.NOT_YET_ON_ROLL),
    _now("Z", "Prospective pupil not yet on the admission register", Kind.ADMINISTRATIVE,
         "Working together to improve school attendance, August 2024", bearer=Bearer.NOT_YET_ON_ROLL),
    # Before 2024 a planned closure could be of a part of the school, and so the mark of some pupils on an open day.
    _then("#", "Planned closure, whole or partial", Kind.ADMINISTRATIVE),
    _now("#", "Planned closure of the whole school", Kind.ADMINISTRATIVE,
         "Working together to improve school attendance, August 2024", bearer=Bearer.NOBODY),
)  # fmt: skip
