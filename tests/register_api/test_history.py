"""Bulk history over HTTP: what is taken, what is flagged, what is refused and where, and that it may be sent again."""

import json
from collections.abc import AsyncIterator, Mapping
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from kit.catalogue import CATALOGUE
from tests.support.office import Office, calling, open_office, refusal
from tests.support.school import pupil, put
from tests.support.services import Register

DAY = "2026-09-04"
BY = {"name": "A. Teacher", "position": "Class teacher"}
NDJSON = "application/x-ndjson"
CSV = "text/csv; charset=utf-8"


def mark(pupil_: str, code: str = "/", **other: Any) -> dict[str, Any]:
    made = {"made_at": f"{DAY}T09:00:00+01:00", "made_by": BY}
    return {"kind": "mark", "pupil": pupil_, "date": DAY, "session": "AM", "code": code, **made, **other}


def amendment(pupil_: str, original: str, amended: str, **other: Any) -> dict[str, Any]:
    said = {"original_entry": original, "amended_entry": amended, "reason": "Mother telephoned"}
    made = {"made_at": f"{DAY}T10:00:00+01:00", "made_by": BY}
    return {"kind": "amendment", "pupil": pupil_, "date": DAY, "session": "AM", **said, **made, **other}


def lines(*items: Mapping[str, Any]) -> bytes:
    return b"".join(json.dumps(item).encode() + b"\n" for item in items)


@pytest.fixture(scope="module")
async def http(register: Register) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(register) as calls:
        yield calls


@pytest.fixture(scope="module")
async def school(http: httpx.AsyncClient, admin: httpx.AsyncClient, register: Register) -> Office:
    office = await open_office(admin, register.database, "900501", pupils=80)
    await put(admin, office.path("/pupils/p-late"), pupil(starting_day="2026-09-07"))
    return Office(http, office.urn, office.database, office.unused)


async def send(school: Office, body: bytes, kind: str = NDJSON, **params: str) -> httpx.Response:
    return await school.http.post(school.path("/history"), content=body, headers={"Content-Type": kind}, params=params)


