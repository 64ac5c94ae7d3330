import asyncpg
import pytest

from onebox.database import DatabaseFailed, address, is_new, require_version
from tests.support.postgres import Database


async def test_a_service_logs_in_under_its_own_role_and_owns_nothing(database: Database) -> None:
    for url, role in (
        (database.register_url, "rollbook_register"),
        (database.analytics_url, "rollbook_analytics"),
    ):
        connection = await asyncpg.connect(url)
        try:
            assert await connection.fetchval("SELECT current_user") == role
            assert not await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
            assert await connection.fetchval("SELECT count(*) FROM pg_class WHERE relowner = $1::regrole", role) == 0
        finally:
            await connection.close()


async def test_a_register_without_a_school_is_new(database: Database) -> None:
    assert await is_new(database.owner_url)
    connection = await asyncpg.connect(database.owner_url)
    await connection.execute(
        "INSERT INTO ledger.head (seq, root, frontier, recorded_at) VALUES (0, sha256(''), '', now())"
    )
    await connection.close()
    assert not await is_new(database.owner_url)


async def test_a_database_that_is_away_is_said_to_be_away() -> None:
    with pytest.raises(DatabaseFailed, match="does not let us in"):
        await require_version("postgresql://nobody:x@127.0.0.1:1/none")


def test_the_address_for_another_role_keeps_host_name_and_options() -> None:
    url = address("postgresql://owner:old@db.example:5433/book?sslmode=require", "reader", "p/w")
    assert url == "postgresql://reader:p%2Fw@db.example:5433/book?sslmode=require"
