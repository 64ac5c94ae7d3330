"""HTTP done right: heads, options, ETags, compression, what is accepted, limits, and callers who are slow or silent."""

import asyncio
import json
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from kit import contract, gate, patience
from tests.support.office import MONDAY, Office, amending, calling, open_office, refusal
from tests.support.postgres import Database
from tests.support.school import pupil
from tests.support.services import EVERY_SCOPE, Clock, Register, register_api

REGISTER = f"/registers/{MONDAY}/AM"


async def test_a_head_is_the_answer_without_its_body(office: Office) -> None:
    for path in ("", "/pupils", REGISTER, "/events", "/amendments?format=csv"):
        whole, head = await office.http.get(office.path(path)), await office.http.head(office.path(path))
        assert head.status_code == 200
        assert head.content == b""
        kept = {"content-type", "etag", "cache-control", "link", "x-content-type-options"}
        assert {name: head.headers.get(name) for name in kept} == {name: whole.headers.get(name) for name in kept}
    assert (await office.http.head(office.path("/pupils/nobody"))).status_code == 404


async def test_options_names_the_methods_and_405_does_too(office: Office) -> None:
    answer = await office.http.options(office.path("/pupils/p-001"))
    assert (answer.status_code, answer.headers["allow"], answer.content) == (204, "GET, HEAD, OPTIONS, PUT", b"")
    refused = await office.http.delete(office.path("/pupils/p-001"))
    refusal(refused, "method-not-allowed")
    assert refused.headers["allow"] == "GET, HEAD, OPTIONS, PUT"
    assert (await office.http.options("/nowhere")).status_code == 404


async def test_what_has_not_moved_is_304_and_what_has_is_given_anew(register: Register, office: Office) -> None:
    id_ = office.pupil()
    await office.entered((id_, "N"))
    paths = ("", "/pupils", REGISTER, f"/pupils/{id_}/marks", "/amendments", "/calendar/2026-27")
    tags = {}
    for path in paths:
        answer = await office.http.get(office.path(path))
        tags[path] = answer.headers["etag"]
        assert tags[path].startswith('W/"')
        assert answer.headers["cache-control"] == "private, no-cache"
    # Time passes, and nothing happens.
    register.clock.set("2026-09-07T16:00:01+01:00")
    for path in paths:
        for said in (tags[path], tags[path].removeprefix("W/"), f'"other", {tags[path]}', "*"):
            same = await office.http.get(office.path(path), headers={"If-None-Match": said})
            assert (same.status_code, same.content) == (304, b""), path
            assert same.headers["etag"] == tags[path]
            assert "content-length" not in same.headers
    await office.amended(amending(id_, "N", "I"))
    for path in (REGISTER, f"/pupils/{id_}/marks", "/amendments"):
        moved = await office.http.get(office.path(path), headers={"If-None-Match": tags[path]})
        assert moved.status_code == 200
        assert moved.headers["etag"] != tags[path]


async def test_a_large_answer_is_compressed_for_those_who_take_it_and_a_small_one_is_not(office: Office) -> None:
    many = [pupil(id=f"g-{n:03}", surname="Ó Súilleabháin") for n in range(60)]
    assert (await office.http.post(office.path("/pupils"), json={"pupils": many})).status_code == 200
    for path in ("/pupils", "/events"):
        packed = await office.http.get(office.path(path), headers={"Accept-Encoding": "gzip"})
        plain = await office.http.get(office.path(path), headers={"Accept-Encoding": "identity"})
        assert packed.headers["content-encoding"] == "gzip"
        assert "Accept-Encoding" in packed.headers["vary"]
        assert "content-encoding" not in plain.headers
        assert packed.num_bytes_downloaded < len(plain.content) / 2
        assert packed.content.startswith(plain.content[:1_000] if path == "/events" else b'{"')
    assert "content-encoding" not in (await office.http.get("/v1/me")).headers


@pytest.mark.parametrize("accept", ["text/html", "text/csv", "application/json;q=0", "image/*, text/plain;q=0.5"])
async def test_what_cannot_be_given_in_an_accepted_form_is_406(office: Office, accept: str) -> None:
    for path in ("", REGISTER, "/calendar/2026-27"):
        refusal(await office.http.get(office.path(path), headers={"Accept": accept}), "not-acceptable")


@pytest.mark.parametrize(
    "accept", ["application/json", "*/*", "application/*", "text/html, */*;q=0.1", "Application/JSON"]
)
async def test_json_is_given_to_whoever_takes_it(office: Office, accept: str) -> None:
    assert (await office.http.get(office.path(), headers={"Accept": accept})).status_code == 200


async def test_names_of_every_alphabet_come_back_as_they_were_sent(office: Office) -> None:
    name = "Zoë-Łucja 李 O\u2019Neill"
    id_ = "utf-8"
    entered = await office.http.put(office.path(f"/pupils/{id_}"), json=pupil(forename=name, surname="Ünal"))
    assert entered.status_code == 200
    teacher = {"name": name, "position": "Lehrerin für Übung"}
    answer = await office.post({"made_by": teacher, "marks": [{"pupil": id_, "code": "N"}]})
    assert answer.json()["entered"] == 1
    await office.amended(amending(id_, "N", "I", reason="Téléphoné à 9 h"), made_by=teacher)
    assert (await office.get(f"/pupils/{id_}"))["forename"] == name
    listed = await office.http.get(office.path("/amendments?format=csv"), params={"pupil": id_, "format": "csv"})
    assert listed.headers["content-type"] == "text/csv; charset=utf-8"
    assert "Téléphoné à 9 h" in listed.content.decode()
    assert name in listed.content.decode()


