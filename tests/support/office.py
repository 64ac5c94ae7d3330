"""A school's office as it meets the API: what it sends, what the answers must look like, and the stream behind them."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
import httpx

from kit.catalogue import CATALOGUE
from ledger import tree
from tests.support import contract
from tests.support.contract import HELD
from tests.support.postgres import Database
from tests.support.school import OFFICE, TEACHER, marks, set_up
from tests.support.services import EVERY_SCOPE, Register, add_client

MONDAY, TUESDAY = "2026-09-07", "2026-09-08"


class TokenOfTheHour(httpx.Auth):
    """Gets a token whenever the register's clock has been moved, as a client does whose token has run out."""

    requires_response_body = True

    def __init__(self, register: Register, credentials: tuple[str, str]) -> None:
        self._register = register
        self._credentials = httpx.BasicAuth(*credentials)
        self._got_at: datetime | None = None
        self._token = ""

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Authenticate a request."""
        if self._got_at != self._register.clock.now:
            form = {"grant_type": "client_credentials"}
            asked = httpx.Request("POST", f"{self._register.address}/oauth/token", data=form)
            answer = yield next(self._credentials.auth_flow(asked))
            await answer.aread()
            self._token, self._got_at = answer.json()["access_token"], self._register.clock.now
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


@asynccontextmanager
async def calling(
    register: Register, scopes: Sequence[str] = EVERY_SCOPE, kind: str = "national", reach: Sequence[str] = ()
) -> AsyncIterator[httpx.AsyncClient]:
    """Give an HTTP client with these scopes and this reach, whatever the clock is moved to."""
    auth = TokenOfTheHour(register, await add_client(register.database, scopes, kind, reach))
    # Plain HTTP: without `verify` no certificates are read, which takes longer than most tests.
    async with httpx.AsyncClient(
        base_url=register.address, auth=auth, timeout=30, verify=False, event_hooks=HELD
    ) as http:
        yield http


def refusal(answer: httpx.Response, code: str, *, at: str | None = None) -> dict[str, Any]:
    """Give the body of an answer that must be the problem `code` of the catalogue, pointing `at` its fault."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    contract.is_documented(answer.request, code)
    return told(answer.json(), code, at=at, status=answer.status_code)


def told(body: dict[str, Any], code: str, *, at: str | None = None, status: int | None = None) -> dict[str, Any]:
    """Give a problem's body, which must be `code` in the form of RFC 9457 and point `at` its fault."""
    kind = CATALOGUE[code]
    assert (body["code"], body["status"]) == (code, kind.status), body
    assert (body["type"], body["title"]) == (f"/problems/{code}", kind.title)
    assert status in (None, kind.status)
    assert body["detail"]
    if at is not None:
        places = [fault.get("pointer", fault.get("parameter")) for fault in body["errors"]]
        assert at in places, body
        assert all(fault["detail"] for fault in body["errors"])
    return body


