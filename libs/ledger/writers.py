"""Who writes to a register: clients and persons by number and commitment, and the nonce keys of academic years."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from codes.calendar import academic_year
from kit import database
from kit.database import Connection
from ledger.leaf import person, seal

_sql = database.statements(__file__)


class Person(NamedTuple):
    """Who made an entry: name and position as they are at the time of making."""

    name: str
    position: str


@dataclass(frozen=True, slots=True)
class Interned:
    """Who has written to a register, by number and commitment, and its nonce keys: as read so far, never to change."""

    clients: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    staff: dict[Person, tuple[int, bytes]] = field(default_factory=dict)
    keys: dict[int, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Writers:
    """The numbers and commitments of who writes, and the nonce keys of the academic years written to."""

    client_no: int
    client: bytes
    staff: Mapping[Person, tuple[int, bytes]]
    keys: Mapping[int, bytes]


@lru_cache(maxsize=4_096)
def first_year(on: date) -> int:
    """Give the calendar year in which the academic year of a date begins; nonce keys are kept by it."""
    return int(academic_year(on)[:4])


async def writers(
    connection: Connection,
    school_id: int,
    client_id: str,
    persons: Iterable[Person],
    dates: Iterable[date],
    interned: Interned | None = None,
) -> Writers:
    """Give the numbers of those who write, interned on first sight, and the nonce keys for entries on these dates.

    `interned` is what the caller has had read before. What is read now is added to it, but nothing that is interned
    now: this transaction may yet be undone.
    """
    known = Interned() if interned is None else interned
    wanted = list(dict.fromkeys(persons))
    years = {first_year(on) for on in dates}
    if client_id not in known.clients or not known.keys.keys() >= years or not known.staff.keys() >= set(wanted):
        await _read(connection, school_id, known, client_id, wanted, years)
    staff, keys = known.staff, known.keys
    if missing := [who for who in wanted if who not in staff]:
        staff = staff | await _intern(connection, school_id, missing)
    if new := years - keys.keys():
        keys = keys | await _new_keys(connection, school_id, new)
    no, commitment = known.clients.get(client_id) or await _intern_client(connection, school_id, client_id)
    return Writers(no, commitment, staff, keys)


async def _read(
    connection: Connection,
    school_id: int,
    known: Interned,
    client_id: str,
    persons: Sequence[Person],
    years: Iterable[int],
) -> None:
    row = await _sql.writers(
        connection,
        school_id=school_id,
        client_id=client_id,
        names=[who.name for who in persons],
        positions=[who.position for who in persons],
        years=list(years),
    )
    if row["client_no"] is not None:
        known.clients[client_id] = (row["client_no"], row["client"])
    known.staff.update({Person(name, position): (no, sealed) for no, sealed, name, position in row["staff"] or ()})
    known.keys.update(dict(row["keys"] or ()))


async def _intern_client(connection: Connection, school_id: int, client_id: str) -> tuple[int, bytes]:
    sealed = seal(client_id)
    no = await _sql.intern_client(
        connection, school_id=school_id, client_id=client_id, salt=sealed.salt, commitment=sealed.commitment
    )
    return no, sealed.commitment


async def _intern(connection: Connection, school_id: int, persons: Sequence[Person]) -> dict[Person, tuple[int, bytes]]:
    sealed = {who: seal(person(who.name, who.position)) for who in persons}
    rows = _sql.intern_staff(
        connection,
        school_id=school_id,
        names=[who.name for who in sealed],
        positions=[who.position for who in sealed],
        salts=[each.salt for each in sealed.values()],
        commitments=[each.commitment for each in sealed.values()],
    )
    numbers = {Person(row["name"], row["position"]): row["no"] async for row in rows}
    return {who: (numbers[who], each.commitment) for who, each in sealed.items()}


async def _new_keys(connection: Connection, school_id: int, years: Iterable[int]) -> dict[int, bytes]:
    keys = {year: secrets.token_bytes(32) for year in years}
    await _sql.add_nonce_keys(connection, school_id=school_id, years=list(keys), keys=list(keys.values()))
    return keys
