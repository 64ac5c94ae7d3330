"""The admission register entry of a pupil: what may be written, and what follows from it (regs 8 and 9)."""

import json
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StrictBool

from codes import grounds
from codes.identifiers import shaped_like_upn, upn_fault, upn_normalised
from kit.fields import Body, Day, Text, Words
from kit.problems import Fault, pointer
from register_api.bodies import Change, PupilId

YearGroup = Literal["N1", "N2", "R", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "X"]
Ground = Literal["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o"]


class Facts(Body):
    """Facts that a cohort is made of, as they are from a date on."""

    fsm: StrictBool | None = None
    sen: Literal["N", "K", "E"] | None = None
    ehcp: StrictBool | None = None
    social_worker: StrictBool | None = None
    looked_after: StrictBool | None = None
    previously_looked_after: StrictBool | None = None
    child_in_need: StrictBool | None = None
    child_protection: StrictBool | None = None
    youth_offending: StrictBool | None = None
    young_carer: StrictBool | None = None
    medical_condition: StrictBool | None = None
    pupil_premium: StrictBool | None = None
    mobile_child: StrictBool | None = None
    ethnicity: Words | None = None
    responsible_la: Annotated[
        Annotated[str, Field(pattern=r"^[0-9]{3}$")] | None,
        Field(
            description="The authority responsible for the child, by its code: left out, what stands stays; null, none."
        ),
    ] = None


_Urn = Annotated[str, Field(pattern=r"^[1-9][0-9]{5}$")]


class Parent(Body):
    """A parent known to the school: name, address, whether the pupil normally lives there, phones (reg 8(2))."""

    name: Words
    address: Text | None = None
    lives_with: StrictBool | None = None
    phones: tuple[Words, ...] = ()


class EmergencyContact(Body):
    """Whom to telephone in an emergency, beside the parents (reg 8(2))."""

    name: Words
    relationship: Words | None = None
    phones: Annotated[tuple[Words, ...], Field(min_length=1)]


class OtherSchool(Body):
    """A school that the pupil also attends or is to attend, and the first day there (reg 8(3))."""

    name: Words
    urn: _Urn | None = None
    from_: Annotated[Day, Field(alias="from")]


class FutureAddress(Body):
    """Where the pupil will normally live, with which parent, and from when (reg 8(3))."""

    address: Text
    parent: Words | None = None
    from_: Annotated[Day, Field(alias="from")]


class RegisteredAt(Body):
    """Another school that has the pupil on its roll at the same time, from a day on or between two, both inclusive."""

    urn: _Urn
    from_: Annotated[Day, Field(alias="from")]
    to: Day | None = None


class Leaving(Body):
    """The end of an enrolment: the last day on roll, the ground of reg 9(1) by its letter, and where the pupil goes.

    `tests` affirms what the ground asks beside its heading (`GET /v1/deletion-grounds`).
    """

    date: Day
    ground: Ground | None = None
    destination: Text | None = None
    tests: dict[Annotated[str, Field(pattern="^[a-z]+(-[a-z]+)*$")], StrictBool] = Field({})


EXAMPLE = {
    "upn": "X931345622001",
    "forename": "Wren",
    "surname": "Thistledown",
    "date_of_birth": "2018-02-11",
    "sex": "F",
    "year_group": "4",
    "class": "4B",
    "starting_day": "2025-09-03",
    "facts": {"fsm": True, "sen": "K"},
    "parents": [{"name": "D. Thistledown", "lives_with": True, "phones": ["0100 1"]}],
}
"""An entry of an invented pupil."""


