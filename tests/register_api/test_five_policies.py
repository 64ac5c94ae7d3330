"""The five policies through HTTP: each is kept, read back as it was put, and answered with what contradicts the law."""

from typing import Any

import httpx
import pytest

from tests.support import five_policies
from tests.support.office import Office, open_office, refusal, told
from tests.support.school import POLICY, pupil, put
from tests.support.services import Register

URNS = {"S000": "900510", "S001": "900511", "S002": "900512", "S003": "900513", "S004": "900514"}
SCHOOL: dict[str, Any] = {"name": "Invented School", "phase": "primary", "age_range": [4, 11]}


async def kept(http: httpx.AsyncClient, name: str) -> dict[str, dict[str, Any]]:
    """Put a policy as a configuration, read it back, and give its warnings by member."""
    path, body = f"/v1/schools/{URNS[name]}", getattr(five_policies, name)
    answered = await put(http, path, {**SCHOOL, "policy": body})
    read = (await http.get(path)).json()
    assert read["policy"] == body
    assert read["warnings"] == answered["warnings"]
    assert all(each["detail"] and each["source"] for each in read["warnings"])
    return {each["pointer"].removeprefix("#/policy/"): each for each in read["warnings"]}


def wins(warning: dict[str, Any], paper: str, law: str) -> None:
    assert warning["detail"] == f"The school's paper says {paper}; nationally {law}, and the law wins."


async def test_s000_old_amounts_no_limit_for_n_a_rolling_year_and_19_5_days_lost(admin: httpx.AsyncClient) -> None:
    warned = await kept(admin, "S000")
    wins(warned["stated/penalty_notice/early"], "60", "£80 is paid early, of a first notice alone")
    wins(warned["stated/penalty_notice/first"], "120", "a first notice is £160")
    assert "SI 2024/210" in warned["stated/penalty_notice/first"]["source"]
    n = "N gives way to the true code within 5 school days, and to O after them"
    wins(warned["stated/n_limit"], "no limit", n)
    period = "it is 10 sessions in 10 rolling school weeks, across terms and years"
    wins(warned["stated/penalty_threshold/within"], "rolling academic year", period)
    assert "19.0 of 190 days" in warned["stated/days_lost/1"]["detail"]
    wins(warned["stated/codes"], "H, J, Y are codes", "the 2024 code set is in force, without them")
    assert len(warned) == 6


async def test_s000_was_lawful_in_september_2023_but_for_its_table(
    admin: httpx.AsyncClient, register: Register
) -> None:
    register.clock.set("2023-09-04T12:00:00+01:00")
    answered = await put(admin, "/v1/schools/900515", {**SCHOOL, "policy": five_policies.S000})
    assert [each["pointer"] for each in answered["warnings"]] == ["#/policy/stated/days_lost/1"]
    register.clock.set("2026-09-07T16:00:00+01:00")
    then = await admin.get("/v1/schools/900515", params={"as_at": "2023-09-05T00:00:00Z"})
    assert then.json()["warnings"] == answered["warnings"]
    assert len((await admin.get("/v1/schools/900515")).json()["warnings"]) == 6


async def test_s001_3_years_n_omitted_and_unequal_lengths(admin: httpx.AsyncClient) -> None:
    warned = await kept(admin, "S001")
    wins(warned["stated/retention_years"], "3", "every entry is kept for 6 years")
    assert "regulation 7" in warned["stated/retention_years"]["source"]
    wins(warned["stated/penalty_threshold/codes"], "G, O, U count", "G, N, O, U count, N while it stands")
    assert "10 and 15 minutes" in warned["registers"]["detail"]
    assert "once a year" in warned["reporting_cycle"]["detail"]
    assert len(warned) == 4


async def test_s001_3_years_cannot_be_set(admin: httpx.AsyncClient) -> None:
    """What the paper says may be stated; what the register keeps may not."""
    policy = {**five_policies.S001, "retention_years": 3}
    answer = await admin.put("/v1/schools/900516", json={**SCHOOL, "policy": policy})
    refusal(answer, "retention-too-short", at="#/policy/retention_years")


async def test_s002_has_nothing_against_it(admin: httpx.AsyncClient) -> None:
    assert await kept(admin, "S002") == {}


async def test_s003_5_working_days_and_a_trigger_of_5_days_for_evidence(admin: httpx.AsyncClient) -> None:
    warned = await kept(admin, "S003")
    n = "N gives way to the true code within 5 school days, and to O after them"
    wins(warned["stated/n_limit"], "5 working days", n)
    assert "more than 5 days" in warned["illness_evidence_after_days"]["detail"]
    assert "365 and 366" in warned["illness_evidence_after_days"]["source"]
    assert "PM registers open at 2 times" in warned["registers"]["detail"]
    assert len(warned) == 3


