"""The one write path for what is no mark: append a change, and keep its row in the same transaction."""

from collections.abc import Iterable
from datetime import date, datetime

from codes.register import CLOCK_SKEW
from kit.database import Connection
from kit.problems import Fault, Problem, pointer
from kit.schools import Caller
from ledger import append
from ledger.append import Head, NewChange, Recorded
from ledger.writers import writers
from register_api.bodies import Change


def made_in_future(made_at: datetime | None, now: datetime, *at: str | int) -> Problem | None:
    """Give the refusal of what is said to be made in the future, beyond what clocks differ by, pointing at `at`."""
    if made_at is None or made_at <= now + CLOCK_SKEW:
        return None
    detail = "It is said to have been made in the future."
    return Problem("made-at-in-future", detail, (Fault(detail, pointer=pointer((*at, "made_at"))),))


def new_change(kind: str, subject: str, body: str, stated: Change | None, now: datetime) -> NewChange:
    """Describe a change; one that nobody is named for is the client's, and the audit shows that.

    Raises `made-at-in-future`.
    """
    if stated is None:
        return NewChange(kind, subject, body, now)
    if refused := made_in_future(stated.made_at, now, "change"):
        raise refused
    return NewChange(kind, subject, body, stated.made_at or now, stated.made_by.person(), stated.reason)


async def append_all(
    connection: Connection, caller: Caller, head: Head, changes: Iterable[NewChange], now: datetime
) -> list[Recorded]:
    """Append changes on behalf of the caller, and give where each stands."""
    listed = list(changes)
    if not listed:
        return []
    persons = {change.made_by for change in listed if change.made_by is not None}
    no_dates: tuple[date, ...] = ()  # a change carries no nonce, so it needs no key of any year
    who = await writers(connection, head.school_id, caller.identity.client_id, persons, no_dates)
    return await append.append_changes(connection, head, who, listed, now)
