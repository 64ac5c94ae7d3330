"""Close sessions beside the calendar, and reverse a closure; what was closed is read in `register_api.closed`."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field

from codes.book import Session
from codes.calendar import academic_year
from codes.closures import Closure, ClosureFault, Moment, closure_from_body, reversed_by, shut, was_held
from codes.register import stated
from codes.school import School
from kit import database, pupil_ids
from kit.contract import refuses, tells
from kit.database import Connection
from kit.fields import Body, Day, Instant, Words
from kit.problems import Fault, Problem, pointer
from kit.schools import Caller
from ledger import append
from ledger.append import Head, NewChange
from ledger.leaf import canonical
from register_api import closer, closing, facts
from register_api.answers.closures import ClosureBecame
from register_api.bodies import MadeBy, PupilId
from register_api.caller import DryRun, MarksWriter
from register_api.changes import append_all, made_in_future
from register_api.closed import ClosureId, named, one, unknown
from register_api.closing import Why

router = APIRouter(tags=["closures"])
_sql = database.statements(__file__)

_MOST_NAMES = 2_000


class SessionAt(Body):
    """One session."""

    date: Day
    session: Session

    def moment(self) -> Moment:
        """Give it as the law has it."""
        return self.date, self.session


class _Said(Body):
    """Who closes sessions or opens them again, when and why."""

    reason: Words
    made_by: MadeBy
    made_at: Instant | None = None


EXAMPLE = {
    "code": "Y4",
    "from": {"date": "2026-12-03", "session": "PM"},
    "to": {"date": "2026-12-04", "session": "PM"},
    "reason": "The boiler failed at noon",
    "made_by": {"name": "H. Teacher", "position": "Head teacher"},
}


class PostClosure(_Said, json_schema_extra={"examples": [EXAMPLE]}):
    """A run of sessions to be closed: `#` as planned, Y4 the whole site at once, Y3 for the pupils named alone."""

    code: Literal["#", "Y3", "Y4"]
    from_: Annotated[SessionAt, Field(alias="from")]
    to: SessionAt
    pupils: Annotated[tuple[Annotated[str, PupilId], ...], Field(max_length=_MOST_NAMES)] = ()
    classes: Annotated[tuple[Words, ...], Field(max_length=_MOST_NAMES)] = ()
    year_groups: Annotated[tuple[Words, ...], Field(max_length=_MOST_NAMES)] = ()
    amend_entries: Annotated[
        bool, Field(strict=True, description="With `#`: amend to it what has been entered already.")
    ] = False


REVERSAL = {
    "from": {"date": "2026-12-04", "session": "AM"},
    "reason": "The boiler was repaired overnight",
    "made_by": {"name": "H. Teacher", "position": "Head teacher"},
}


class PostReversal(_Said, json_schema_extra={"examples": [REVERSAL]}):
    """From which session on a closure does not hold after all: all of it without."""

    from_: Annotated[SessionAt | None, Field(alias="from")] = None


def _refused(detail: str, *at: str | int, slug: str = "invalid-closure") -> Problem:
    return Problem(slug, detail, (Fault(detail, pointer=pointer(at)),))


def _why(caller: Caller, said: _Said, now: datetime, rule: str, cause: str) -> Why:
    """Give who, when and why; raise `reason-required` or `made-at-in-future`."""
    reason = stated(said.reason)
    if reason is None:
        raise _refused("A closure needs a reason in words.", "reason", slug="reason-required")
    if refused := made_in_future(said.made_at, now):
        raise refused
    by = closing.by_system(rule, cause)
    return Why(caller.identity.client_id, said.made_by.person(), said.made_at, reason, by)


def _closure(id_: str, body: PostClosure) -> Closure:
    try:
        kept = body.model_dump(mode="json", by_alias=True, include={"code", "from_", "to", *_SELECTION})
        return closure_from_body(id_, kept)
    except ClosureFault as caught:
        raise _refused(caught.detail, *caught.member.split("/")) from caught


_SELECTION = ("pupils", "classes", "year_groups")


async def _known(connection: Connection, school_id: int, closure: Closure) -> None:
    """Refuse a selection of pupils or classes that the school does not have: nobody would be closed out by it."""
    pupils = await pupil_ids.numbers(connection, school_id, closure.pupils)
    for n, id_ in enumerate(closure.pupils):
        if id_ not in pupils:
            raise _refused(f"There is no pupil {id_!r}.", "pupils", n, slug="unknown-pupil")
    classes = {row["class"] async for row in _sql.classes(connection, school_id=school_id, classes=closure.classes)}
    for n, name in enumerate(closure.classes):
        if name not in classes:
            raise _refused("The school has no such class.", "classes", n)


async def _sessions(connection: Connection, school_id: int, school: School, closure: Closure) -> list[Moment]:
    """Give the sessions that the calendar has of the run; raise where it has none, or nobody could say."""
    for name, at in (("from", closure.first), ("to", closure.last)):
        if school.calendar(at[0]) is None:
            raise _refused(f"There is no calendar for the year of {at[0]}.", name, "date", slug="calendar-missing")
    sessions = school.open_sessions(closure.first, closure.last)
    retired = await facts.retired(connection, school_id)
    if gone := sorted({academic_year(day) for day, _ in sessions} & retired):
        raise _refused(f"The school has let go the entries of {gone[0]}.", "from", "date", slug="year-retired")
    if all(at in school.shut for at in sessions):
        raise _refused("There is no session to close: the run has none that is open.", "from")
    return sessions


def _body(closure: Closure) -> dict[str, Any]:
    """Give the body of the change, from which the closure can be read again."""
    selection = {name: list(getattr(closure, name)) for name in _SELECTION}
    [first], [last] = named([closure.first]), named([closure.last])
    parts = {"held": named(closure.held), "already": named(closure.already)}
    return {"code": closure.code, "from": first, "to": last, **selection, **parts}


async def keep(connection: Connection, school_id: int, id_: str, seq: int, body: str, closure: Closure) -> None:
    """Write the row that is found again by what a change said of a closure; a reversal's begins where it reverses."""
    first = closure.first if closure.reversed_from is None else closure.reversed_from
    await _sql.add_closure(
        connection,
        school_id=school_id,
        id=id_,
        seq=seq,
        code=closure.code,
        first_date=first[0],
        first_session=first[1].value,
        last_date=closure.last[0],
        last_session=closure.last[1].value,
        body=body,
    )


