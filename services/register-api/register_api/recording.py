"""The one write path for entries: lock, read what stands, decide each by the law, append, say what became of each."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from codes.book import Session
from codes.calendar import academic_year
from codes.refusals import Refused
from codes.register import Amended, Amendment, Entered, Entry, Mark, Unchanged, decide_amendment, decide_mark
from codes.school import School
from codes.told import Told, decide_told
from kit import database
from kit.problems import Fault, Problem, pointer
from kit.schools import Caller
from ledger import append, read
from ledger.append import NewMark
from ledger.leaf import canonical
from ledger.writers import writers
from register_api import facts
from register_api.bodies import BySystem, MadeBy
from register_api.facts import OnRoll
from register_api.outcomes import Outcome, Outcomes, current_entry

MOST_ITEMS = 2_000
Collection = Literal["marks", "amendments", "attendance"]
_CONFLICTS = frozenset({"already-entered", "no-entry", "entry-changed"})
_CALLED: Mapping[Collection, Mapping[str, str]] = {
    "marks": {},
    "amendments": {},
    "attendance": {
        "pupil": "student_id",
        "code": "attendance_code_id",
        "amended_entry": "attendance_code_id",
        "nature": "comment",
        "reason": "comment",
        "made_by": "employee_id",
        "arrived_at": "minutes_late",
    },
}
"""What a member is called in each collection, where its name differs."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One entry or amendment that was asked for, by its place in the request."""

    index: int
    pupil: str
    date: date
    session: Session
    command: Mark | Amendment | Told
    made_by: MadeBy | None
    by_system: BySystem | None


@dataclass(frozen=True, slots=True)
class Malformed:
    """An item about which nothing can be decided: without the documented form unless said otherwise, and where."""

    index: int
    pupil: str | None
    faults: tuple[Fault, ...]
    slug: str = "invalid-item"
    detail: str = "The item does not have the documented form."


Decision = Entered | Amended | Unchanged | Problem


def _entry(version: read.Version) -> Entry:
    return Entry(version.code, version.version, version.arrived_at, version.nature)


