"""docs/security.md names tests that exist; and what it says of every route of both services is tried on every route."""

import ast
import re
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from analytics_worker.app import WorkerSettings
from analytics_worker.app import create_app as analytics
from kit.tokens import SCOPES
from tests.support import contract, tree
from tests.support.office import MONDAY, calling, refusal
from tests.support.postgres import Database
from tests.support.school import set_up
from tests.support.services import Clock, Register, register_api, serving

PAGE = tree.ROOT / "docs" / "security.md"
URN = "900191"
MEANT = {"urn": URN, "date": MONDAY, "session": "AM", "academic_year": "2026-27", "la_code": "931", "id": "p-001"}
CALLS_OUT = {
    "httpx",
    "urllib.request",
    "http.client",
    "requests",
    "aiohttp",
    "socket",
    "smtplib",
    "ftplib",
    "subprocess",
}
OURS = re.compile(
    r"Traceback|\.py\b|asyncpg|sqlalchemy|pydantic|postgres|SELECT |INSERT |relation |site-packages|0x[0-9a-f]{6}"
)


def operations() -> Iterator[tuple[int, str, str, dict[str, Any]]]:
    """Give every operation: the number of its service, its method and path, and what is documented of it."""
    for number, document in enumerate(contract.documents()):
        for path, methods in document["paths"].items():
            for method, described in methods.items():
                yield number, method.upper(), path, described


def address(path: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: MEANT.get(found[1], "c-1"), path)


TAKING_JSON = [
    (number, method, path)
    for number, method, path, described in operations()
    if "application/json" in described.get("requestBody", {}).get("content", {})
]


@pytest.fixture(scope="module")
async def both(
    database: Database, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[httpx.AsyncClient, ...]]:
    """Give clients of both services that may do everything everywhere."""
    clock = Clock(datetime.fromisoformat("2026-09-07T16:00:00+01:00"))
    figures = WorkerSettings(database_url=database.analytics_url, poll_seconds=3_600)
    async with (
        register_api(database, tmp_path_factory.mktemp("register"), clock, sandbox=True) as register,
        serving(analytics(figures, clock)) as worker,
        calling(register, sorted(SCOPES)) as http,
        calling(Register(register.address, clock, database), sorted(SCOPES)) as reading,
    ):
        await set_up(http, URN)
        reading.base_url = httpx.URL(worker)
        yield http, reading


def test_every_promise_of_the_page_names_tests_that_exist() -> None:
    sections = re.split(r"^## ", PAGE.read_text("utf-8"), flags=re.M)[1:]
    risks = [section for section in sections if section.startswith("API")]
    assert [re.match(r"API\d+", section)[0] for section in risks] == [f"API{n}" for n in range(1, 11)]  # type: ignore[index]
    for section in sections:
        named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", section)
        assert named or section not in risks, section[:60]
        for file, test in named:
            assert f"def {test}(" in (tree.ROOT / file).read_text("utf-8"), f"{test} is not in {file}"


@pytest.mark.parametrize(("number", "method", "path"), TAKING_JSON, ids=str)
async def test_a_member_that_a_body_does_not_know_is_refused(
    both: tuple[httpx.AsyncClient, ...], number: int, method: str, path: str
) -> None:
    answer = await both[number].request(method, address(path), json={"is_admin": True})
    refusal(answer, "invalid-request", at="#/is_admin")


def test_no_body_takes_members_that_are_not_documented_at_any_depth() -> None:
    for document in contract.documents():
        asked = [described for methods in document["paths"].values() for described in methods.values()]
        # Forms are OAuth's, which says that what is not known is passed over (RFC 6749 section 3.2).
        bodies = [described.get("requestBody", {}).get("content", {}).get("application/json") for described in asked]
        open_to_more = [part.get("title") for part in _parts(document, bodies) if "properties" in part and _grows(part)]
        assert open_to_more == []


def _grows(part: dict[str, Any]) -> bool:
    return part.get("additionalProperties") is not False


def _parts(document: dict[str, Any], waiting: list[Any]) -> Iterator[dict[str, Any]]:
    """Give every part of some schemas, of those that they refer to too."""
    seen = set()
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, dict):
            yield part
            waiting += [value for name, value in part.items() if name not in ("example", "examples")]
            if (reference := part.get("$ref")) and reference not in seen:
                seen.add(reference)
                waiting.append(document["components"]["schemas"][reference.rpartition("/")[2]])


async def test_no_refusal_tells_how_we_are_made(both: tuple[httpx.AsyncClient, ...]) -> None:
    tried = 0
    for number, method, path, described in operations():
        json = {"content-type": "application/json"} if "requestBody" in described else {}
        for url, body, headers in (
            (address(path), b"{", json),
            (address(path), b'{"a": [null, {"b": "\\u0000"}]}', json),
            (f"{address(path)}?unheard-of='; DROP TABLE ledger.event --", b"", {}),
            (re.sub(r"\{\w+\}", "'\"%3B%00", path), b"", {}),
            (f"{address(path)}/nothing", b"", {}),
            (address(path), b"", {"authorization": "Bearer eyJhbGciOiJub25lIn0.e30."}),
        ):
            answer = await both[number].request(method, url, content=body, headers=headers)
            if answer.status_code >= 400:
                tried += 1
                assert answer.status_code != 500, (method, url)
                assert not (found := OURS.search(answer.text)), (method, url, found)
    assert tried > 150


def test_nobody_is_called_but_the_places_of_deposits() -> None:
    calling_out = set()
    for module in tree.modules():
        name = module.relative_to(tree.ROOT).as_posix()
        if not name.startswith(("libs/", "services/")):
            continue
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                imported = {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported = {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
            else:
                continue
            if imported & CALLS_OUT:
                calling_out.add(name)
    assert calling_out == {"libs/ledger/deposits.py"}


def test_no_request_names_an_address_that_we_would_call() -> None:
    for document in contract.documents():
        asked = [described for methods in document["paths"].values() for described in methods.values()]
        names = {parameter["name"] for described in asked for parameter in described.get("parameters", ())}
        names |= {
            name for schema in document["components"]["schemas"].values() for name in schema.get("properties", ())
        }
        # What a sandbox answers: where its client gets a token, and what to send next.
        assert {name for name in names if re.search(r"ur[il]\b|url|href|callback|webhook", name)} <= {
            "url",
            "token_url",
        }