async def test_every_answer_has_the_headers_that_protect(office: Office) -> None:
    for answer in (
        await office.http.get(office.path()),
        await office.http.get(office.path("/pupils/nobody")),
        await office.http.get("/nowhere"),
        await office.http.post(office.register() + "/marks", content=b"{"),
        await office.http.get("/healthz"),
    ):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] in ("no-store", "private, no-cache")
        assert "access-control-allow-origin" not in answer.headers
        assert "strict-transport-security" not in answer.headers


async def test_pages_of_other_sites_may_not_call(office: Office) -> None:
    asking = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "GET"}
    answer = await office.http.options(office.path(), headers=asking)
    assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_an_origin_that_was_named_may_call_and_tls_is_insisted_on(
    register: Register, office: Office, tmp_path: Path
) -> None:
    settings = {"cors_origins": "https://console.example", "public_url": "https://rollbook.example"}
    async with (
        register_api(register.database, tmp_path, register.clock, **settings) as running,
        httpx.AsyncClient(base_url=running.address, verify=False) as http,
    ):
        answer = await http.get("/healthz", headers={"Origin": "https://console.example"})
        assert answer.headers["access-control-allow-origin"] == "https://console.example"
        assert answer.headers["strict-transport-security"].startswith("max-age=")
        other = await http.get("/healthz", headers={"Origin": "https://elsewhere.example"})
        assert "access-control-allow-origin" not in other.headers


async def test_a_client_that_asks_too_much_is_told_when_to_come_back_and_others_are_not_held_up(
    register: Register, office: Office, tmp_path: Path
) -> None:
    async with (
        register_api(register.database, tmp_path, register.clock, requests_a_minute=5) as running,
        calling(running, ("register:read",)) as greedy,
        calling(running, ("register:read",)) as other,
    ):
        left = []
        for _ in range(5):
            answer = await greedy.get("/v1/me")
            assert answer.status_code == 200
            assert answer.headers["ratelimit-policy"] == '"client";q=5;w=60'
            left.append(answer.headers["ratelimit"].partition(";t=")[0])
        assert left == [f'"client";r={n}' for n in (4, 3, 2, 1, 0)]
        refused = await greedy.get("/v1/me")
        refusal(refused, "rate-limited")
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert (await other.get("/v1/me")).status_code == 200


async def _spoken(register: Register, *words: bytes) -> bytes:
    """Say something to the service, pausing for as long as it takes, and give all that it answers until it hangs up."""
    host, _, port = register.address.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        for said in words:
            writer.write(said)
            await writer.drain()
        return await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()


@pytest.mark.alone
async def test_a_body_that_does_not_come_is_408_and_the_connection_ends(
    register: Register, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "SILENT_SECONDS", 0.2)
    head = (
        f"POST {office.register()}/marks HTTP/1.1",
        "Host: x",
        "Content-Type: application/json",
        "Content-Length: 99",
    )
    answer = await _spoken(register, "\r\n".join((*head, "", "")).encode(), b'{"marks"')
    status, _, rest = answer.partition(b"\r\n")
    assert status == b"HTTP/1.1 408 Request Timeout"
    assert json.loads(rest.partition(b"\r\n\r\n")[2])["code"] == "too-slow"


@pytest.mark.alone
async def test_five_hundred_who_open_a_connection_and_are_silent_harm_nobody_and_are_hung_up_on(
    register: Register, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "HEAD_SECONDS", 1.0)
    host, _, port = register.address.removeprefix("http://").partition(":")
    silent = [await asyncio.open_connection(host, int(port)) for _ in range(400)]
    dripping = [await asyncio.open_connection(host, int(port)) for _ in range(100)]
    for _, writer in dripping:
        writer.write(b"GET /v1/me HTTP/1.1\r\nX-Drip: ")
    try:
        assert (await office.http.get(office.path())).status_code == 200
        ended = await asyncio.wait_for(
            asyncio.gather(*(reader.read() for reader, _ in (*silent, *dripping)), return_exceptions=True), 10
        )
        assert all(each == b"" or isinstance(each, ConnectionError) for each in ended)
    finally:
        for _, writer in (*silent, *dripping):
            writer.close()


@pytest.mark.alone
async def test_marks_are_answered_while_the_contract_is_made(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes a second of a processor, and is made once: when somebody first asks for it."""
    entered, made, document = threading.Event(), [], contract._document

    def when_the_marks_are_entered(app: FastAPI, about: str) -> dict[str, Any]:
        assert entered.wait(60)
        made.append(about)
        return document(app, about)

    monkeypatch.setattr(contract, "_document", when_the_marks_are_entered)
    clock = Clock(datetime.fromisoformat("2026-09-07T16:00:00+01:00"))
    async with register_api(database, tmp_path, clock) as fresh, calling(fresh, (*EVERY_SCOPE, "admin")) as http:
        office = await open_office(http, database, "900109", pupils=4)
        asked = [asyncio.create_task(http.get("/openapi.json", timeout=90)) for _ in range(8)]
        for _ in range(3):
            await office.entered((office.pupil(), "/"))
        assert not any(each.done() for each in asked)
        entered.set()
        answers = await asyncio.gather(*asked)
        assert len(made) == 1
        assert {answer.content for answer in answers} == {answers[0].content}
        assert answers[0].json()["openapi"].startswith("3.1.")
        assert "etag" in answers[0].headers