class PutPupil(Body, json_schema_extra={"examples": [EXAMPLE]}):
    """An entry of the admission register as it stands from a date on: what reg 8 asks, and what follows the pupil."""

    upn: Annotated[str, AfterValidator(upn_normalised)] | None = None
    forename: Annotated[Words, Field(description="Every forename: the full name is entered (reg 8(2)).")]
    surname: Words
    known_as: Annotated[Words | None, Field(description="The name actually used, where it is another (reg 8(2)).")] = (
        None
    )
    date_of_birth: Day
    sex: Literal["F", "M"]
    year_group: YearGroup
    class_: Annotated[Words | None, Field(alias="class")] = None
    starting_day: Day
    enrolment_status: Literal["current", "current-main", "current-subsidiary", "guest", "previous"] = "current"
    boarder: StrictBool = False
    facts: Facts = Facts()
    address: Text | None = None
    parents: tuple[Parent, ...] = ()
    previous_school: Text | None = None
    name_entered_on: Day | None = None
    household: Words | None = None
    emergency_contacts: tuple[EmergencyContact, ...] = ()
    other_school: OtherSchool | None = None
    future_address: FutureAddress | None = None
    registered_at: tuple[RegisteredAt, ...] = ()
    leaving: Leaving | None = None
    effective_from: Day | None = None
    change: Change | None = None


class PupilItem(PutPupil, json_schema_extra={"examples": [{"id": "p-001", **EXAMPLE}]}):
    """An entry of the admission register among many."""

    id: Annotated[str, PupilId]


DATED = ("year_group", "class", "facts")
"""What holds from a date on."""

_LATER = ("known_as", "emergency_contacts", "other_school", "future_address", "registered_at")
"""Members that came later: an entry without them is the one that it was before there were any."""

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
    found += _tests_unknown(body.leaving)
    for at, other in enumerate(body.registered_at):
        if other.to is not None and other.to < other.from_:
            found.append((f"registered_at/{at}/to", "Ends before it begins."))
    earlier = _enrolments(body, standing)[:-1]
    if earlier and body.starting_day.isoformat() <= (left := earlier[-1]["leaving"]["date"]):
        found.append(("starting_day", f"The enrolment before ends on {left}."))
    return tuple(found)


def _tests_unknown(leaving: Leaving | None) -> list[tuple[str, str]]:
    if leaving is None:
        return []
    known = {test.slug for test in grounds.GROUNDS[leaving.ground].tests} if leaving.ground else set()
    return [(f"leaving/tests/{slug}", "Not a test of the ground.") for slug in leaving.tests if slug not in known]


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
    for name in _LATER:
        if not entry[name]:
            del entry[name]
    return {**entry, "enrolments": _enrolments(body, standing)}


def _enrolments(body: PutPupil, standing: dict[str, Any] | None) -> list[Enrolment]:
    enrolments: list[Enrolment] = list(standing["enrolments"]) if standing else []
    written = json.loads(body.model_dump_json(include={"starting_day", "leaving"}))
    if written["leaving"] and not written["leaving"]["tests"]:
        del written["leaving"]["tests"]
    left = enrolments[-1]["leaving"] if enrolments else None
    if enrolments and not (left and written["starting_day"] > left["date"]):
        enrolments.pop()
    return [*enrolments, written]


def leaving_of(entry: dict[str, Any]) -> dict[str, Any] | None:
    """Give the leaving that ends the last enrolment of an entry."""
    leaving: dict[str, Any] | None = entry["enrolments"][-1]["leaving"]
    return leaving


def warnings_of(entry: dict[str, Any], *at: str | int) -> list[dict[str, str]]:
    """Give what the leaving of an entry leaves open, each {pointer, detail, source} below `at`."""
    if (leaving := leaving_of(entry)) is None:
        return []
    found = grounds.warnings(
        leaving["ground"],
        frozenset(slug for slug, affirmed in leaving.get("tests", {}).items() if affirmed),
        date.fromisoformat(entry["date_of_birth"]),
        date.fromisoformat(leaving["date"]),
        leaving["destination"],
    )
    return [
        {
            "pointer": pointer((*at, "leaving", *each.member.split("/"))),
            "detail": each.detail,
            "source": each.source,
        }
        for each in found
    ]


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
