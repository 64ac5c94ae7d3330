"""Figures beside others: of the period or the year before, around an action, targets, and the other schools."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Any

from analytics_worker import counting, periods, published, summary
from analytics_worker.counting import Counted
from analytics_worker.periods import Asked as Days
from analytics_worker.questions import By, Question
from analytics_worker.summary import Reader
from codes import tallies
from codes.book import edges
from codes.phases import EducationPhase, education_phase
from codes.school import School
from codes.tallies import Group, Tally
from kit import database
from kit.database import Connection
from kit.problems import invalid_parameter
from kit.schools import Caller

_sql = database.statements(__file__)

FEWEST_OTHERS = 3
"""Other schools that a school must have for their figures to be given without their names."""

_RATES = {
    "attendance_perc": tallies.attendance,
    "overall_absence_perc": tallies.overall_absence,
    "authorised_absence_perc": tallies.authorised_absence,
    "unauthorised_absence_perc": tallies.unauthorised_absence,
}


class Compare(StrEnum):
    """What figures may be laid beside."""

    @property
    def member(self) -> str:
        """The member of `compared` that says it."""
        return self.replace("-", "_")

    PERIOD_BEFORE = "period-before"
    YEAR_BEFORE = "year-before"
    ACTION = "action"
    TARGET = "target"
    TRUST = "trust"
    AUTHORITY = "authority"
    PUBLISHED = "published"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be laid beside the figures of which days; `on` and `weeks` are of an action."""

    compare: Sequence[Compare]
    days: Days
    on: date | None
    weeks: int
    today: date


async def of_school(
    connection: Connection,
    caller: Caller,
    facts: School,
    question: Question,
    whole: Group,
    asked: Asked,
    reader: Reader,
    seq: int | None,
) -> dict[str, Any]:
    """Give the member `compared` with what was asked for, of a school; nothing where nothing was."""

    async def group(first: date, last: date) -> tuple[dict[str, Any], Tally]:
        over = replace(question, first=first, last=last, by=())
        counted = await counting.ask(connection, caller.school_id, facts, over, seq=seq)
        return summary.shown(Counted(counted.whole), over, reader)[0], counted.whole.total

    # What a reader may not see of these days must not be told by how far it lies from something seen.
    figures = summary.shown(Counted(whole), replace(question, by=()), reader)[0]
    whole = whole if _is_shown(figures) else tallies.NOBODY
    told = await _over_time(facts, question, whole.total, asked, group)
    if Compare.TARGET in asked.compare:
        by_class: dict[str, Group] = {}
        if facts.policy(asked.today).class_targets:
            parted = replace(question, by=(By.CLASS,))
            counted = await counting.ask(connection, caller.school_id, facts, parted, seq=seq)
            seen = {item["class"] for item in summary.shown(counted, parted, reader)[1] if _is_shown(item)}
            by_class = {str(key[0]): group for key, group in counted.parts.items() if key[0] in seen}
        told["target"] = _targets(facts, whole, by_class, asked.today)
    for compare in (Compare.TRUST, Compare.AUTHORITY):
        if compare in asked.compare:
            told[compare] = await _others(connection, caller, question, asked.today, of_trust=compare is Compare.TRUST)
    if Compare.PUBLISHED in asked.compare:
        told[Compare.PUBLISHED] = await _published(connection, caller, question, whole.total, asked.today)
    return {"compared": told} if told else {}


async def of_pupil(
    connection: Connection, caller: Caller, facts: School, question: Question, total: Tally, asked: Asked, **whom: Any
) -> dict[str, Any]:
    """Give the member `compared` with what was asked for, of a pupil; raise `invalid-parameter` for other schools."""
    for compare in (Compare.TRUST, Compare.AUTHORITY):
        if compare in asked.compare:
            raise invalid_parameter("compare", "A pupil is not laid beside other schools.")

    async def one(first: date, last: date) -> tuple[dict[str, Any], Tally]:
        over = replace(question, first=first, last=last, by=())
        counted = (await counting.ask(connection, caller.school_id, facts, over, **whom)).whole.total
        return summary.of_pupil(counted), counted

    told = await _over_time(facts, question, total, asked, one)
    if Compare.TARGET in asked.compare:
        told["target"] = _targets(facts, tallies.group([total]), {}, asked.today)
    if Compare.PUBLISHED in asked.compare:
        told[Compare.PUBLISHED] = await _published(connection, caller, question, total, asked.today)
    return {"compared": told} if told else {}


async def _over_time(facts: School, question: Question, total: Tally, asked: Asked, over: Any) -> dict[str, Any]:
    told: dict[str, Any] = {}

    async def before(window: tuple[date, date], these: Tally) -> dict[str, Any]:
        figures, those = await over(*window)
        return beside(window, figures, those, these)

    if Compare.PERIOD_BEFORE in asked.compare:
        window = periods.before(asked.days, facts, question.first, question.last)
        told[Compare.PERIOD_BEFORE.member] = await before(window, total)
    if Compare.YEAR_BEFORE in asked.compare:
        window = periods.year_before(asked.days, facts, question.first, question.last, asked.today)
        told[Compare.YEAR_BEFORE.member] = await before(window, total)
    if Compare.ACTION in asked.compare:
        if asked.on is None:
            raise invalid_parameter("action_on", "compare=action needs the day of the action.")
        earlier, after = periods.around(facts, asked.on, asked.weeks)
        figures, afterwards = await over(*after)
        afterwards = afterwards if _is_shown(figures) else tallies.EMPTY
        told[Compare.ACTION] = {
            "on": asked.on.isoformat(),
            "weeks": asked.weeks,
            "before": await before(earlier, afterwards),
            "after": beside(after, figures, afterwards, afterwards),
        }
    elif asked.on is not None:
        raise invalid_parameter("action_on", "It goes with compare=action.")
    return told