async def _append(
    connection: Connection, caller: Caller, head: Head, closure: Closure, body: dict[str, Any], why: Why, now: datetime
) -> int:
    """Append the change and its row, and give its position."""
    text = canonical(body)
    made_at = why.made_at or now
    change = NewChange("closure", f"closure:{closure.id}", text, made_at, why.made_by, why.reason)
    [at] = await append_all(connection, caller, head, [change], now)
    await keep(connection, caller.school_id, closure.id, at.seq, text, closure)
    return at.seq


@router.post(
    "/v1/schools/{urn}/closures",
    summary="Close sessions",
    openapi_extra=refuses(
        "calendar-missing",
        "invalid-closure",
        "made-at-in-future",
        "reason-required",
        "sessions-marked",
        "unknown-pupil",
        "year-retired",
    ),
    responses=tells(ClosureBecame),
)
async def post_closure(caller: MarksWriter, body: PostClosure, dry_run: DryRun = False) -> dict[str, Any]:
    """Close a session, a day or a run of days, for a reason and by a person.

    Y4: no session takes place, for everybody on roll, whatever was planned; what has been entered stands, and a session
    with entries was held. Y3: for the pupils named, but those to whom an absence was granted. Both are entered as soon
    as the registers have opened, never before. `#`: nothing is entered; entries are in the way, `sessions-marked`,
    unless `amend_entries` has them amended. The same closure again, while it stands, is `unchanged`.
    """
    async with database.writing(caller.engine, caller.school_id, dry_run=dry_run) as connection:
        head = await append.lock(connection, caller.school_id)
        now = caller.now()
        closure = _closure(f"c-{head.seq + 1}", body)
        why = _why(caller, body, now, "closure", closure.id)
        school = await facts.school(connection, caller.school_id)
        same = [each for each in school.closures if each.reversed_from is None and each.same == closure.same]
        if same:
            return {"outcome": "unchanged", **await one(connection, caller, same[0].id, None)}
        await _known(connection, caller.school_id, closure)
        sessions = await _sessions(connection, caller.school_id, school, closure)
        closure = replace(closure, already=frozenset(at for at in sessions if at in school.shut))
        entries = await closing.standing(connection, caller.school_id, [at for at in sessions if closure.stands(at)])
        decided: closing.Amending = ()
        if closure.code == "#":
            after = replace(school, shut={**school.shut, **shut([closure])})
            others = [entry for entry in entries if entry.code != "#"]
            decided = await closing.amending(connection, caller.school_id, after, others, "#", why, now)
            if decided and not body.amend_entries:
                raise closing.marked(decided, "stand in the sessions that would be closed.")
        elif closure.code == "Y4":
            codes: dict[Moment, list[str]] = {}
            for entry in entries:
                codes.setdefault(entry.at, []).append(entry.code)
            closure = replace(closure, held=frozenset(at for at, standing in codes.items() if was_held(standing)))
        seq = await _append(connection, caller, head, closure, _body(closure), why, now)
        await closing.amend(connection, caller.school_id, decided, why, now)
        await closer.expect(connection, caller.school_id, seq, school, closure, sessions)
        while (await closer.enter(connection, caller.school_id, now))[0]:
            pass
        return {"outcome": "closed", **await one(connection, caller, closure.id, None)}


