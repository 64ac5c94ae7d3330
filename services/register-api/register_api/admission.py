"""The admission register entry of a pupil: what may be written, and what follows from it (regs 8 and 9)."""

import json
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from codes.identifiers import shaped_like_upn, upn_fault
from kit.fields import Body, Day, Text, Words
from kit.problems import Fault, pointer
from register_api.bodies import Change, PupilId

YearGroup = Literal["N1", "N2", "R", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "X"]
Ground = Literal["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o"]


class Facts(Body):
    """Facts that a cohort is made of, as they are from a date on."""

    fsm: bool | None = None
    sen: Literal["N", "K", "E"] | None = None
    ehcp: bool | None = None
    social_worker: bool | None = None
    looked_after: bool | None = None
    previously_looked_after: bool | None = None
    child_in_need: bool | None = None
    child_protection: bool | None = None
    youth_offending: bool | None = None
    young_carer: bool | None = None
    medical_condition: bool | None = None
    pupil_premium: bool | None = None
    mobile_child: bool | None = None
    ethnicity: Words | None = None
    responsible_la: Annotated[str, Field(pattern=r"^[0-9]{3}$")] | None = None


class Parent(Body):
    """A parent known to the school."""

    name: Words
    address: Text | None = None
    lives_with: bool | None = None
    phones: tuple[Words, ...] = ()


class Leaving(Body):
    """The end of an enrolment: the last day on roll, and the ground of regulation 9(1) by its letter."""

    date: Day
    ground: Ground | None = None
    destination: Text | None = None


class PutPupil(Body):
    """An entry of the admission register as it stands from a date on."""

    upn: str | None = None
    forename: Words
    surname: Words
    date_of_birth: Day
    sex: Literal["F", "M"]
    year_group: YearGroup
    class_: Annotated[Words | None, Field(alias="class")] = None
    starting_day: Day
    enrolment_status: Literal["current", "current-main", "current-subsidiary", "guest", "previous"] = "current"
    boarder: bool = False
    facts: Facts = Facts()
    address: Text | None = None
    parents: tuple[Parent, ...] = ()
    previous_school: Text | None = None
    name_entered_on: Day | None = None
    household: Words | None = None
    leaving: Leaving | None = None
    effective_from: Day | None = None
    change: Change | None = None


class PupilItem(PutPupil):
    """An entry of the admission register among many."""

    id: Annotated[str, PupilId]


Enrolment = dict[str, Any]
"""A starting day, and the leaving, or None."""


def faults_of(body: PutPupil, standing: dict[str, Any] | None) -> tuple[tuple[str, str], ...]:
    """Give member and detail of each fault that the form alone does not show, given the entry that stands."""
    found = []
    if body.upn is not None and (wrong := upn_fault(body.upn)):
        found.append(("upn", wrong))
    if body.date_of_birth >= body.starting_day:
        found.append(("date_of_birth", "A pupil is born before the starting day."))
    if body.leaving is not None and body.leaving.date < body.starting_day:
        found.append(("leaving/date", "A pupil does not leave before the starting day."))
    earlier = _enrolments(body, standing)[:-1]
    if earlier and body.starting_day.isoformat() <= (left := earlier[-1]["leaving"]["date"]):
        found.append(("starting_day", f"The enrolment before ends on {left}."))
    return tuple(found)


def id_fault(id_: str) -> str | None:
    """Say what is wrong with a pupil's id: one that looks like a UPN would carry it into addresses and logs."""
    if shaped_like_upn(id_):
        return "An id must not look like a UPN: it stands in addresses."
    return None


def entry_after(body: PutPupil, standing: dict[str, Any] | None) -> dict[str, Any]:
    """Give the whole entry after a change, in plain values.

    A starting day after the last leaving opens a new enrolment; any other starting day corrects the last one.
    """
    entry = json.loads(
        body.model_dump_json(by_alias=True, exclude={"id", "starting_day", "leaving", "effective_from", "change"})
    )
    entry["facts"] = {name: value for name, value in entry["facts"].items() if value is not None}
    return {**entry, "enrolments": _enrolments(body, standing)}


def _enrolments(body: PutPupil, standing: dict[str, Any] | None) -> list[Enrolment]:
    enrolments: list[Enrolment] = list(standing["enrolments"]) if standing else []
    written = json.loads(body.model_dump_json(include={"starting_day", "leaving"}))
    left = enrolments[-1]["leaving"] if enrolments else None
    if enrolments and not (left and written["starting_day"] > left["date"]):
        enrolments.pop()
    return [*enrolments, written]


def on_roll(entry: dict[str, Any]) -> list[tuple[date, date | None]]:
    """Give the spans on roll, both days inclusive. ASSUMPTION: the leaving date is the last day on roll."""
    return [
        (
            date.fromisoformat(enrolment["starting_day"]),
            date.fromisoformat(enrolment["leaving"]["date"]) if enrolment["leaving"] else None,
        )
        for enrolment in entry["enrolments"]
    ]


def fault(at: tuple[str | int, ...], member: str, detail: str) -> Fault:
    """Point at a member of an entry."""
    return Fault(detail, pointer=pointer((*at, *member.split("/"))))
