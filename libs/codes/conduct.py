"""What the conduct of a register asks for: lateness, evidence, reviews, the sixth day of exclusion, steps, parents.

Pure rules over the entries of one pupil as they stand at the end of a day, all in order and up to that day.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Sequence
from datetime import date, timedelta

from codes.alerts import Alert, Standing
from codes.book import Kind, Session, read
from codes.calendar import academic_year, week_of
from codes.finding import Finding, Rule, days, plain
from codes.planned import ALTERNATIVE_PROVISION_FROM_DAY, GRANTED, Plan
from codes.spells import days_of, spells

_GUIDANCE = "Working together to improve school attendance (statutory guidance, DfE)"
_DAY = timedelta(days=1)
_LATE = frozenset({"L", "U"})
_ALTERNATIVE = frozenset({"B", "D", "K", "W"})
# ASSUMPTION: after leave that was agreed ahead and is by its nature long, nobody need be met.
_NO_MEETING_AFTER = frozenset({"C1", "C2", "J1", "S", "T"})
_ABSENCES = frozenset({Kind.AUTHORISED, Kind.UNAUTHORISED})
_NOT_YEAR_11 = frozenset({"7", "8", "9", "10"})

LATE_TIMES, LATE_WEEKS = 2, 2
RETURN_MEETING_AFTER_DAYS = 10
STEPS = ("letter", "further-letter", "meeting")
STEP_AFTER_DAYS = 10
TOLD_WITHIN_DAYS = 5

LATE = Rule(
    Alert.LATE_REPEATED,
    "Late (L or U) so many times within so many school weeks; what was noted as the school's transport is left out.",
    "School policies: twice or more in one week or over two",
    "As many school weeks pass without lateness, or entries are amended.",
)
EVIDENCE = Rule(
    Alert.ILLNESS_EVIDENCE,
    "Ill for more school days than the school's policy takes without evidence.",
    "The school's own policy; guidance paragraphs 365 and 366 for what may be asked",
    "Somebody states that the evidence is there or is not asked for, or the entries are amended.",
)
BEYOND_GUIDANCE = (
    "A fixed number of days goes further than the guidance, which has evidence asked for only where there is genuine "
    "and reasonable doubt that the pupil is ill."
)
REVIEW = Rule(
    Alert.PART_TIME_REVIEW,
    "A part-time timetable is temporary, and the day on which it was to be reviewed has come.",
    "SI 2024/208 reg 11(6); " + _GUIDANCE + ", on part-time timetables",
    "The review is stated, or the timetable has ended.",
)
RELIGIOUS = Rule(
    Alert.RELIGIOUS_EXTRA_DAY,
    "R on more school days in a row than the religious body set apart: a further day needs leave or is unauthorised.",
    _GUIDANCE + ", on code R",
    "The further days are amended, or somebody states that the body set them apart.",
)
DAY_6 = Rule(
    Alert.EXCLUDED_DAY_6,
    "E on the sixth consecutive school day of a suspension or exclusion, or later: alternative provision is due.",
    "DfE, Pupil absence statistics: methodology, on code E; Education and Inspections Act 2006 s.100",
    "Provision begins (K, B, W or D), the pupil is back, or the entries are amended.",
)
MEETING = Rule(
    Alert.RETURN_MEETING,
    "Back after a lengthy absence: a meeting on the return is due.",
    "School policies, in line with " + _GUIDANCE,
    "Somebody states that the meeting was held or is not needed.",
)
STUDY = Rule(
    Alert.STUDY_LEAVE,
    "S in years 7 to 10: study leave is given sparingly, and for the public examinations of Year 11.",
    "SI 2024/208 reg 11(5); " + _GUIDANCE + ", on code S",
    "Somebody states the public examination, or the entries are amended.",
)
STEP = Rule(
    Alert.NEXT_STEP_DUE,
    "The concern goes on, and the next step of the school's staged approach is due.",
    "School policies: letter, further letter, meeting",
    "The step is stated, or the concern is over.",
)
TOLD = Rule(
    Alert.PARENTS_NOT_TOLD,
    "Unauthorised absence of which no parent is known to have been told.",
    _GUIDANCE + ", on informing parents",
    "Somebody states that the parents were told of each, or the entries are amended.",
)


def late_repeated(
    entries: Sequence[Standing],
    by_school_transport: Collection[tuple[date, Session]],
    school_weeks: Sequence[date],
    today: date,
    times: int = LATE_TIMES,
    weeks: int = LATE_WEEKS,
) -> Finding | None:
    """Lateness that was repeated within so many school weeks and goes on, since the lateness that made it so.

    `by_school_transport` are the sessions in which the school's own transport was late. Lateness is the same run while
    each follows the one before within as many school weeks, so that a third time is no second alert.
    """
    known = frozenset(school_weeks)
    run: list[tuple[int, Standing]] = []
    since: date | None = None
    for entry in entries:
        on, session, code = entry
        if code not in _LATE or (on, session) in by_school_transport or on > today or week_of(on) not in known:
            continue
        place = bisect_left(school_weeks, week_of(on))
        if run and place - run[-1][0] >= weeks:
            run, since = [], None
        run.append((place, entry))
        if since is None and len(run) >= times and place - run[-times][0] < weeks:
            since = on
    # The week of today, or the last one before it that was a school week.
    if since is None or bisect_right(school_weeks, week_of(today)) - 1 - run[-1][0] >= weeks:
        return None
    sessions = plain(entry for _, entry in run)
    return LATE.finds(since, week_of(run[0][1][0]), sessions=sessions, late=len(run), times=times, weeks=weeks)


def illness_evidence(
    entries: Sequence[Standing], after_days: int | None = None, settled: Collection[date] = ()
) -> tuple[Finding, ...]:
    """Spells of illness (I; appointments pass) of more school days than a policy takes; none where it has no such rule.

    `settled` are the first days of spells for which evidence is there or is not asked for. What the policy asks is
    said to go further than the guidance.
    """
    if after_days is None:
        return ()
    return tuple(
        EVIDENCE.finds(
            of[after_days], of[0], days=days(of), evidence_after_days=after_days, against_guidance=BEYOND_GUIDANCE
        )
        for spell in spells(entries, lambda entry: entry[2] == "I", frozenset({"M"}))
        if len(of := days_of(spell)) > after_days and of[0] not in settled
    )


def part_time_review(plan: Plan, review_on: Sequence[date], reviews_held: int, today: date) -> Finding | None:
    """The review of a part-time timetable that is granted and goes on, due by its date and not held.

    ASSUMPTION: the first review that was held is that of the first date, on whichever day it was.
    """
    if plan.code != "C2" or plan.outcome != GRANTED or (plan.last is not None and plan.last[0] < today):
        return None
    due = [day for day in sorted(review_on) if day <= today][reviews_held:]
    if not due:
        return None
    return REVIEW.finds(due[0], f"{plan.id} {due[0]}", absence=plan.id, reviews_due=days(due), held=reviews_held)


def religious_extra_day(
    entries: Sequence[Standing], set_apart: int = 1, settled: Collection[date] = ()
) -> tuple[Finding, ...]:
    """Spells of R on more school days in a row than were set apart; `settled` are the first days of those that may be.

    ASSUMPTION: school days in a row are one occasion, and the body has set one day apart until somebody says more.
    """
    return tuple(
        RELIGIOUS.finds(of[set_apart], of[0], days=days(of), set_apart=set_apart)
        for spell in spells(entries, lambda entry: entry[2] == "R")
        if len(of := days_of(spell)) > set_apart and of[0] not in settled
    )


def excluded_day_6(entries: Sequence[Standing]) -> Finding | None:
    """The exclusion that goes on with E at the end of the entries, since its first E on a sixth day or later.

    Days of provision within it (K, B, W, D) are days of the exclusion, and end the alert while they last.
    """
    # Provision belongs to an exclusion only once that has begun, so what comes before the first E is taken off.
    runs = [*spells(entries, lambda entry: entry[2] == "E" or entry[2] in _ALTERNATIVE)]
    if not runs or not _reaches_the_end(runs[-1], entries):
        return None
    first = next((place for place, (_, _, code) in enumerate(runs[-1]) if code == "E"), None)
    if first is None or runs[-1][-1][2] != "E":
        return None
    run = runs[-1][first:]
    of = days_of(run)
    late = [on for on, _, code in run if code == "E" and of.index(on) + 1 >= ALTERNATIVE_PROVISION_FROM_DAY]
    if not late:
        return None
    return DAY_6.finds(late[0], of[0], days=days(of), sessions=plain(e for e in run if e[0] in late and e[2] == "E"))


def _reaches_the_end(spell: Sequence[Standing], entries: Sequence[Standing]) -> bool:
    """Whether no possible session was entered after a spell."""
    return not any(entry[:2] > spell[-1][:2] and read(entry[2], entry[0]).possible for entry in entries)


def return_meeting(
    entries: Sequence[Standing], after_days: int = RETURN_MEETING_AFTER_DAYS, settled: Collection[date] = ()
) -> tuple[Finding, ...]:
    """Returns after at least so many school days of absence in a row, since the day of the return.

    `settled` are the first days of absences whose meeting was held or is not needed.
    """
    found = []
    for spell in spells(entries, _calls_for_a_meeting, _NO_MEETING_AFTER):
        of = days_of(spell)
        if len(of) < after_days or of[0] in settled:
            continue
        after = entries[bisect_right(entries, spell[-1]) :]
        back = next((on for on, _, code in after if _is_back(code, on)), None)
        if back is not None:
            found.append(MEETING.finds(back, of[0], days=days(of), returned_on=back.isoformat(), after_days=after_days))
    return tuple(found)


def _calls_for_a_meeting(entry: Standing) -> bool:
    on, _, code = entry
    return code not in _NO_MEETING_AFTER and code != "U" and read(code, on).kind in _ABSENCES


def _is_back(code: str, on: date) -> bool:
    return code == "U" or read(code, on).kind in (Kind.PRESENT, Kind.APPROVED)


def study_leave(entries: Sequence[Standing], year_group: str | None, today: date) -> Finding | None:
    """S of a pupil in years 7 to 10, in the academic year of `today`."""
    year = academic_year(today)
    given = [entry for entry in entries if entry[2] == "S" and entry[0] <= today and academic_year(entry[0]) == year]
    if not given or year_group not in _NOT_YEAR_11:
        return None
    return STUDY.finds(given[0][0], year, year_group=year_group, sessions=plain(given))


def next_step_due(
    concern: Finding | None,
    taken: Sequence[date],
    school_days: Sequence[date],
    today: date,
    steps: Sequence[str] = STEPS,
    after_days: int = STEP_AFTER_DAYS,
) -> Finding | None:
    """The next step of the staged approach to a concern that goes on; `taken` are the days of the steps so far.

    The first is due when the concern begins, each further one so many school days after the step before. None once the
    concern is over (None), and when every step has been taken: what comes then is the authority's. It is the same step
    whichever line of attendance is reached: a letter that nobody wrote is not asked for twice.
    """
    if concern is None or len(taken) >= len(steps):
        return None
    due: date | None = concern.since
    if taken:
        place = bisect_right(school_days, taken[-1]) + after_days - 1
        due = school_days[place] if place < len(school_days) else None
    if due is None or due > today:
        return None
    step = steps[len(taken)]
    return STEP.finds(
        due,
        f"{concern.period} {step}",
        step=step,
        concern=str(concern.kind),
        concern_since=concern.since.isoformat(),
        taken=days(taken),
        after_days=after_days,
    )


def parents_not_told(
    entries: Sequence[Standing],
    told: Collection[tuple[date, Session]],
    school_days: Sequence[date],
    today: date,
    within_days: int = TOLD_WITHIN_DAYS,
) -> Finding | None:
    """Unauthorised absence (G, O, U) of which the parents were not told within so many school days.

    N is left out: nobody knows yet what to tell. ASSUMPTION: five school days, as long as an N may stand.
    """
    late: list[tuple[date, Standing]] = []
    for entry in entries:
        on, session, code = entry
        place = bisect_right(school_days, on) + within_days - 1
        if code == "N" or read(code, on).kind is not Kind.UNAUTHORISED or (on, session) in told:
            continue
        if place < len(school_days) and school_days[place] < today:
            late.append((school_days[place], entry))
    if not late:
        return None
    return TOLD.finds(
        late[0][0] + _DAY,
        academic_year(late[0][1][0]),
        sessions=plain(entry for _, entry in late),
        within_days=within_days,
    )
