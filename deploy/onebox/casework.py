"""Casework that arrives with a register: what people did about alerts, and notices, as the other Rollbook kept them."""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import aiosql
import asyncpg

from analytics_worker import notices
from analytics_worker.casework import PENALTY_NOTICE, notice_of
from analytics_worker.casework_bodies import PutNotice
from codes import acts
from codes.acts import Act, Action
from codes.alerts import Alert
from kit.database import Connection
from ledger import exporting
from ledger.archive import CASEWORK, ExchangeFailed, Reading, parsed
from ledger.exporting import PORTION

_sql = aiosql.from_path(Path(__file__).with_suffix(".sql"), "asyncpg")

_NOT_KEPT = (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError)
_UNREADABLE = (AttributeError, KeyError, TypeError, ValueError)


async def take_in(connection: Connection, file: Reading, school_id: int) -> None:
    """Take in the casework of a register that has been taken in, in the same transaction: all of it, row for row.

    Nothing where the file is older than casework in files. Raises ExchangeFailed for rows that no Rollbook has kept,
    that the rules could not read, or that are about nobody whom the register knows.
    """
    if CASEWORK not in file.manifest.lines:
        return
    lines = file.lines(CASEWORK)
    try:
        while portion := list(_texts(islice(lines, PORTION))):
            for add in (_sql.add_head, _sql.add_acts, _sql.add_notices):
                await add(connection, school_id=school_id, lines=portion)
    except _NOT_KEPT as caught:
        raise ExchangeFailed(f"{CASEWORK} holds what no Rollbook keeps ({type(caught).__name__}).") from caught
    if (stray := await _sql.stray(connection, school_id=school_id)) is not None:
        raise ExchangeFailed(f"Row {stray} of {CASEWORK} is about nobody of the roll, or past the last.")
    given = file.lines(CASEWORK)
    async for line in exporting.casework(connection, school_id):
        if next(given, None) != line:
            raise ExchangeFailed(f"{CASEWORK} is not, row for row, what a Rollbook writes.")
        _hold(json.loads(line))
    if next(given, None) is not None:
        raise ExchangeFailed(f"{CASEWORK} is not, row for row, what a Rollbook writes.")


def _texts(lines: Iterator[bytes]) -> Iterator[str]:
    for line in lines:
        parsed(line, CASEWORK)
        yield line.decode()


def _hold(whole: Mapping[str, Any]) -> None:
    """Refuse a row that the rules could not read: a worker that met it would stand still."""
    row = whole["row"]
    try:
        if whole["table"] == "act":
            _hold_act(row)
        elif whole["table"] == "notice":
            _hold_notice(row)
    except _UNREADABLE as caught:
        raise ExchangeFailed(f"Row {row['no']} of {CASEWORK} cannot be read.") from caught


def _hold_act(row: Mapping[str, Any]) -> None:
    of = (Alert(row["kind"]), row["period"], Action(row["action"]), date.fromisoformat(row["done_on"]))
    act = Act(*of, row["name"], row["note"], row["evidence"])
    acts.settled([act])
    acts.answers([act])
    list(act.sessions())


def _hold_notice(row: Mapping[str, Any]) -> None:
    made_by = {"name": row["name"], "position": row["position"]}
    PutNotice.model_validate({**row["body"], "kind": row["kind"], "pupil": "any", "made_by": made_by})
    read = notice_of if row["kind"] == PENALTY_NOTICE else notices.improving
    read(row["id"], str(row["pupil_no"]), row["body"])