@router.post(
    "/v1/schools/{urn}/closures/{closure}/reversals",
    summary="Reverse a closure",
    openapi_extra=refuses("invalid-closure", "made-at-in-future", "reason-required", "unknown-closure"),
    responses=tells(ClosureBecame),
)
async def post_reversal(
    caller: MarksWriter, id_: ClosureId, body: PostReversal, dry_run: DryRun = False
) -> dict[str, Any]:
    """Open again what a closure closed, from a session on.

    What the closure has entered or amended, and still stands as its code, is amended to N by the person: the true code
    is then due as that of any N. The same reversal again, or a later one, is `unchanged`.
    """
    async with database.writing(caller.engine, caller.school_id, dry_run=dry_run) as connection:
        head = await append.lock(connection, caller.school_id)
        now = caller.now()
        why = _why(caller, body, now, "closure-reversal", id_)
        school = await facts.school(connection, caller.school_id)
        standing = next((each for each in school.closures if each.id == id_), None)
        if standing is None:
            raise unknown(id_)
        [begins] = named([standing.first if body.from_ is None else body.from_.moment()])
        said = {"code": standing.code, "reversed_from": begins}
        try:
            closure = reversed_by(standing, said)
        except ClosureFault as caught:
            raise _refused(caught.detail, caught.member) from caught
        if closure.reversed_from == standing.reversed_from:
            return {"outcome": "unchanged", **await one(connection, caller, id_, None)}
        others = [closure if each.id == id_ else each for each in school.closures]
        after = replace(school, closures=others, shut=shut(others))
        opened = [at for at in school.open_sessions(closure.first, closure.last) if standing.stands(at)]
        opened = [at for at in opened if not closure.stands(at)]
        own = closing.by_system("closure", id_)
        entries = await closing.standing(connection, caller.school_id, opened, own)
        still = [entry for entry in entries if entry.code == closure.code]
        decided = await closing.amending(connection, caller.school_id, after, still, "N", why, now)
        await _append(connection, caller, head, closure, said, why, now)
        await closing.amend(connection, caller.school_id, decided, why, now)
        return {"outcome": "reversed", **await one(connection, caller, id_, None)}
