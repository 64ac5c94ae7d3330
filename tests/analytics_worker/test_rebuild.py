"""`rollbook rebuild`: what stands is made anew beside the live models, compared with them, and put in their place."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest

from analytics_worker import projector
from analytics_worker.projector import Waiting
from kit.database import Connection
from onebox.cli import main
from tests.analytics_worker.writing import Desk, School
from tests.support.folded import models, weeks
from tests.support.postgres import Database

Rebuild = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(database.owner_url)
    yield connection
    await connection.close()


@pytest.fixture
def rebuild(database: Database, capsys: pytest.CaptureFixture[str]) -> Rebuild:
    """Give what runs the command; it answers with its exit code, what it printed and what it complained of."""

    async def run(*arguments: str) -> tuple[int, str, str]:
        code = await asyncio.to_thread(main, ("rebuild", "--database-url", database.owner_url, *arguments))
        return (code, *capsys.readouterr())

    return run


async def written(desk: Desk, urn: str) -> School:
    """Give a school with marks, an amendment, and a pupil who moved within the year."""
    school = await desk.open(urn)
    await school.enter(*[(no, "2026-09-07", session, "/") for no in (1, 2, 3) for session in ("AM", "PM")])
    await school.enter((1, "2026-11-19", "AM", "N"), (1, "2026-11-19", "AM", "I"))
    await school.pupil(2, year_group="5", effective_from="2026-09-07")
    return school


async def test_what_is_right_is_the_same_and_no_row_of_it_is_written(
    desk: Desk, owner: Connection, rebuild: Rebuild
) -> None:
    schools = [await written(desk, f"91130{n}") for n in range(3)]
    await desk.sweep()
    of_rows = "SELECT CAST(xmin AS text), CAST(t AS text) FROM analysis.{} t ORDER BY 2"
    tables = ("entry", "spell", "pupil_week", "day_total")
    before = [await owner.fetch(of_rows.format(table)) for table in tables]
    code, out, err = await rebuild()
    assert (code, err) == (0, "")
    for school in schools:
        seq = await owner.fetchval("SELECT seq FROM ledger.head WHERE school_id = $1", school.school_id)
        assert f"{school.urn}  at {seq}: the same\n" in out
    assert [await owner.fetch(of_rows.format(table)) for table in tables] == before
    assert all(before)


async def test_what_is_wrong_is_named_and_put_right_and_the_exit_code_says_so(
    desk: Desk, owner: Connection, rebuild: Rebuild
) -> None:
    school, other = await written(desk, "911310"), await written(desk, "911311")
    await desk.sweep()
    right, laid = await models(owner, school.school_id), await weeks(owner, school.school_id)
    for statement in (
        "UPDATE analysis.entry SET code = 'O' WHERE school_id = $1 AND pupil_no = 3 AND session = 'AM'",
        "DELETE FROM analysis.entry WHERE school_id = $1 AND pupil_no = 2 AND session = 'PM'",
        "UPDATE analysis.day_total SET entries = entries + 1 WHERE school_id = $1 AND session = 'PM' AND code = '/'",
        "DELETE FROM analysis.spell WHERE school_id = $1 AND pupil_no = 3",
        "UPDATE analysis.pupil_week SET codes = repeat('O ', 14) WHERE school_id = $1 AND pupil_no = 3",
        "DELETE FROM analysis.pupil_week WHERE school_id = $1 AND pupil_no = 2",
    ):
        assert not (await owner.execute(statement, school.school_id)).endswith(" 0"), statement
    code, out, err = await rebuild()
    assert code == 1
    assert "rollbook: The read models of 1 school(s) were not what their events come to, and are now." in err
    wrong = next(line for line in out.splitlines() if line.startswith(school.urn))
    assert "spell differed by 0 rows too many and 2 too few" in wrong
    assert "entry differed by 1 rows too many and 2 too few" in wrong
    assert "pupil_week differed by 1 rows too many and 2 too few" in wrong
    assert "day_total differed by 2 rows too many and 2 too few" in wrong
    assert next(line for line in out.splitlines() if line.startswith(other.urn)).endswith(": the same")
    assert await models(owner, school.school_id) == right
    assert await weeks(owner, school.school_id) == laid
    assert (await rebuild("--school", school.urn))[0] == 0


async def test_one_school_is_rebuilt_alone_and_an_unknown_one_not_at_all(desk: Desk, rebuild: Rebuild) -> None:
    one, other = await written(desk, "911320"), await written(desk, "911321")
    await desk.sweep()
    code, out, _ = await rebuild("--school", one.urn)
    assert (code, out.count("\n")) == (0, 2)  # its models, and its alerts
    assert out.startswith(one.urn)
    assert other.urn not in out
    code, out, err = await rebuild("--school", "999999")
    assert (code, out, err) == (1, "", "rollbook: There is no school with the URN 999999 here.\n")


async def test_what_was_never_folded_is_built_to_the_head_and_what_lags_is_brought_there(
    desk: Desk, owner: Connection, rebuild: Rebuild
) -> None:
    new, lagging = await written(desk, "911330"), await written(desk, "911331")
    await projector.bring_forward(desk.analytics, Waiting(lagging.school_id, True, True, False))
    await lagging.enter((3, "2026-11-19", "PM", "U"))
    code, out, _ = await rebuild()
    assert code == 0
    assert f"{new.urn}  at {await head(owner, new)}: built, for nothing stood\n" in out
    assert f"{lagging.urn}  at {await head(owner, lagging)}: the same\n" in out
    for school in (new, lagging):
        seq = await owner.fetchval("SELECT seq FROM analysis.checkpoint WHERE school_id = $1", school.school_id)
        assert seq == await head(owner, school)
        assert (await models(owner, school.school_id))["day_total"]


async def head(owner: Connection, school: School) -> int:
    return int(await owner.fetchval("SELECT seq FROM ledger.head WHERE school_id = $1", school.school_id))


async def test_a_school_that_cannot_be_folded_on_is_rebuilt_all_the_same_and_goes_on(
    desk: Desk, owner: Connection, rebuild: Rebuild
) -> None:
    school = await written(desk, "911340")
    await desk.sweep()
    # A sum that no further mark can be added to.
    await owner.execute(
        "UPDATE analysis.day_total SET entries = 2147483647 WHERE school_id = $1 AND session = 'PM' AND code = '/'",
        school.school_id,
    )
    await school.pupil(4)
    await school.enter((4, "2026-09-07", "PM", "/"))
    await desk.sweep()
    assert (await projector.faring(desk.analytics, desk.clock())).stalled == 1
    code, out, _ = await rebuild("--school", school.urn)
    assert code == 1
    assert "could not be folded on (NumericValueOutOfRangeError)" in out
    await desk.sweep()
    assert (await projector.faring(desk.analytics, desk.clock())).stalled == 0
    assert (await rebuild("--school", school.urn))[0] == 0


async def test_alerts_raised_anew_are_the_same_and_one_that_never_held_goes(
    desk: Desk, owner: Connection, rebuild: Rebuild
) -> None:
    school = await written(desk, "911350")
    await school.enter((1, "2026-09-08", "AM", "N"))
    await desk.sweep()
    sql = (
        "SELECT id, kind, opened_on, evidence FROM analysis.alert WHERE school_id = $1 "
        "AND opened_on IS DISTINCT FROM closed_on AND kind <> 'register-not-taken' ORDER BY id"
    )
    alerts = await school.rows(sql)
    assert "n-overdue" in [kind for _, kind, _, _ in alerts]
    code, out, _ = await rebuild("--school", school.urn)
    assert code == 0 and out.endswith("  alerts: the same\n")
    assert await school.rows(sql) == alerts
    await owner.execute("UPDATE analysis.alert SET opened_on = '2026-09-09', kind = 'pattern' WHERE kind = 'n-overdue'")
    code, out, _ = await rebuild("--school", school.urn)
    assert (code, "alert differed by 1 rows too many and 1 too few" in out) == (1, True)
    assert await school.rows(sql) == alerts
