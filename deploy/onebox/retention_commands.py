"""`rollbook retention` and `rollbook holds`: their command lines, and what they print."""

import argparse
import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, TypeVar

import asyncpg

from codes import retention as law
from onebox import database, place

if TYPE_CHECKING:
    from kit.database import Connection
    from onebox.retention import SchoolYear, Staying

Answer = TypeVar("Answer")

MOST_SHOWN = 20
"""Entries that stay, shown one by one for a school and year; of more, how many there are."""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", where: argparse.ArgumentParser) -> None:
    """Add both commands to the parser; `where` says which register."""
    command = commands.add_parser(
        "retention",
        parents=[where],
        help="what is past six years, and its removal",
        description="Show what of each school's past years is past keeping and what stays and why, and let it go. "
        f"Nothing goes that the law wants kept: {law.YEARS} years from the day of each entry ({law.REGULATION}).",
    )
    command.add_argument("--dry-run", action="store_true", help="show it, and let nothing go")
    command.add_argument(
        "--years", type=_years, default=law.YEARS, metavar="N", help=f"keep for longer than {law.YEARS} years"
    )
    command.set_defaults(run=_retention)
    group = commands.add_parser("holds", help="what must stay whatever its age").add_subparsers(
        required=True, metavar="COMMAND"
    )
    _add_holds(group, where)


def _add_holds(group: "argparse._SubParsersAction[argparse.ArgumentParser]", where: argparse.ArgumentParser) -> None:
    stated = argparse.ArgumentParser(add_help=False)
    stated.add_argument("--reason", type=_words, required=True, metavar="TEXT", help="why")
    stated.add_argument("--by", type=_words, required=True, metavar="NAME", help="who says so")
    stated.add_argument("--position", type=_words, required=True, metavar="POSITION", help="as what")
    command = group.add_parser("add", parents=[where, stated], help="hold a school's entries or one pupil's")
    command.add_argument("--school", type=_urn, required=True, metavar="URN", help="of this school")
    command.add_argument("--pupil", metavar="ID", help="of this pupil alone")
    command.add_argument("--from", dest="first", type=_day, metavar="DATE", help="of sessions from this date on")
    command.add_argument("--to", dest="last", type=_day, metavar="DATE", help="of sessions up to this date")
    command.set_defaults(run=_holds_add, usage_error=command.error)
    command = group.add_parser("list", parents=[where], help="list all holds as JSON, a line each")
    command.set_defaults(run=_holds_list)
    command = group.add_parser("lift", parents=[where, stated], help="lift a hold")
    command.add_argument("hold", metavar="ID", help="as `holds list` gives it")
    command.set_defaults(run=_holds_lift)


def _as_owner(options: argparse.Namespace, work: "Callable[[Connection], Awaitable[Answer]]") -> Answer:
    """Do something on a connection of the database's owner."""

    async def done(url: str) -> Answer:
        connection = await database.connect(url)
        try:
            return await work(connection)
        except asyncpg.LockNotAvailableError as caught:
            raise database.DatabaseFailed(
                "The registers are in use: nothing was done. Try it at a quieter hour."
            ) from caught
        except (asyncpg.UndefinedTableError, asyncpg.UndefinedFunctionError, asyncpg.InvalidSchemaNameError) as caught:
            raise database.DatabaseFailed("The database was never migrated. `rollbook up` does it.") from caught
        finally:
            await connection.close()

    with place.owner_url(place.chosen(options.data, options.database_url)) as url:
        return asyncio.run(done(url))


def _retention(options: argparse.Namespace) -> None:
    from kit.schools import LONDON  # here, because it takes the services' libraries with it, and `up` starts without
    from onebox import retention, retention_act

    today = datetime.now(LONDON).date()

    async def work(connection: "Connection") -> None:
        planned = await retention.plan(connection, today, options.years)
        for each in planned:
            print("\n".join(_told(each)))
        if not any(each.is_let_go for each in planned):
            print("Nothing is past keeping.")
        elif options.dry_run:
            print("Nothing was let go: this was a dry run.")
        else:
            for year in retention.years_past(today, options.years):
                if gone := await retention_act.let_go(connection, year, lambda: datetime.now(UTC), options.years):
                    print(f"{year} has been let go at {len(gone)} school(s).")

    _as_owner(options, work)


def _told(each: "SchoolYear") -> Iterator[str]:
    """Say of a school's year what goes, what stays and why."""
    stays = len(each.staying) + each.by_policy + each.unsealed
    yield (
        f"{each.academic_year}  school {each.school.urn}: {len(each.going)} entries, {each.texts} texts and "
        f"{len(each.pupils)} pupils go; {stays} entries stay"
    )
    if each.by_policy:
        yield f"    the school's own policy keeps them for {each.school.years} years"
    if each.unsealed:
        yield f"    {each.unsealed} stay until a checkpoint covers them"
    for staying in each.staying[:MOST_SHOWN]:
        yield f"    {staying.pupil} {staying.on} {staying.session}: {_why(each.school.urn, staying)}"
    if len(each.staying) > MOST_SHOWN:
        yield f"    and {len(each.staying) - MOST_SHOWN} more"


def _why(urn: str, staying: "Staying") -> str:
    if staying.hold is not None:
        return f"held by {urn}-{staying.hold}"
    made = "entered" if staying.version == 1 else "amended"
    return f"{made} on {staying.counts_from:%Y-%m-%d} (seq {staying.seq}), kept until {staying.until}"


def _holds_add(options: argparse.Namespace) -> None:
    from onebox import retention_holds as holds

    if options.first and options.last and options.last < options.first:
        options.usage_error("--to lies before --from")
    stated = holds.Stated(options.reason, options.by, options.position)
    dates = (options.first, options.last)
    now = datetime.now(UTC)
    print(_as_owner(options, lambda owner: holds.add(owner, options.school, options.pupil, dates, stated, now)))


def _holds_lift(options: argparse.Namespace) -> None:
    from onebox import retention_holds as holds

    stated = holds.Stated(options.reason, options.by, options.position)
    now = datetime.now(UTC)
    print(_as_owner(options, lambda owner: holds.lift(owner, options.hold, stated, now)))


def _holds_list(options: argparse.Namespace) -> None:
    from onebox import retention_holds as holds

    for hold in _as_owner(options, holds.listed):
        print(json.dumps(hold, default=lambda when: when.isoformat()))


def _years(text: str) -> int:
    if not re.fullmatch("[0-9]{1,2}", text):
        raise argparse.ArgumentTypeError(f"{text} is not a number of years")
    try:
        return law.years_kept(int(text))
    except law.TooShort as caught:
        raise argparse.ArgumentTypeError(str(caught)) from caught


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as caught:
        raise argparse.ArgumentTypeError(f"{text} is not a date such as 2019-03-04") from caught


def _words(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("says nothing")
    return text.strip()


def _urn(text: str) -> str:
    if not re.fullmatch(r"[0-9]{6}", text):
        raise argparse.ArgumentTypeError(f"{text} is not a URN, which has six digits")
    return text
