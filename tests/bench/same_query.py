"""The statements of an authority's day, a school each, taken from the service itself with their arguments in."""

from datetime import UTC, date, datetime
from typing import Any, cast

from asyncpg.utils import _mogrify
from fastapi import FastAPI, Request

from analytics_worker import authority, rows, school
from analytics_worker.authority import Area
from kit import database
from kit.database import Connection


class _Listening:
    """Stands in for a connection, and writes down what is to be copied out instead of copying it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.heard: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def copy_from_query(self, statement: str, *arguments: Any, **_: Any) -> None:
        self.heard.append(await _mogrify(self._connection, statement, arguments))


def _asked_now() -> Request:
    """Give a request to an application whose clock is the machine's: which schools there are is asked of a day."""
    app = FastAPI()
    app.state.clock = lambda: datetime.now(UTC)
    return Request({"type": "http", "app": app})


async def statements(url: str, la_code: str, on: date) -> list[str]:
    """Give one statement a school, in the order of the service; `url` is that of the analytics role."""
    engine = database.connect(url, name="bench", pool_size=1)
    found: list[str] = []
    try:
        for one in await authority.schools(Area(la_code, cast(Any, None), engine, _asked_now())):
            async with database.reading(engine, one.school_id) as connection:
                facts = await school.load(connection, one.school_id)
                listening = _Listening(connection)
                query = rows.Query(one, facts, datetime.now(UTC), facts.open_days(on, on))
                await rows.csv(cast(Connection, listening), query)
                found += listening.heard
    finally:
        await engine.dispose()
    return found
