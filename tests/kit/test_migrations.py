"""Migrations: forward only, and each stands or falls whole."""

import asyncpg
import pytest

from onebox import database as onebox_database
from onebox.postgres import Server
from tests.support.postgres import execute, named


async def test_a_migration_that_is_cut_short_leaves_nothing_of_itself(
    postgres_server: Server,
) -> None:
    await execute(postgres_server.url, "CREATE DATABASE half_migrated")
    url = named(postgres_server.url, "half_migrated")
    try:
        connection = await asyncpg.connect(url)
        await connection.execute(
            "CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN "
            "IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_identity = 'analysis.alert') "
            "THEN RAISE EXCEPTION 'cut short'; END IF; END $$"
        )
        await connection.execute("CREATE EVENT TRIGGER cut_short ON ddl_command_end EXECUTE FUNCTION refuse()")
        with pytest.raises(onebox_database.DatabaseFailed, match="cut short"):
            onebox_database.migrate(url)
        assert await connection.fetchval("SELECT to_regnamespace('analysis')") is None
        assert await connection.fetchval("SELECT version_num FROM public.alembic_version") == "0003"
        await connection.execute("DROP EVENT TRIGGER cut_short")
        onebox_database.migrate(url)
        assert await connection.fetchval("SELECT to_regclass('analysis.alert') IS NOT NULL")
        await connection.close()
    finally:
        await execute(postgres_server.url, "DROP DATABASE half_migrated WITH (FORCE)")
