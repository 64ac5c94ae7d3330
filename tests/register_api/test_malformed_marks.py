"""Marks that do not have the documented form: refused by themselves with a pointer, or whole."""

import gzip
import json
from typing import Any

import pytest

from tests.support.office import Office, outcomes_of, refusal, told
from tests.support.school import TEACHER

MIB = 1_048_576


@pytest.mark.parametrize(
    ("item", "at"),
    [
        ({"code": 7}, "#/marks/0/code"),
        ({"code": None}, "#/marks/0/code"),
        ({"code": "/" * 5}, "#/marks/0/code"),
        ({"code": "\ud800"}, "#/marks/0/code"),
        ({"arrived_at": "8:58"}, "#/marks/0/arrived_at"),
        ({"arrived_at": "08:58:00"}, "#/marks/0/arrived_at"),
        ({"arrived_at": "24:00"}, "#/marks/0/arrived_at"),
        ({"arrived_at": "\u0660\u0668:\u0665\u0668"}, "#/marks/0/arrived_at"),
        ({"arrived_at": 858}, "#/marks/0/arrived_at"),
        ({"minutes_late": "13"}, "#/marks/0/minutes_late"),
        ({"minutes_late": -1}, "#/marks/0/minutes_late"),
        ({"minutes_late": 1e3}, "#/marks/0/minutes_late"),
        ({"minutes_late": True}, "#/marks/0/minutes_late"),
        ({"made_at": "2026-09-07T08:59:10"}, "#/marks/0/made_at"),
        ({"made_at": "2026-09-07"}, "#/marks/0/made_at"),
        ({"made_at": 1_788_768_000}, "#/marks/0/made_at"),
        ({"made_at": "0001-01-01T00:00:00+14:00"}, "#/marks/0/made_at"),
        ({"made_at": "9999-12-31T23:59:59-14:00"}, "#/marks/0/made_at"),
        ({"made_by": {"name": "A. Teacher"}}, "#/marks/0/made_by/position"),
        ({"made_by": {"name": "A. Teacher", "position": "   "}}, "#/marks/0/made_by/position"),
        ({"made_by": {"name": "A" * 201, "position": "Teacher"}}, "#/marks/0/made_by/name"),
        ({"made_by": {"name": "A\0", "position": "Teacher"}}, "#/marks/0/made_by/name"),
        ({"made_by": {"name": "A", "position": "\udfff"}}, "#/marks/0/made_by/position"),
        ({"made_by": {"name": "A", "position": "B", "id": 7}}, "#/marks/0/made_by/id"),
        ({"by_system": {"system": "Gate", "rule": "badge", "cause": "\0"}}, "#/marks/0/by_system/cause"),
        ({"nature": "Forest\0school"}, "#/marks/0/nature"),
        ({"nature": "\ud83d"}, "#/marks/0/nature"),
        ({"nature": "x" * 201}, "#/marks/0/nature"),
        ({"pupil": "p 001"}, "#/marks/0/pupil"),
        ({"pupil": "p-001\0"}, "#/marks/0/pupil"),
        ({"pupil": "\ud800"}, "#/marks/0/pupil"),
        ({"pupil": "p" * 65}, "#/marks/0/pupil"),
        ({"pupil": None}, "#/marks/0/pupil"),
        ({"comment": "Unwell"}, "#/marks/0/comment"),
        ({"a/b~c": 1}, "#/marks/0/a~1b~0c"),
        ({"café au lait": 1}, "#/marks/0/caf%C3%A9%20au%20lait"),
    ],
)
async def test_a_malformed_item_is_refused_by_itself_with_a_pointer(
    office: Office, item: dict[str, Any], at: str
) -> None:
    before = await office.head()
    outcome = await _alone(office, {"pupil": "p-040", "code": "/", **item})
    told(outcome["problem"], "invalid-item", at=at)
    assert await office.head() == before


