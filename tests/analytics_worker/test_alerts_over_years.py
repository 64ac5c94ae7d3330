"""How alerts live as a whole: raised anew they are the same, an import is history, and each day keeps its date."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from codes.alerts import Alert
from kit import database
from tests.analytics_worker.conftest import Calling
from tests.analytics_worker.following import DAYS, MONDAY, Follow, follow, weeks
from tests.analytics_worker.writing import Desk
from tests.support.school import CALENDAR

EVERY = [str(kind) for kind in Alert]
YEAR_BEFORE = [day for day in DAYS if day < date(2026, 8, 1)]
AUTUMN = [day for day in DAYS if MONDAY <= day < date(2026, 12, 31)]
TOLD = ("id", "kind", "pupil", "period", "status", "opened_on", "closed_on", "held", "evidence")


async def listed(here: Follow) -> list[dict[str, Any]]:
    """Read every alert of three pupils, in one order."""
    found = [alert for no in (1, 2, 3) for alert in await here.alerts(EVERY, no, limit=500)]
    kept = [{name: alert[name] for name in TOLD} for alert in found]
    return sorted(kept, key=lambda alert: (alert["pupil"], alert["kind"], alert["period"]))


async def raise_anew(here: Follow) -> None:
    """Forget every alert of a school, as a rebuild does, and let the worker look."""
    async with database.writing(here.desk.analytics, here.school.school_id) as connection:
        for table in ("alert", "awaited"):
            await connection.execute(f"DELETE FROM analysis.{table} WHERE school_id = $1", here.school.school_id)
        await connection.execute(
            "UPDATE analysis.checkpoint SET alerts_seq = 0, alerts_on = NULL WHERE school_id = $1",
            here.school.school_id,
        )


async def live_a_term(here: Follow, *, daily: bool) -> None:
    """Let three pupils live through half a term of every sort of absence, looked at each day or at none."""
    ends = ("2026-10-02", "PM")
    here.clock("2026-09-03")
    facts = {"social_worker": True, "ehcp": True}
    await here.school.pupil(3, facts=facts, body={"enrolments": [{"starting_day": "2026-09-03", "leaving": None}]})
    await here.school.plan(2, "t-1", "part-time-timetable", "C2", ("2026-09-14", "AM"), ends, review_on=["2026-09-23"])
    first = "N N O L/ / U/ O O O O O O O O O O O C1 C1 N I I I"
    second = "C C O O O O O O O O O O O O O / R R S E E E E"
    third = "/ / N N N I I I I I I I I I I I I I I I / G G"
    for day, codes in zip(AUTUMN, zip(first.split(), second.split(), third.split(), strict=True), strict=False):
        await here.mark(day, *((no, code.replace("/", " /").strip()) for no, code in enumerate(codes, start=1)))
        if day == date(2026, 9, 15):
            await here.amend(day, (1, str(MONDAY), "AM", "O"), (1, str(MONDAY), "PM", "I"))
        if daily:
            await here.look()
    here.clock("2026-11-20")


async def test_a_worker_that_was_away_for_a_term_dates_each_alert_by_its_day_and_makes_no_storm(
    desk: Desk, calling: Calling
) -> None:
    watched, away = await follow(desk, calling, "930401"), await follow(desk, calling, "930402")
    await live_a_term(watched, daily=True)
    by_day = await listed(watched)
    await live_a_term(away, daily=False)
    late = await listed(away)
    assert [_without_id(alert) for alert in late] == [_without_id(alert) for alert in by_day]
    assert len({alert["kind"] for alert in late}) >= 15
    [(changes,)] = await away.school.rows("SELECT last_change FROM analysis.checkpoint WHERE school_id = $1")
    [(alerts,)] = await away.school.rows("SELECT count(*) FROM analysis.alert WHERE school_id = $1")
    assert alerts <= changes < 1.5 * alerts  # no storm: ten days that were recorded tell of each alert once at most


def _without_id(alert: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in alert.items() if name != "id"}


async def test_alerts_that_are_raised_anew_have_the_same_ids_dates_and_evidence_and_keep_what_was_done(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "930403")
    await live_a_term(here, daily=True)
    await here.look()
    for kind, action in (("unauthorised-10-days", "return-made"), ("social-worker-notify", "worker-told")):
        [alert] = await here.alerts(kind, 1 if kind == "unauthorised-10-days" else 3, limit=1)
        await here.act(alert, action, "2026-11-20")
    before = await listed(here)
    await raise_anew(here)
    assert await listed(here) == before
    assert len(before) == len({alert["id"] for alert in before}) >= 15
    async with calling() as http:
        [made] = [each for each in before if each["kind"] == "unauthorised-10-days" and each["closed_on"]]
        answer = await http.get(f"/v1/schools/{here.school.urn}/alerts/{made['id']}")
    assert [step["action"] for step in answer.json()["steps"]] == ["return-made"]


async def test_an_import_of_last_years_marks_arrives_closed_and_this_years_arrives_open(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "930404", "2026-11-10")
    await here.school.enter_days(1, YEAR_BEFORE[:20], "O", source="history")
    await here.school.enter_days(2, AUTUMN[:20], "O", source="history")
    found = {alert["kind"]: alert for alert in await here.alerts(EVERY, limit=500)}
    assert {"severe-absence", "penalty-threshold", "unauthorised-10-days"} <= found.keys()
    assert {alert["closed_on"] for alert in found.values()} == {"2026-11-10"}
    threshold = YEAR_BEFORE[4]
    assert found["penalty-threshold"]["opened_on"] == found["penalty-threshold"]["evidence"]["met_on"] == str(threshold)
    assert found["severe-absence"]["opened_on"] == str(YEAR_BEFORE[19])
    this_year = {alert["kind"]: alert["status"] for alert in await here.alerts(EVERY, 2, limit=500)}
    assert this_year.items() >= {"severe-absence": "open", "penalty-threshold": "open"}.items()
    # Somebody amends what was imported: that is no history any more.
    await here.amend("2026-11-12", (1, str(YEAR_BEFORE[0]), "AM", "/"))
    await here.amend("2026-11-13", (1, str(YEAR_BEFORE[0]), "AM", "O"))
    threshold_again = await here.opened("severe-absence", YEAR_BEFORE[19])
    assert threshold_again["held"][-1] == {"from": "2026-11-12", "until": None}


async def test_an_amendment_years_back_opens_and_closes_to_the_day(desk: Desk, calling: Calling) -> None:
    here = await follow(desk, calling, "930405", "2026-05-01")
    await here.school.calendar("2026-27", {**CALENDAR, "terms": CALENDAR["terms"][:1]})  # fewer weeks to look at
    days = YEAR_BEFORE[-40:]
    here.clock(days[-1])
    await here.school.enter_days(1, days[:4], "O")
    await here.school.enter_days(1, days[4:])
    here.clock("2026-09-04")
    await here.never("penalty-threshold")
    await here.opened("persistent-absence", days[-1])  # 8 of 80
    await here.amend("2028-02-01", (1, str(days[4]), "AM", "O"), (1, str(days[4]), "PM", "O"))
    here.clock("2028-02-09")  # nobody looked for a week
    met = await here.opened("penalty-threshold", "2028-02-01", met_on=str(days[4]))
    await here.amend("2028-03-01", *((1, str(day), "AM", "/") for day in days[:4]))
    here.clock("2028-03-20")
    assert (await here.closed("penalty-threshold", "2028-03-01"))["id"] == met["id"]
    await here.closed("persistent-absence", "2028-03-01")  # 6 of 80
    before = await listed(here)
    await raise_anew(here)
    assert await listed(here) == before


async def test_there_is_never_a_second_alert_for_the_same_thing(desk: Desk, calling: Calling) -> None:
    here = await follow(desk, calling, "930406")
    await here.course(weeks("N", "N"))
    first = await here.opened("first-day-unexplained", MONDAY)
    for n, (code, status) in enumerate((("I", "closed"), ("N", "open"), ("I", "closed"), ("N", "open"))):
        day = date(2026, 9, 9) + timedelta(days=n)
        await here.amend(day, *((1, str(on), session, code) for on, _ in weeks("", "") for session in ("AM", "PM")))
        [now] = await here.alerts("first-day-unexplained")
        assert (now["id"], now["status"], now["opened_on"]) == (first["id"], status, str(MONDAY))
    [alert] = await here.alerts("first-day-unexplained")
    assert [(each["from"], each["until"]) for each in alert["held"]] == [
        ("2026-09-07", "2026-09-09"),
        ("2026-09-10", "2026-09-11"),
        ("2026-09-12", None),
    ]


async def test_what_was_opened_and_closed_within_one_day_is_shown_that_day_and_never_was(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "930407")
    await here.mark(MONDAY, (1, "N"))
    await here.opened("first-day-unexplained", MONDAY)
    await here.amend(MONDAY, *((1, str(MONDAY), session, "I") for session in ("AM", "PM")), at="15:45")
    await here.closed("first-day-unexplained", MONDAY)
    before: Sequence[dict[str, Any]] = await listed(here)
    here.clock("2026-09-08", "10:00")
    await raise_anew(here)
    assert [alert for alert in await listed(here) if alert["kind"] == "first-day-unexplained"] == []
    assert [alert["kind"] for alert in before] == ["first-day-unexplained"]


async def test_a_threshold_of_last_year_is_open_again_when_its_notice_is_withdrawn_after_the_summer(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "930408", "2026-06-01")
    june = [(day, "O") for day in YEAR_BEFORE if day >= date(2026, 6, 8)][:5]
    await here.course(june)
    met = await here.opened("penalty-threshold", june[-1][0])
    relied = met["evidence"]["sessions"]
    here.clock("2026-07-01")
    await here.notice("n-1", relied, "2026-07-01")
    await here.closed("penalty-threshold", "2026-07-01")
    here.clock("2026-09-15")
    withdrawn = {"withdrawn_on": "2026-09-15", "withdrawn_why": "Not paid, and not to be prosecuted"}
    await here.notice("n-1", relied, "2026-07-01", **withdrawn)
    again = await here.opened("penalty-threshold", june[-1][0])
    assert (again["id"], again["held"][-1]) == (met["id"], {"from": "2026-09-15", "until": None})


async def test_a_new_pupil_return_is_open_though_the_register_was_told_of_the_name_after_the_summer(
    desk: Desk, calling: Calling
) -> None:
    here = await follow(desk, calling, "930409", "2026-06-01", pupils=1)
    here.clock("2026-09-10")
    body = {"name_entered_on": "2026-07-10", "enrolments": [{"starting_day": "2026-09-07", "leaving": None}]}
    await here.school.pupil(2, body=body, on_roll="{[2026-09-07,)}", effective_from="2026-09-07", year_group="3")
    await here.opened("new-pupil-return", "2026-09-10", 2, due="2026-07-15", overdue_since="2026-07-16")