async def test_s004_9_00_against_9_15_3_years_annex_a_and_part_time(admin: httpx.AsyncClient) -> None:
    warned = await kept(admin, "S004")
    closing = "The school's paper says AM closes at 09:00, 09:15. Here it closes at 09:15: that decides L or U."
    assert warned["stated/registers_close/AM"]["detail"] == closing
    wins(warned["stated/retention_years"], "3", "every entry is kept for 6 years")
    filed = warned["stated/classes/authorised-absence"]["detail"]
    assert "D, Q, X, Y1, Y2, Y3, Y4, Y5, Y6, Y7 count as authorised absence" in filed
    assert "Z, # count as unauthorised absence" in warned["stated/classes/unauthorised-absence"]["detail"]
    part_time = "absence on a part-time timetable must be authorised"
    wins(
        warned["stated/part_time_absence"], part_time, "C2 is authorised at the times and dates agreed and nowhere else"
    )
    assert "regulation 11(6)" in warned["stated/part_time_absence"]["source"]
    wins(warned["stated/in_force_from"], "2024-09-01", "regulations and guidance are in force from 19 August 2024")
    assert warned.keys() == {
        "registers",
        "illness_evidence_after_days",
        "stated/registers_close/AM",
        "stated/retention_years",
        "stated/classes/authorised-absence",
        "stated/classes/unauthorised-absence",
        "stated/part_time_absence",
        "stated/in_force_from",
    }


@pytest.mark.parametrize(
    ("member", "value", "at"),
    [
        ("report_by", "9am", "report_by"),
        ("register_grace_minutes", -1, "register_grace_minutes"),
        ("illness_evidence_after_days", "5", "illness_evidence_after_days"),
        ("reporting_cycle", "daily", "reporting_cycle"),
        ("monitoring_cycles", ["termly", 1], "monitoring_cycles/1"),
        ("staged_approach", {"steps": [{"step": "fine"}]}, "staged_approach/steps/0/step"),
        ("stated", {"penalty_notice": {"first": "£160"}}, "stated/penalty_notice/first"),
        ("n_limit", {"days": 10}, "n_limit"),
        ("penalty_notice", {"first": 120}, "penalty_notice"),
        ("sickness_return_days", 20, "sickness_return_days"),
    ],
)
async def test_what_cannot_be_set_is_refused_where_it_stands(
    admin: httpx.AsyncClient, member: str, value: object, at: str
) -> None:
    """What is national is no setting: as one it is refused, and stated of the paper it decides nothing."""
    answer = await admin.put("/v1/schools/900517", json={**SCHOOL, "policy": {**POLICY, member: value}})
    refusal(answer, "invalid-policy", at=f"#/policy/{at}")


async def of_year(office: Office, id_: str, year_group: str) -> str:
    born = {"R": "2022-02-11", "4": "2018-02-11"}[year_group]
    await put(office.http, office.path(f"/pupils/{id_}"), pupil(year_group=year_group, date_of_birth=born))
    return id_


async def told_late(office: Office, id_: str, code: str, session: str, arrived_at: str) -> None:
    outcome = await office.mark(id_, code, session=session, arrived_at=arrived_at)
    assert outcome["outcome"] == "entered", outcome


async def refused(office: Office, id_: str, code: str, slug: str, **item: Any) -> None:
    outcome = await office.mark(id_, code, **item)
    assert outcome["outcome"] == "refused", outcome
    told(outcome["problem"], slug)


async def test_s003_the_younger_are_late_by_a_register_of_1_00_to_1_30_the_older_by_one_of_1_15_to_1_45(
    admin: httpx.AsyncClient, register: Register
) -> None:
    office = await open_office(admin, register.database, "900518", 1, policy=five_policies.S003)
    younger, older = await of_year(office, "younger", "R"), await of_year(office, "older", "4")
    register.clock.set("2026-09-07T13:10:00+01:00")
    await refused(office, older, "\\", "session-not-begun", session="PM")
    register.clock.set("2026-09-07T13:40:00+01:00")
    await refused(office, younger, "L", "arrival-outside-register", session="PM", arrived_at="13:35")
    await told_late(office, younger, "U", "PM", "13:35")
    await told_late(office, older, "L", "PM", "13:35")


async def test_s004_reception_begins_five_minutes_after_the_others_and_closes_with_them_at_9_15(
    admin: httpx.AsyncClient, register: Register
) -> None:
    office = await open_office(admin, register.database, "900519", 1, policy=five_policies.S004)
    younger, older = await of_year(office, "younger", "R"), await of_year(office, "older", "4")
    register.clock.set("2026-09-07T08:47:00+01:00")
    await refused(office, younger, "/", "session-not-begun")
    register.clock.set("2026-09-07T09:30:00+01:00")
    await refused(office, older, "U", "arrival-outside-register", arrived_at="09:10")
    await told_late(office, older, "L", "AM", "09:10")
    await told_late(office, younger, "U", "AM", "09:15")