class _Register:
    """What the decisions of one request rest on, and what they come to."""

    def __init__(
        self,
        collection: Collection,
        school: School,
        retired: frozenset[str],
        pupils: Mapping[str, OnRoll],
        chains: dict[read.Key, read.Chain],
        may_amend: bool,
    ) -> None:
        self._collection = collection
        self._may_amend = may_amend
        self._school = school
        self._retired = retired
        self._pupils = pupils
        self._chains = chains
        self._sittings: dict[Any, Any] = {}
        self._seen: set[read.Key] = set()

    def _problem(self, item: Wanted, slug: str, member: str, detail: str, **extra: Any) -> Problem:
        # The date of a mark stands in the address, not in the item.
        if self._collection == "marks" and member == "date":
            fault = Fault(detail, parameter=member)
        else:
            called = _CALLED[self._collection].get(member, member)
            fault = Fault(detail, pointer=pointer((self._collection, item.index, called)))
        return Problem(slug, detail, (fault,), extra)

    def key(self, item: Wanted) -> read.Key | None:
        """Give the pupil's number with date and session; None for an unknown pupil."""
        found = self._pupils.get(item.pupil)
        return None if found is None else (found.pupil_no, item.date, item.session.value)

    def chain(self, item: Wanted) -> read.Chain | None:
        """Give what stands for the item."""
        key = self.key(item)
        return None if key is None else self._chains.get(key)

    def decide(self, item: Wanted, now: Any) -> Decision:
        """Decide one item by the law; a refusal is a problem that points at the fault."""
        key = self.key(item)
        if key is None:
            return self._problem(
                item, "unknown-pupil", "pupil", f"There is no pupil {item.pupil!r} in the admission register."
            )
        if item.made_by is None and not isinstance(item.command, Told):
            return self._problem(item, "made-by-required", "made_by", "Who made the entry, by name and position?")
        if key in self._seen:
            return self._problem(item, "duplicate-in-request", "pupil", "An earlier item is about the same entry.")
        self._seen.add(key)
        if self._retired and (year := academic_year(item.date)) in self._retired:
            return self._problem(item, "year-retired", "date", f"The school has let go the entries of {year}.")
        pupil = self._pupils[item.pupil].on(item.date)
        sitting_of = (item.date, item.session, pupil.year_group)
        if sitting_of not in self._sittings:
            self._sittings[sitting_of] = self._school.sitting(*sitting_of)
        sitting = self._sittings[sitting_of]
        if sitting is None:
            return self._problem(item, "calendar-missing", "date", f"There is no calendar for the year of {item.date}.")
        chain = self._chains.get(key)
        current = None if chain is None else _entry(chain.current)
        if isinstance(item.command, Mark):
            first = None if chain is None else _entry(chain.first)
            decided: Entered | Amended | Unchanged | Refused = decide_mark(
                item.command, pupil, sitting, first, current, now
            )
        elif isinstance(item.command, Amendment):
            decided = decide_amendment(item.command, pupil, sitting, current, now)
        else:
            first = None if chain is None else _entry(chain.first)
            decided = decide_told(item.command, pupil, sitting, first, current, now)
            if isinstance(decided, Amended) and not self._may_amend:
                return self._problem(item, "scope-required", "code", "The token lacks the scope amendments:write.")
        if isinstance(decided, Refused):
            shown = {"current_entry": current_entry(chain).model_dump()} if chain is not None else {}
            return self._problem(item, decided.slug, decided.member, decided.detail, **shown)
        return decided

    def new_mark(self, item: Wanted, event: Entered | Amended, source: str) -> NewMark:
        """Turn a decided event into an entry to be appended."""
        key = self.key(item)
        assert key is not None and item.made_by is not None
        by_system = None if item.by_system is None else canonical(item.by_system.model_dump())
        if isinstance(event, Amended):
            version, original, reason = event.version, event.original_code, event.reason
        else:
            version, original, reason = 1, None, None
        return NewMark(
            *key,
            version=version,
            original_code=original,
            code=event.code,
            arrived_at=event.arrived_at,
            made_at=event.made_at,
            made_by=item.made_by.person(),
            source=source,
            reason=reason,
            nature=event.nature,
            by_system=by_system,
        )


async def record(
    caller: Caller,
    items: Sequence[Wanted | Malformed],
    *,
    collection: Collection,
    source: str,
    strict: bool,
    dry_run: bool,
) -> Outcomes:
    """Record what is lawful of `items` in one transaction, and answer for each once it is committed.

    Raises `too-many-items`; with `strict`, and one refused, `refused-whole` or `conflicts-whole`, and writes nothing.
    """
    if len(items) > MOST_ITEMS:
        detail = f"{len(items)} items; {MOST_ITEMS} at most."
        raise Problem("too-many-items", detail, (Fault(detail, pointer=pointer((collection,))),))
    wanted = [item for item in items if isinstance(item, Wanted)]
    memory: facts.Memory = caller.request.app.state.memory
    async with database.writing(caller.engine, caller.school_id, dry_run=dry_run, plan_once=True) as connection:
        head = await append.lock(connection, caller.school_id)
        now = caller.now()
        remembered = memory.of(head)
        school, pupils = await facts.remember(connection, caller.school_id, remembered, (item.pupil for item in wanted))
        keys = [(pupils[item.pupil].pupil_no, item.date, item.session.value) for item in wanted if item.pupil in pupils]
        chains = await read.chains(connection, caller.school_id, keys)
        may_amend = "amendments:write" in caller.identity.scopes
        register = _Register(collection, school, remembered.retired, pupils, chains, may_amend)
        decisions = [_malformed(item) if isinstance(item, Malformed) else register.decide(item, now) for item in items]
        marks = [
            register.new_mark(item, decision, source)
            for item, decision in zip(items, decisions, strict=True)
            if isinstance(item, Wanted) and isinstance(decision, Entered | Amended)
        ]
        if strict and any(isinstance(decision, Problem) for decision in decisions):
            raise _refused_whole(items, decisions)
        recorded = []
        if marks:
            who = await writers(
                connection,
                head.school_id,
                caller.identity.client_id,
                {mark.made_by for mark in marks},
                {mark.date for mark in marks},
                remembered.interned,
            )
            recorded = await append.append_marks(connection, head, who, marks, now)
    return _outcomes(collection, items, decisions, register, recorded, recorded[-1].seq if recorded else head.seq)


