"""Leaving and arriving: a whole register written to a file, and taken in from one."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

import aiosql
import asyncpg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from kit.database import enter
from ledger import exporting, importing
from ledger.archive import ExchangeFailed, Form, Reading
from ledger.exporting import Told, Wanted
from onebox import casework, database
from register_api.derived import Derived

_sql = aiosql.from_path(Path(__file__).with_suffix(".sql"), "asyncpg")


async def leave(url: str, urn: str, to: Path, form: Form, sizes: Sequence[int], console: Console) -> dict[str, Any]:
    """Write the register of the school with this URN to a file that only its owner may read, and give its manifest.

    The file is there whole or not at all; one that is there already is refused.
    Raises ExchangeFailed and DatabaseFailed.
    """
    connection = await database.connect(url)
    try:
        with _whole_or_not_at_all(to) as file, _bar(console, "Events written") as told:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                school_id = await _sql.school_id(connection, urn=urn)
                if school_id is None:
                    raise ExchangeFailed(f"There is no school with the URN {urn} here.")
                await enter(connection, school_id)
                return await exporting.export(connection, school_id, file, datetime.now(UTC), Wanted(form, sizes), told)
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError) as error:
        raise database.DatabaseFailed("The database was never migrated. `rollbook up` does it.") from error
    except OSError as error:
        raise ExchangeFailed(f"The export broke off: {error.strerror or type(error).__name__}.") from error
    finally:
        await connection.close()


async def arrive(url: str, path: Path, console: Console) -> Reading:
    """Take the register in `path` into the database, whole or not at all. Raises ExchangeFailed and DatabaseFailed."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise ExchangeFailed(f"{path} cannot be read: {error.strerror}.") from error
    with file, Reading(file) as reading:
        connection = await database.connect(url)
        try:
            with _bar(console, "Events taken in and read back") as told:
                async with connection.transaction():
                    school_id = await importing.take_in(connection, reading, Derived().keep, told)
                    await casework.take_in(connection, reading, school_id)
        except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError) as error:
            raise database.DatabaseFailed("The database was never migrated. `rollbook up` does it.") from error
        finally:
            await connection.close()
        return reading


@contextmanager
def _whole_or_not_at_all(to: Path) -> Iterator[BinaryIO]:
    """Give a file that bears its name once the block has ended well; nobody else may read it before or after."""
    if to.exists():
        raise ExchangeFailed(f"{to} is there already.")
    try:
        file = tempfile.NamedTemporaryFile(dir=to.parent, prefix=f".{to.name}.", delete=False)  # noqa: SIM115
    except OSError as error:
        raise ExchangeFailed(f"{to} cannot be written: {error.strerror}.") from error
    written = Path(file.name)
    try:
        with file:
            yield cast(BinaryIO, file.file)
            file.flush()
            os.fsync(file.fileno())
        written.rename(to)
    except BaseException:
        written.unlink(missing_ok=True)
        raise


@contextmanager
def _bar(console: Console, what: str) -> Iterator[Told]:
    shown = Progress(
        *(TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()),
        console=console,
        disable=not console.is_terminal,
    )
    with shown:
        task = shown.add_task(what, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)