async def taken(school: Office, body: bytes, kind: str = NDJSON, **params: str) -> Any:
    answer = await send(school, body, kind, **params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def problems(answer: Any) -> list[tuple[int, str, Any]]:
    """Give line, problem and place of what was refused or left out."""
    found = []
    for each in answer["outcomes"]:
        if "problem" in each:
            place = each.get("column") or each["problem"]["errors"][0].get("pointer")
            assert CATALOGUE[each["problem"]["code"]].status == each["problem"]["status"]
            found.append((each["line"], each["problem"]["code"], place))
    return found


def figures(answer: Any) -> tuple[int, int, int, int]:
    return answer["entered"], answer["amended"], answer["unchanged"], answer["refused"]


async def test_marks_and_amendments_of_a_file_come_in_with_their_own_dates_and_people(school: Office) -> None:
    one, two = school.pupil(), school.pupil()
    first, second = amendment(one, "N", "I"), amendment(one, "I", "O", made_at=f"{DAY}T09:30:00Z")
    body = lines(mark(one, "N"), mark(two), first, second)
    answer = await taken(school, body)
    assert (figures(answer), answer["flagged"], answer["outcomes"]) == ((2, 2, 0, 0), {}, [])
    again = await taken(school, body)
    assert (figures(again), again["seq"]) == ((0, 0, 4, 0), answer["seq"])
    assert [each["outcome"] for each in again["outcomes"]] == ["unchanged"] * 4
    audit = (await school.get("/amendments", pupil=one))["items"]
    assert [(each["original_entry"], each["amended_entry"], each["made_at"]) for each in reversed(audit)] == [
        ("N", "I", f"{DAY}T09:00:00.000000Z"),
        ("I", "O", f"{DAY}T09:30:00.000000Z"),
    ]
    assert audit[0]["made_by"] == BY
    leaves = await school.stream()
    assert {leaf["source"] for leaf in leaves[-4:]} == {"history"}
    late = (await school.get("/late-entries"))["items"]
    assert late == []


async def test_an_amendment_made_before_the_one_it_follows_is_kept_and_shown_out_of_order(school: Office) -> None:
    one = school.pupil()
    back = amendment(one, "I", "O", made_at=f"{DAY}T09:15:00+01:00")
    assert figures(await taken(school, lines(mark(one, "N"), amendment(one, "N", "I"), back))) == (1, 2, 0, 0)
    audit = (await school.get("/amendments", pupil=one))["items"]
    assert [each["out_of_order"] for each in audit] == [True, False]


async def test_doubts_are_counted_and_said_of_each_line_on_demand(school: Office) -> None:
    one, two = school.pupil(), school.pupil()
    body = lines(
        mark(one, "H"), mark(two, "B", made_by={"name": "A. Teacher"}), mark(two, made_at=None, date="2026-09-07")
    )
    answer = await taken(school, body, outcomes="all")
    assert answer["flagged"] == {
        "code-not-in-force": 1, "made-at-not-recorded": 1, "nature-not-recorded": 1, "position-not-recorded": 1,
    }  # fmt: skip
    assert [each["flags"] for each in answer["outcomes"]] == [
        ["code-not-in-force"],
        ["nature-not-recorded", "position-not-recorded"],
        ["made-at-not-recorded"],
    ]
    assert [each["seq"] for each in answer["outcomes"]] == list(range(answer["seq"] - 2, answer["seq"] + 1))
    assert (await school.entry(two, DAY))["made_by"] == {"name": "A. Teacher", "position": "not recorded"}
    assert figures(await taken(school, body)) == (0, 0, 3, 0)


@pytest.mark.parametrize(
    ("item", "slug", "at"),
    [
        ({"code": "?"}, "unknown-code", "#/code"),
        ({"code": "\\"}, "code-not-for-session", "#/code"),
        ({"pupil": "nobody"}, "unknown-pupil", "#/pupil"),
        ({"pupil": "p-late"}, "not-on-roll", "#/pupil"),
        ({"date": "2026-09-05"}, "session-closed", "#/date"),
        ({"date": "2026-09-08", "made_at": None}, "session-not-begun", "#/date"),
        ({"date": "2006-07-31"}, "outside-book", "#/date"),
        ({"made_at": "2026-09-07T16:06:00+01:00"}, "made-at-in-future", "#/made_at"),
        ({"date": "04/09/2026"}, "invalid-item", "#/date"),
        ({"date": "2026-02-30"}, "invalid-item", "#/date"),
        ({"date": 5}, "invalid-item", "#/date"),
        ({"date": ["2026-09-04"]}, "invalid-item", "#"),
        ({"session": "EVE"}, "invalid-item", "#/session"),
        ({"session": ["AM"]}, "invalid-item", "#/session"),
        ({"code": None}, "invalid-item", "#/code"),
        ({"code": {}}, "invalid-item", "#/code"),
        ({"code": "present"}, "invalid-item", "#/code"),
        ({"kind": "entry"}, "invalid-item", "#/kind"),
        ({"pupil": None}, "invalid-item", "#/pupil"),
        ({"upn": "A931345622001"}, "invalid-item", "#/pupil"),
        ({"pupil": None, "upn": "x"}, "invalid-item", "#/upn"),
        ({"pupil": "a b"}, "invalid-item", "#/pupil"),
        ({"colour": "blue"}, "invalid-item", "#/colour"),
        ({"reason": "Why"}, "invalid-item", "#/reason"),
        ({"made_by": "A. Teacher"}, "invalid-item", "#/made_by"),
        ({"made_by": {"name": "A", "post": "B"}}, "invalid-item", "#/made_by/post"),
        ({"made_by": {"name": "A" * 201}}, "invalid-item", "#/name"),
        ({"made_by": {"name": "A\0"}}, "invalid-item", "#/name"),
        ({"nature": "\ud800"}, "invalid-item", "#/nature"),
        ({"nature": 5}, "invalid-item", "#/nature"),
        ({"arrived_at": "9:00"}, "invalid-item", "#/arrived_at"),
        ({"made_at": "2026-09-04T09:00:00"}, "invalid-item", "#/made_at"),
        ({"made_at": "2026-09-04T25:00:00Z"}, "invalid-item", "#/made_at"),
        ({"made_at": "1066-09-04T09:00:00Z"}, "invalid-item", "#/made_at"),
        ({"made_at": "04/09/2026 09:00"}, "invalid-item", "#/made_at"),
    ],
)
async def test_a_wrong_line_is_named_and_the_right_ones_beside_it_are_in(
    school: Office, item: dict[str, Any], slug: str, at: str
) -> None:
    one = school.pupil()
    wrong = {**mark(one), **item}
    answer = await taken(school, lines(mark(one, session="PM", code="N"), wrong, mark(one, "N")), dry_run="true")
    assert problems(answer) == [(2, slug, at)]
    assert figures(answer) == (2, 0, 0, 1)
    assert "931345622001" not in json.dumps(answer)


async def test_an_amendment_that_does_not_fit_what_stands_is_refused_with_what_stands(school: Office) -> None:
    one, two = school.pupil(), school.pupil()
    body = lines(
        mark(one, "N"),
        mark(one, "I"),
        amendment(one, "O", "I"),
        amendment(two, "N", "I"),
        amendment(one, "N", "\\"),
        {**amendment(one, "N", "I"), "original_entry": None},
    )
    answer = await taken(school, body)
    assert problems(answer) == [
        (2, "already-entered", "#/code"),
        (3, "entry-changed", "#/original_entry"),
        (4, "no-entry", "#/original_entry"),
        (5, "code-not-for-session", "#/amended_entry"),
        (6, "invalid-item", "#/original_entry"),
    ]
    current = answer["outcomes"][0]["current_entry"]
    assert (current["code"], current["version"], current["seq"], current["made_by"]) == ("N", 1, answer["seq"], BY)
    # The same when what stands came with an earlier request.
    assert (await taken(school, body))["outcomes"][1]["current_entry"] == current


async def test_a_year_without_a_calendar_comes_in_flagged(school: Office, admin: httpx.AsyncClient) -> None:
    entry = pupil(starting_day="2021-09-03", date_of_birth="2016-02-11")
    await put(admin, school.path("/pupils/p-old"), entry)
    made = {"made_at": "2023-11-06T09:00:00Z", "date": "2023-11-06"}
    answer = await taken(school, lines(mark("p-old", "J", **made)))
    assert answer["flagged"] == {"calendar-missing": 1, "code-withdrawn-since": 1}


async def test_a_pupil_may_be_named_by_upn_which_is_never_repeated(school: Office, admin: httpx.AsyncClient) -> None:
    upn, former = "X931345622001", "L93134562200A"
    await put(admin, school.path("/pupils/p-upn"), pupil(upn=upn))
    by_upn = {**mark("p"), "pupil": None, "upn": upn.lower()}
    answer = await taken(school, lines(by_upn, {**by_upn, "code": "N"}, {**by_upn, "upn": former}), outcomes="all")
    assert [each["outcome"] for each in answer["outcomes"]] == ["entered", "refused", "refused"]
    assert problems(answer) == [(2, "already-entered", "#/code"), (3, "unknown-pupil", "#/pupil")]
    assert upn not in json.dumps(answer).upper()
    assert (await school.entry("p-upn", DAY))["code"] == "/"


async def test_a_dry_run_answers_the_same_and_writes_nothing(school: Office) -> None:
    one, two = school.pupil(), school.pupil()
    body = lines(
        mark(one, "N"),
        amendment(one, "N", "I"),
        mark(one, "O"),
        mark(two, "B"),
        amendment(one, "I", "O"),
        mark(two, "B"),
    )
    before = await school.stream()
    dry = await taken(school, body, outcomes="all", dry_run="true")
    assert await school.stream() == before
    assert figures(dry) == (2, 2, 1, 1)
    wet = await taken(school, body, outcomes="all")
    assert wet == dry
    assert len(await school.stream()) == len(before) + 4


async def test_csv_has_the_same_members_as_columns(school: Office) -> None:
    one, two = school.pupil(), school.pupil()
    head = "pupil,date,session,code,original_entry,amended_entry,reason,made_at,name,position,nature,Tutor group\r\n"
    made = f"{DAY}T10:00:00+01:00,Zoë Café,Class teacher"
    rows = [
        f"{one},{DAY},AM,N,,,,{made},,4B",
        f'{one},{DAY},AM,,N,I,"Mother said: ""sick"",\nat home",{made},,4B',
        "",
        f"{two},{DAY},AM,B,,,,{made},Swimming,4B",
        f"{two},{DAY},AM,B",
        f"{two},04/09/2026,PM,N,,,,{made},,4B",
    ]
    body = ("\ufeff" + head + "\r\n".join(rows) + "\r\n").encode()
    answer = await taken(school, body, CSV)
    assert problems(answer) == [
        (1, "unknown-column", "Tutor group"), (7, "malformed-line", None), (8, "invalid-item", "date"),
    ]  # fmt: skip
    assert answer["flagged"] == {"unknown-column": 1}
    assert figures(answer) == (2, 1, 0, 2)
    (amended,) = (await school.get("/amendments", pupil=one))["items"]
    assert (amended["reason"], amended["made_by"]["name"]) == ('Mother said: "sick",\nat home', "Zoë Café")
    assert "4B" not in json.dumps(await school.stream())


async def test_windows_1252_is_read_where_it_is_declared_and_named_where_it_is_not(school: Office) -> None:
    one, two = school.pupil(), school.pupil()
    made = f"{DAY}T10:00:00+01:00"
    head = "pupil,date,session,code,made_at,name,position\n"
    body = f"{head}{one},{DAY},AM,/,{made},Zoë,Teacher\n{two},{DAY},AM,/,{made},Jo,Teacher\n".encode("cp1252")
    answer = await taken(school, body, CSV)
    assert problems(answer) == [(2, "invalid-encoding", "name")]
    assert "charset=windows-1252" in answer["outcomes"][0]["problem"]["detail"]
    answer = await taken(school, body, "text/csv; charset=windows-1252")
    assert figures(answer) == (1, 0, 1, 0)
    assert (await school.entry(one, DAY))["made_by"]["name"] == "Zoë"
    bad = json.dumps(mark(two, "N", session="PM"), ensure_ascii=False).encode().replace(b"A. Teacher", b"Zo\xeb")
    answer = await taken(school, bad + b"\n")
    assert problems(answer) == [(1, "invalid-encoding", bad.index(b"\xeb") + 1)]


@pytest.mark.parametrize("kind", [NDJSON, CSV])
async def test_a_last_line_that_breaks_off_is_refused_as_such(school: Office, kind: str) -> None:
    one, two = school.pupil(), school.pupil()
    if kind == NDJSON:
        body = lines(mark(one), mark(two))[:-40]
    else:
        body = f"pupil,date,session,code,made_at\n{one},{DAY},AM,/,{DAY}T09:00:00Z\n{two},{DAY},AM,/".encode()
    answer = await taken(school, body, kind)
    (only,) = problems(answer)
    assert only[:2] == (2 if kind == NDJSON else 3, "truncated-line")
    assert figures(answer) == (1, 0, 0, 1)
    if kind == CSV:
        whole = body + f",{DAY}T09:00".encode()
        assert problems(await taken(school, whole, kind))[0][:2] == (3, "truncated-line")
        answer = await taken(school, whole + b":00Z", kind)
        assert (figures(answer), answer["flagged"]["line-without-end"]) == ((1, 0, 1, 0), 1)


async def test_a_quotation_mark_that_is_never_closed_costs_one_line(school: Office) -> None:
    ids = [school.pupil() for _ in range(4)]
    rows = [f'{ids[0]},{DAY},AM,/,"Jo', *(f"{id_},{DAY},AM,/,Jo" for id_ in ids[1:]), f'{ids[0]},{DAY},PM,N,"a"b']
    body = "\n".join(["pupil,date,session,code,name", *rows, ""]).encode()
    answer = await taken(school, body, CSV)
    assert problems(answer) == [(6, "malformed-line", None), (2, "malformed-line", None)] or problems(answer) == [
        (2, "malformed-line", None),
        (6, "malformed-line", None),
    ]
    assert figures(answer) == (3, 0, 0, 2)


async def test_lines_that_are_no_lines_are_named_and_empty_ones_passed_over(school: Office) -> None:
    one = school.pupil()
    long = b'{"kind": "mark", "x": "' + b"x" * 70_000 + b'"}\n'
    deep = b"[" * 30_000 + b"\n"
    body = b"\n\r\n  \n[]\n{]\n" + long + deep + lines(mark(one))
    answer = await taken(school, body)
    assert problems(answer) == [
        (4, "invalid-item", "#"),
        (5, "malformed-line", 2),
        (6, "too-long-line", "#"),
        (7, "malformed-line", "#"),
    ]
    assert figures(answer) == (1, 0, 0, 4)


@pytest.mark.parametrize(
    ("head", "told"),
    [
        ("pupil,session,code", "date"),
        ("date,session,code", "pupil"),
        ("pupil,date,session", "code"),
        ("pupil,date,session,code,code", "twice"),
    ],
)
async def test_a_header_that_names_no_column_for_what_is_needed_is_refused(
    school: Office, head: str, told: str
) -> None:
    body = refusal(await send(school, f"{head}\n1,2,3,4\n".encode(), CSV), "invalid-request")
    assert told in body["detail"]


@pytest.mark.parametrize(
    "kind", ["application/json", "text/csv; charset=utf-16", "application/x-ndjson; charset=latin1", ""]
)
async def test_another_form_is_not_taken(school: Office, kind: str) -> None:
    refusal(await send(school, b"", kind), "unsupported-media-type")


async def test_an_empty_file_changes_nothing(school: Office) -> None:
    seq, _ = await school.head()
    answer = await taken(school, b"")
    assert (figures(answer), answer["seq"], answer["outcomes"]) == ((0, 0, 0, 0), seq, [])


async def test_of_too_many_lines_the_answer_says_what_is_in(school: Office) -> None:
    body = refusal(await send(school, b"{}\n" * 50_002), "too-many-items")
    assert body["refused"] >= 50_000
    assert body["entered"] == 0


async def test_a_body_beyond_all_bounds_is_refused_when_it_passes_them(school: Office) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(65):
            yield b"x" * (1 << 20)

    answer = await school.http.post(school.path("/history"), content=pieces(), headers={"Content-Type": NDJSON})
    refusal(answer, "too-large")


async def test_history_needs_its_own_scope(register: Register, school: Office) -> None:
    async with calling(register, ("marks:write", "amendments:write")) as http:
        refusal(await http.post(school.path("/history"), content=b""), "scope-required")


async def test_of_many_lines_the_seven_wrong_ones_are_named_and_the_others_are_in(
    admin: httpx.AsyncClient, register: Register
) -> None:
    school = await open_office(admin, register.database, "900502", pupils=1)
    roll = [pupil(id=f"m-{n:03}", starting_day="2020-09-01", date_of_birth="2012-02-11") for n in range(150)]
    await admin.post(school.path("/pupils"), json={"pupils": roll})
    days = [date(2025, 9, 1) + timedelta(days=n) for n in range(20)]
    made = {"made_at": "2025-09-30T09:00:00Z"}
    sent = [
        mark(f"m-{n:03}", {"AM": "/", "PM": "\\"}[session], date=str(on), session=session, **made)
        for on in days
        for session in ("AM", "PM")
        for n in range(150)
    ]
    wrong = [3, 4_999, 5_000, 5_001, 5_500, 5_998, 5_999]
    for at in wrong:
        sent[at]["code"] = "?"
    async with calling(register) as http:
        answer = await taken(Office(http, school.urn, school.database, school.unused), lines(*sent))
    assert [line for line, _, _ in problems(answer)] == [at + 1 for at in wrong]
    assert figures(answer) == (6_000 - 7, 0, 0, 7)
    assert await school.rows() == 6_000 - 7 + 3 + 151
