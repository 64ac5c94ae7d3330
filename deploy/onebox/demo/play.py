"""Play the demonstration: set up the invented schools, let their MIS send what happened, and show the outcome."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import httpx
import uvloop
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text

from onebox.demo import compare
from onebox.demo.mis import Mis, Sent, keep_school
from onebox.demo.world import SchoolWorld, last_amendment, try_mark, world

LONDON = ZoneInfo("Europe/London")
SCHOOLS_AT_ONCE = 4
MIS_SCOPES = ("roll:write", "marks:write", "amendments:write", "register:read", "audit:read")
_REFRESHES = 4  # a second, of the bars: drawing them takes time from the services
_TIMEOUT = httpx.Timeout(60.0, connect=5.0)


class AddClient(Protocol):
    """Adds a client with these scopes and this reach ("schools", "trust", "authority"), and gives its credentials."""

    def __call__(self, name: str, scopes: Sequence[str], kind: str, reach: Sequence[str]) -> Mapping[str, str]:
        """Give `client_id` and `client_secret`."""


def run(
    register_url: str,
    analytics_url: str,
    administrator: Mapping[str, str],
    console: Console,
    *,
    add_client: AddClient | None = None,
    today: datetime | None = None,
) -> dict[str, Any]:
    """Play it into an empty or an interrupted register, and return what is worth showing.

    `administrator` has national reach and the scopes `admin`, `roll:write` and `attendance:read`. With `add_client` the
    schools' MIS gets a client of its own; without, the administrator's is used, and must have the MIS's scopes too.
    Returns `counts`, `compared` (the table beside the DfE's), `amendment` (one to look at), `mark` (a register that
    nobody has taken: `urn`, `date`, `session`, `class`, `body`), and `clients` (empty without `add_client`).

    Raises Refused where the register takes a whole request amiss.
    """
    now = (today or datetime.now(LONDON)).astimezone(LONDON)
    shown = world(now)
    clients = _clients(add_client, shown) if add_client else {}
    mis = clients.get("mis", administrator)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sent, lines = runner.run(_play(register_url, analytics_url, administrator, mis, shown, console))
    _say(console, sent, lines)
    return {
        "counts": {
            "entered": sent.entered,
            "amended": sent.amended,
            "unchanged": sent.unchanged,
            "refused": dict(sent.refused),
        },
        "compared": compare.markdown(lines),
        "amendment": last_amendment(shown[0]),
        "mark": try_mark(shown[0]),
        "clients": clients,
    }


async def _play(
    register_url: str,
    analytics_url: str,
    administrator: Mapping[str, str],
    mis_client: Mapping[str, str],
    shown: list[SchoolWorld],
    console: Console,
) -> tuple[Sent, list[compare.Compared]]:
    async with httpx.AsyncClient(base_url=register_url, timeout=_TIMEOUT) as http:
        owner = Mis(http, administrator)
        for one in shown:
            await owner.send("PUT", f"/v1/schools/{one.school.urn}", one.school.body())
        sent = await _keep_all(Mis(http, mis_client), shown, console)
        async with httpx.AsyncClient(base_url=analytics_url, timeout=_TIMEOUT) as analytics:
            reader = Mis(analytics, administrator, tokens=http)
            first = min(one.starts for one in shown)
            last = shown[0].now.date()
            sums = await compare.figures(reader, [one.school for one in shown], first, last)
    return sent, compare.compared(sums)


async def _keep_all(mis: Mis, shown: list[SchoolWorld], console: Console) -> Sent:
    """Keep every school's register, a few schools at once, the largest first."""
    expected = {one.school.urn: one.expected for one in shown}
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:>7,.0f} / {task.total:,.0f}"),
        _Rate(),
        TimeElapsedColumn(),
        console=console,
        refresh_per_second=_REFRESHES,
    ) as progress:
        bars = {one.school.urn: progress.add_task(one.school.name, total=expected[one.school.urn]) for one in shown}
        total = progress.add_task("[bold]all schools", total=sum(expected.values()))
        gate = asyncio.Semaphore(SCHOOLS_AT_ONCE)

        def advance(urn: str, marks: int) -> None:
            progress.advance(bars[urn], marks)
            progress.advance(total, marks)

        async def keep(one: SchoolWorld) -> None:
            async with gate:
                await keep_school(mis, one, advance)
                progress.update(bars[one.school.urn], total=progress.tasks[bars[one.school.urn]].completed)

        try:
            async with asyncio.TaskGroup() as group:
                for one in sorted(shown, key=lambda one: -expected[one.school.urn]):
                    group.create_task(keep(one))
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from failed
        progress.update(total, total=progress.tasks[total].completed)
    return mis.sent


class _Rate(ProgressColumn):
    """Marks a second."""

    def render(self, task: Task) -> Text:
        """Show the rate since the task began to move."""
        speed = task.finished_speed or task.speed
        return Text(f"{speed:>7,.0f}/s" if speed else "")


def _clients(add_client: AddClient, shown: list[SchoolWorld]) -> dict[str, Mapping[str, str]]:
    """The clients of a demonstration: a MIS, an authority, a trust and an auditor."""
    first = shown[0].school
    trust = next(one.school.trust for one in reversed(shown) if one.school.trust)
    every = [one.school.urn for one in shown]
    readers = ("attendance:read", "alerts:read")
    return {
        "mis": add_client("Demonstration MIS", MIS_SCOPES, "schools", every),
        "authority": add_client(
            "Demonstration authority", (*readers, "returns:read", "feeds:read"), "authority", [first.la_code]
        ),
        "trust": add_client("Demonstration trust", readers, "trust", [trust.uid]),
        "auditor": add_client(
            "Demonstration auditor", ("register:read", "audit:read", "evidence:read"), "schools", [first.urn]
        ),
    }


def _say(console: Console, sent: Sent, lines: list[compare.Compared]) -> None:
    text = f"{sent.entered:,} marks entered, {sent.amended:,} amended, {sent.requests:,} requests"
    if sent.unchanged or sent.refused:
        refused = ", ".join(f"{count} {why}" for why, count in sorted(sent.refused.items()))
        text += f"; {sent.unchanged:,} there already" + (f"; refused: {refused}" if refused else "")
    console.print(text + ".", markup=False, highlight=False, soft_wrap=True)
    console.print(compare.table(lines))