@dataclass(frozen=True, slots=True)
class Office:
    """One school with pupils that no test has used yet."""

    http: httpx.AsyncClient
    urn: str
    database: Database
    unused: Iterator[str]

    def path(self, rest: str = "") -> str:
        """Give an address below the school's own."""
        return f"/v1/schools/{self.urn}{rest}"

    def register(self, day: str = MONDAY, session: str = "AM") -> str:
        """Give the address of a register."""
        return self.path(f"/registers/{day}/{session}")

    def pupil(self) -> str:
        """Give the id of a pupil about whom nothing is recorded yet."""
        return next(self.unused)

    async def post(
        self, body: Mapping[str, Any] | str | bytes, day: str = MONDAY, session: str = "AM", **request: Any
    ) -> httpx.Response:
        """Send a body of marks."""
        sent = {"json": body} if isinstance(body, Mapping) else {"content": body}
        return await self.http.post(f"{self.register(day, session)}/marks", **sent, **request)

    async def mark(self, pupil: str, code: str = "/", day: str = MONDAY, session: str = "AM", **item: Any) -> Any:
        """Enter one mark and give its outcome."""
        body = {"made_by": TEACHER, "marks": [{"pupil": pupil, "code": code, **item}]}
        answer = await self.post(body, day, session)
        assert answer.status_code == 200, answer.text
        return answer.json()["outcomes"][0]

    async def entered(self, *codes: tuple[str, str], day: str = MONDAY, session: str = "AM", **body: Any) -> list[int]:
        """Enter marks that must all be entered, and give their positions."""
        answer = await self.post(marks(*codes, **body), day, session)
        outcomes = answer.json()["outcomes"]
        assert [outcome["outcome"] for outcome in outcomes] == ["entered"] * len(codes), answer.text
        return [outcome["seq"] for outcome in outcomes]

    async def amend(self, *items: Mapping[str, Any], params: Any = None, headers: Any = None, **body: Any) -> Any:
        """Send amendments."""
        whole = {"made_by": OFFICE, "amendments": list(items), **body}
        return await self.http.post(self.path("/amendments"), json=whole, params=params, headers=headers)

    async def amended(self, *items: Mapping[str, Any], **body: Any) -> Any:
        """Send amendments, and give their outcomes."""
        answer = await self.amend(*items, **body)
        assert answer.status_code == 200, answer.text
        return answer.json()["outcomes"]

    async def get(self, rest: str, **params: Any) -> Any:
        """Read what must be readable."""
        answer = await self.http.get(self.path(rest), params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def entry(self, pupil: str, day: str = MONDAY, session: str = "AM") -> Any:
        """Give the entry of a pupil as the register shows it, or None."""
        items = (await self.get(f"/registers/{day}/{session}"))["items"]
        return next((item["entry"] for item in items if item["pupil"] == pupil), None)

    async def stream(self) -> list[dict[str, Any]]:
        """Give the leaves of the whole stream, which must be gapless and hash to the root in the head."""
        answer = await self.http.get(self.path("/events"))
        assert answer.status_code == 200, answer.text
        lines = answer.content.splitlines()
        leaves = [json.loads(line) for line in lines]
        assert [leaf["seq"] for leaf in leaves] == list(range(1, len(leaves) + 1))
        frontier, size = tree.extend(b"", 0, lines)
        assert await self.head() == (size, tree.root(frontier))
        assert await self.rows() == size
        return leaves

    async def head(self) -> tuple[int, bytes]:
        """Give position and root of the register's head."""
        row = await self._row(
            "SELECT seq, root FROM ledger.head WHERE school_id = (SELECT school_id FROM register.urn WHERE urn = $1)"
        )
        return row["seq"], row["root"]

    async def rows(self) -> int:
        """Give how many events and changes the tables hold of this school."""
        of_the_school = "WHERE school_id = (SELECT school_id FROM register.urn WHERE urn = $1)"
        row = await self._row(
            f"SELECT (SELECT count(*) FROM ledger.event {of_the_school})"
            f" + (SELECT count(*) FROM ledger.change {of_the_school}) AS rows"
        )
        return int(row["rows"])

    async def _row(self, query: str) -> Any:
        return await (await _owner(self.database)).fetchrow(query, self.urn)


_owners: dict[str, "asyncpg.Connection[asyncpg.Record]"] = {}


async def _owner(database: Database) -> "asyncpg.Connection[asyncpg.Record]":
    """Give the owner's connection to a database, kept until that is dropped: many tests look, and each often."""
    kept = _owners.get(database.owner_url)
    if kept is None or kept.is_closed():
        kept = _owners[database.owner_url] = await asyncpg.connect(database.owner_url)
    return kept


async def open_office(http: httpx.AsyncClient, database: Database, urn: str, pupils: int = 40, **school: Any) -> Office:
    """Set up a school and give its office."""
    return Office(http, urn, database, iter(await set_up(http, urn, pupils, **school)))


def amending(pupil: str, original: str, amended: str, **other: Any) -> dict[str, Any]:
    """Give one item of a body of amendments, of the morning of Monday."""
    item = {"pupil": pupil, "date": MONDAY, "session": "AM", "original_entry": original, "amended_entry": amended}
    return {**item, "reason": "Parent telephoned at 09:40: sickness", **other}


def outcomes_of(answer: httpx.Response) -> Sequence[Any]:
    """Give the outcomes of an answer, whose counts must add up to them."""
    body = answer.json()
    counted = sum(body.get(name, 0) for name in ("entered", "amended", "redacted", "changed", "unchanged", "refused"))
    assert counted == len(body["outcomes"]), body
    assert [outcome["index"] for outcome in body["outcomes"]] == list(range(counted))
    found: Sequence[Any] = body["outcomes"]
    return found