def beside(window: tuple[date, date], figures: dict[str, Any], those: Tally, these: Tally) -> dict[str, Any]:
    """Give the figures of other days, and how far these lie from those; nothing of that where they are suppressed."""
    return {
        "from": window[0].isoformat(),
        "to": window[1].isoformat(),
        "figures": figures,
        "difference": _difference(these, those) if _is_shown(figures) else dict.fromkeys(_RATES),
    }


def _is_shown(figures: Mapping[str, Any]) -> bool:
    """Say whether figures were not left out for fewness; those of nobody are none, either way."""
    return figures["attendance_perc"] is not None


def _difference(these: Tally, those: Tally) -> dict[str, float | None]:
    """Give how many percentage points these rates lie above those, exact until printed."""
    pairs = {name: (rate(these), rate(those)) for name, rate in _RATES.items()}
    return {name: None if a is None or b is None else tallies.perc(a - b) for name, (a, b) in pairs.items()}


def _targets(facts: School, whole: Group, classes: dict[str, Group], today: date) -> dict[str, Any]:
    """Give the targets in force today beside the attendance of the days asked for."""
    policy = facts.policy(today)

    def beside(target: Fraction, group: Group) -> dict[str, float | None]:
        share = tallies.attendance(group.total)
        return {
            "target_perc": tallies.perc(target),
            "difference": None if share is None else tallies.perc(share - target),
        }

    return {
        "school": None if policy.target is None else beside(policy.target, whole),
        "classes": {name: beside(target, classes.get(name, tallies.NOBODY)) for name, target in policy.class_targets},
    }


async def _others(
    connection: Connection, caller: Caller, question: Question, today: date, *, of_trust: bool
) -> dict[str, Any]:
    """Give the figures of the schools of the same trust or authority, from sums that hold no pupil."""
    schools = [row async for row in _sql.around(connection, school_id=caller.school_id, today=today, of_trust=of_trust)]
    counts: defaultdict[int, list[tuple[str, date, bool, int]]] = defaultdict(list)
    asked = {"school_ids": [one["school_id"] for one in schools], "first": question.first, "last": question.last}
    async for row in _sql.sums(connection, edges=list(edges()), counted=question.who.counted, **asked):
        counts[row["school_id"]].append((row["code"], row["on"], True, row["entries"]))
    totals = {school_id: tallies.tally(each) for school_id, each in counts.items()}
    ranked = sorted(
        (one for one in schools if totals.get(one["school_id"], tallies.EMPTY).possible_sessions),
        key=lambda one: (-(tallies.attendance(totals[one["school_id"]]) or 0), one["school_id"]),
    )
    others = [one for one in ranked if one["school_id"] != caller.school_id]
    reach = caller.identity.reach
    seen = {
        one["school_id"]: reach.covers(urns=frozenset({one["urn"]}), trust=one["trust_uid"], la_code=one["la_code"])
        for one in others
    }
    items = [
        {
            **({"urn": one["urn"]} if seen[one["school_id"]] else {}),
            **{name: tallies.perc(rate(totals[one["school_id"]])) for name, rate in _RATES.items()},
        }
        for one in others
        if seen[one["school_id"]] or len(others) >= FEWEST_OTHERS
    ]
    places = [one["school_id"] for one in ranked]
    place = places.index(caller.school_id) + 1 if caller.school_id in places else None
    return {"schools": len(ranked), "place": place, "items": items}


async def _published(
    connection: Connection, caller: Caller, question: Question, total: Tally, today: date
) -> dict[str, Any] | None:
    """Give what the DfE publishes of the academic year, for schools of the kind, of England and of the authority.

    None where nothing is published of them, or was loaded.
    """
    own = await _sql.own(connection, school_id=caller.school_id, today=today)
    phase = education_phase(own["phase"], own["age_from"], own["age_to"])
    if phase is None:
        return None
    return await of_the_dfe(connection, total, phase, question.last, la_code=own["la_code"])


async def of_the_dfe(
    connection: Connection,
    total: Tally,
    phase: EducationPhase,
    on: date,
    *,
    la_code: str | None = None,
    region: str | None = None,
) -> dict[str, Any] | None:
    """Give what the DfE publishes of a phase, for the academic year of a day, and how far a tally lies from it."""
    found = await published.beside(connection, la_code, phase, on, region)
    if found is None:
        return None

    def apart(theirs: Mapping[str, Any] | None) -> dict[str, Any] | None:
        if theirs is None:
            return None
        ours = {name: tallies.perc(rate(total)) for name, rate in _RATES.items()}
        pairs = {name: (ours[name], theirs[name]) for name in _RATES}
        return {
            "figures": {name: theirs[name] for name in (*_RATES, "pa_perc")},
            "difference": {n: None if a is None or b is None else a - b for n, (a, b) in pairs.items()},
        }

    areas = {"england": apart(found.england), "authority": apart(found.authority)}
    areas |= {} if region is None else {"region": apart(found.region)}
    return {"time_period": found.time_period, "education_phase": phase, **areas}