async def _alone(office: Office, item: Any) -> Any:
    body = json.dumps({"made_by": TEACHER, "marks": [item]}).encode()
    answer = await office.post(body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200, answer.text
    [outcome] = outcomes_of(answer)
    assert outcome["outcome"] == "refused"
    return outcome


@pytest.mark.parametrize("item", [None, 7, "p-040", [], {}])
async def test_an_item_that_is_no_mark_at_all_is_refused_by_itself(office: Office, item: Any) -> None:
    told((await _alone(office, item))["problem"], "invalid-item")


async def test_a_member_whose_name_is_no_text_is_refused_by_itself(office: Office) -> None:
    told((await _alone(office, {"pupil": "p-040", "code": "/", "\ud800": 1}))["problem"], "invalid-item")


async def test_a_malformed_item_does_not_harm_the_others(office: Office) -> None:
    first, last = office.pupil(), office.pupil()
    items = [{"pupil": first, "code": "/"}, {"pupil": "p-040", "cod": "/"}, {"pupil": last, "code": "/"}]
    outcomes = outcomes_of(await office.post({"made_by": TEACHER, "marks": items}))
    assert [outcome["outcome"] for outcome in outcomes] == ["entered", "refused", "entered"]
    assert outcomes[2]["seq"] == outcomes[0]["seq"] + 1
    told(outcomes[1]["problem"], "invalid-item", at="#/marks/1/code")


async def test_what_an_item_says_is_not_repeated_in_its_refusal(office: Office) -> None:
    body = json.dumps({"made_by": TEACHER, "marks": [{"pupil": "Somebody's Name", "code": 1}]})
    assert "Somebody" not in (await office.post(body)).text


async def test_text_of_any_script_is_kept_as_it_was_written(office: Office) -> None:
    pupil = office.pupil()
    nature = "Ｃａｆé ☕ 👩‍🏫 עברית \u202e e\u0301 ﬀ"
    assert (await office.mark(pupil, "B", nature=nature))["outcome"] == "entered"
    assert (await office.entry(pupil))["nature"] == nature
    await office.stream()


@pytest.mark.parametrize(
    ("body", "slug", "at"),
    [
        ({}, "invalid-request", "#/marks"),
        ({"marks": None}, "invalid-request", "#/marks"),
        ({"marks": {"pupil": "p-001"}}, "invalid-request", "#/marks"),
        ({"marks": [], "made_by": "A. Teacher"}, "invalid-request", "#/made_by"),
        ({"marks": [], "made_by": {"name": "A", "position": "\0"}}, "invalid-request", "#/made_by/position"),
        ({"marks": [], "made_at": "yesterday"}, "invalid-request", "#/made_at"),
        ({"marks": [], "mode": "strict"}, "invalid-request", "#/mode"),
        ({"marks": [], "\ud800": 1}, "invalid-request", None),
        ([], "invalid-request", "#"),
        (None, "invalid-request", "#"),
        ("", "invalid-request", "#"),
    ],
)
async def test_a_body_without_the_documented_form_is_refused_whole(
    office: Office, body: Any, slug: str, at: str | None
) -> None:
    answer = await office.post(json.dumps(body).encode(), headers={"Content-Type": "application/json"})
    refusal(answer, slug, at=at)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"{'marks': []}",
        b'{"marks": [,]}',
        b'{"marks": []}}',
        b"\xff\xfe",
        b'{"made_by": {"name": "\xe9"}}',
        b"[" * 100_000,
        b'{"marks": [{"minutes_late": ' + b"9" * 5_000 + b"}]}",
    ],
)
async def test_what_is_not_json_is_said_to_be_none(office: Office, body: bytes) -> None:
    before = await office.head()
    answer = await office.post(body, headers={"Content-Type": "application/json"})
    refusal(answer, "malformed-json")
    assert await office.head() == before


async def test_a_missing_body_is_refused(office: Office) -> None:
    refusal(await office.post(b""), "invalid-request", at="#")


async def test_two_thousand_items_are_taken_and_one_more_is_not(office: Office) -> None:
    items = [{"pupil": f"x-{n}", "code": "/"} for n in range(2_001)]
    answer = await office.post({"made_by": TEACHER, "marks": items[:2_000]})
    assert answer.json()["refused"] == 2_000
    refusal(await office.post({"made_by": TEACHER, "marks": items}), "too-many-items", at="#/marks")


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_over_a_mebibyte_is_too_large(office: Office, chunked: bool) -> None:
    async def pieces() -> Any:
        for _ in range(17):
            yield b" " * 65_536

    body: Any = pieces() if chunked else b" " * (MIB + 1)
    refusal(await office.post(body, headers={"Content-Type": "application/json"}), "too-large")


async def test_a_body_of_a_mebibyte_is_read(office: Office) -> None:
    body = b'{"marks": []}'
    answer = await office.post(body + b" " * (MIB - len(body)), headers={"Content-Type": "application/json"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (gzip.compress(b'{"marks": []}', mtime=0), {"Content-Type": "application/json", "Content-Encoding": "gzip"}),
        (b'{"marks": []}', {"Content-Type": "application/json", "Content-Encoding": "br"}),
        (b"pupil,code\r\np-001,/\r\n", {"Content-Type": "text/csv"}),
        (b'{"marks": []}', {"Content-Type": "application/x-www-form-urlencoded"}),
    ],
)
async def test_a_body_in_another_form_is_not_taken(office: Office, body: bytes, headers: dict[str, str]) -> None:
    refusal(await office.post(body, headers=headers), "unsupported-media-type")


async def test_the_stream_is_whole_after_all_of_this(office: Office) -> None:
    assert [leaf["kind"] for leaf in await office.stream()].count("mark-entered") == 3
