"""Every failure is a documented problem: what each error of the driver becomes, and what is never said of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import Depends, FastAPI
from fastapi.responses import StreamingResponse
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from kit import service
from kit.gate import Unfinished
from kit.problems import Fault, Problem, pointer
from kit.settings import Settings
from tests.support.office import refusal

SECRET = "A. Teacher fell ill"

AWAY = [
    ConnectionRefusedError(SECRET),
    TimeoutError(SECRET),
    OSError(SECRET),
    OperationalError("SELECT", {}, Exception(SECRET)),
    asyncpg.ConnectionDoesNotExistError(SECRET),
    asyncpg.ConnectionFailureError(SECRET),
    asyncpg.CannotConnectNowError(SECRET),
    asyncpg.AdminShutdownError(SECRET),
    asyncpg.CrashShutdownError(SECRET),
    asyncpg.TooManyConnectionsError(SECRET),
    asyncpg.DiskFullError(SECRET),
    asyncpg.ReadOnlySQLTransactionError(SECRET),
    asyncpg.InterfaceError(SECRET),
    asyncpg.InternalClientError(SECRET),
]
BUSY = [
    asyncpg.LockNotAvailableError(SECRET),
    asyncpg.QueryCanceledError(SECRET),
    asyncpg.DeadlockDetectedError(SECRET),
    PoolTimeout(SECRET),
]
OURS = [
    asyncpg.UniqueViolationError(SECRET),
    asyncpg.DataError(SECRET),
    asyncpg.InsufficientPrivilegeError(SECRET),
    RuntimeError(SECRET),
    KeyError(SECRET),
    AssertionError(SECRET),
]


def app() -> FastAPI:
    """Give an application whose routes fail as they are told to, in each place where a route can fail."""
    made = service.create("Failures", Settings(database_url="postgresql://nowhere"), name="failures", about="Failures.")
    to_raise: dict[str, Exception] = {}
    made.state.to_raise = to_raise

    async def before() -> None:
        if "before" in to_raise:
            raise to_raise["before"]

    async def around() -> AsyncIterator[None]:
        yield
        if "after" in to_raise:
            raise to_raise["after"]

    @asynccontextmanager
    async def held() -> AsyncIterator[None]:
        yield
        if "exit" in to_raise:
            raise to_raise["exit"]

    @made.get("/fails", dependencies=[Depends(before), Depends(around, scope="function")])
    async def fails() -> dict[str, str]:
        async with held():
            if "within" in to_raise:
                raise to_raise["within"]
        return {}

    @made.get("/streams")
    async def streams() -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            yield b"the first part\n"
            raise to_raise["within"]

        return StreamingResponse(parts())

    return made


async def get(made: FastAPI, path: str = "/fails", **request: Any) -> httpx.Response:
    transport = httpx.ASGITransport(made)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        return await http.get(path, **request)


@pytest.mark.parametrize("where", ["before", "within", "exit", "after"])
@pytest.mark.parametrize(
    ("error", "slug"),
    [
        *((error, "database-away") for error in AWAY),
        *((error, "busy") for error in BUSY),
        *((error, "internal-error") for error in OURS),
    ],
)
async def test_an_error_is_a_documented_problem_wherever_it_is_raised(
    caplog: pytest.LogCaptureFixture, where: str, error: Exception, slug: str
) -> None:
    made = app()
    made.state.to_raise[where] = error
    answer = await get(made)
    refusal(answer, slug)
    assert ("retry-after" in answer.headers) == (slug != "internal-error")
    assert type(error).__name__ in caplog.text
    assert "Teacher" not in answer.text + caplog.text


async def test_a_refusal_keeps_its_faults_its_members_and_its_headers() -> None:
    made = app()
    made.state.to_raise["within"] = Problem(
        "no-entry", "None.", (Fault("Here.", pointer="#/a"), Fault("There.", parameter="b")), {"more": 1}, {"X-Y": "z"}
    )
    answer = await get(made)
    assert answer.headers["x-y"] == "z"
    assert refusal(answer, "no-entry", at="#/a") == {
        "type": "/problems/no-entry",
        "code": "no-entry",
        "title": "There is no entry to amend",
        "status": 409,
        "detail": "None.",
        "more": 1,
        "errors": [{"pointer": "#/a", "detail": "Here."}, {"parameter": "b", "detail": "There."}],
    }


async def test_an_answer_that_had_begun_is_broken_off_and_never_ends_cleanly(caplog: pytest.LogCaptureFixture) -> None:
    made = app()
    for error in (RuntimeError(SECRET), asyncpg.AdminShutdownError(SECRET), Problem("busy", SECRET)):
        made.state.to_raise["within"] = error
        with pytest.raises(Unfinished) as caught:
            await get(made, "/streams")
        assert caught.value.__suppress_context__
        assert "Teacher" not in str(caught.value) + caplog.text


@pytest.mark.parametrize(
    ("parts", "written"),
    [
        ((), "#"),
        (("marks", 2, "code"), "#/marks/2/code"),
        (("a/b", "~"), "#/a~1b/~0"),
        (("é ", "%"), "#/%C3%A9%20/%25"),
        (("\ud800",), "#/?"),
    ],
)
def test_a_pointer_is_a_fragment_of_a_uri(parts: tuple[str | int, ...], written: str) -> None:
    assert pointer(parts) == written


@pytest.mark.parametrize("length", ["1048577", "9" * 19, "9" * 5_000])
async def test_a_length_over_the_limit_is_refused_unread(length: str) -> None:
    refusal(await get(app(), headers={"Content-Length": length}), "too-large")


@pytest.mark.parametrize("length", ["0", "1048576", "-1", "many", "\u0661"])
async def test_any_other_length_is_not_ours_to_judge(length: str) -> None:
    answer = await get(app(), headers=[(b"content-length", length.encode())])
    assert answer.status_code == 200