def _malformed(item: Malformed) -> Problem:
    return Problem(item.slug, item.detail, item.faults)


def _refused_whole(items: Sequence[Wanted | Malformed], decisions: Sequence[Decision]) -> Problem:
    refused = [decision for decision in decisions if isinstance(decision, Problem)]
    conflict = all(problem.code in _CONFLICTS for problem in refused)
    outcomes = [
        Outcome(index=item.index, pupil=item.pupil, outcome="refused", problem=decision.as_json())
        if isinstance(decision, Problem)
        else Outcome(
            index=item.index,
            pupil=item.pupil,
            outcome="unchanged" if isinstance(decision, Unchanged) else "not-written",
        )
        for item, decision in zip(items, decisions, strict=True)
    ]
    return Problem(
        "conflicts-whole" if conflict else "refused-whole",
        f"{len(refused)} of {len(items)} items were refused, so nothing was written.",
        tuple(fault for problem in refused for fault in problem.errors),
        {"outcomes": [outcome.model_dump(exclude_none=True) for outcome in outcomes]},
        {"Preference-Applied": "handling=strict"},
    )


def _outcomes(
    collection: Collection,
    items: Sequence[Wanted | Malformed],
    decisions: Sequence[Decision],
    register: _Register,
    recorded: Sequence[append.Recorded],
    seq: int,
) -> Outcomes:
    places = iter(recorded)
    outcomes = []
    counts: Counter[str] = Counter()
    for item, decision in zip(items, decisions, strict=True):
        if isinstance(decision, Problem):
            outcome = Outcome(index=item.index, pupil=item.pupil, outcome="refused", problem=decision.as_json())
        elif isinstance(decision, Unchanged):
            outcome = _unchanged(item, register)
        elif isinstance(decision, Entered):
            outcome = Outcome(index=item.index, pupil=item.pupil, outcome="entered", seq=next(places).seq, version=1)
        else:
            seq_, version = next(places).seq, decision.version
            outcome = Outcome(index=item.index, pupil=item.pupil, outcome="amended", seq=seq_, version=version)
        counts[outcome.outcome] += 1
        outcomes.append(outcome)
    return Outcomes(
        seq=seq,
        entered=counts["entered"] if collection != "amendments" else None,
        amended=counts["amended"] if collection != "marks" else None,
        unchanged=counts["unchanged"],
        refused=counts["refused"],
        outcomes=outcomes,
    )


def _unchanged(item: Wanted | Malformed, register: _Register) -> Outcome:
    """Answer a retry: where the entry stands, and, when it has been amended since, what stands now."""
    chain = register.chain(item) if isinstance(item, Wanted) else None
    if chain is None:  # `#` on a closed day: there is no entry
        return Outcome(index=item.index, pupil=item.pupil, outcome="unchanged")
    repeated = _repeated(item.command, chain) if isinstance(item, Wanted) else chain.current
    since = current_entry(chain) if chain.current is not repeated else None
    return Outcome(
        index=item.index,
        pupil=item.pupil,
        outcome="unchanged",
        seq=repeated.seq,
        version=repeated.version,
        current_entry=since,
    )


def _repeated(command: Mark | Amendment | Told, chain: read.Chain) -> read.Version:
    """Give the version of a chain that a retry repeats."""
    is_first = isinstance(command, Mark) or (isinstance(command, Told) and command.code != chain.current.code)
    return chain.first if is_first else chain.current
