"""Migrations: forward only, and each stands or falls whole."""

import asyncpg
import pytest

from onebox import database as onebox_database
from onebox.postgres import Server
from tests.support.postgres import execute, named

CUT_SHORT = """
CREATE TABLE public.alembic_version (version_num varchar(32) PRIMARY KEY);
CREATE FUNCTION public.cut_short() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'cut short';
END
$$;
CREATE TRIGGER cut_short BEFORE UPDATE ON public.alembic_version FOR EACH ROW WHEN (new.version_num = '0004')
    EXECUTE FUNCTION public.cut_short();
"""


async def test_a_migration_that_is_cut_short_leaves_nothing_of_itself(postgres_server: Server) -> None:
    """Cut short between its last statement and the note that it was applied, as by a kill at that moment."""
    await execute(postgres_server.url, "CREATE DATABASE half_migrated")
    url = named(postgres_server.url, "half_migrated")
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(CUT_SHORT)
        with pytest.raises(onebox_database.DatabaseFailed, match="cut short"):
            onebox_database.migrate(url)
        assert await connection.fetchval("SELECT version_num FROM public.alembic_version") == "0003"
        assert await connection.fetchval("SELECT to_regnamespace('analysis')") is None
        await connection.execute("DROP TRIGGER cut_short ON public.alembic_version")
        onebox_database.migrate(url)
        assert await connection.fetchval("SELECT to_regclass('analysis.alert') IS NOT NULL")
    finally:
        await connection.close()
        await execute(postgres_server.url, "DROP DATABASE half_migrated WITH (FORCE)")


PLACINGS = """
INSERT INTO register.placing (school_id, pupil_no, effective_from, seq, year_group, facts) VALUES
    (1, 1, '2026-09-03', 1, '4', '{"responsible_la": "330"}'),
    (1, 1, '2026-10-01', 2, '4', '{"responsible_la": "331"}'),
    (1, 2, '2026-09-03', 3, '4', '{"responsible_la": "330"}'), (2, 1, '2026-09-03', 1, '4', '{"fsm": true}'),
    (3, 1, '2026-09-03', 1, '4', '{"responsible_la": "330"}')
"""


async def test_what_stood_before_says_which_authorities_are_responsible_at_which_schools(
    postgres_server: Server,
) -> None:
    await execute(postgres_server.url, "CREATE DATABASE without_responsible")
    url = named(postgres_server.url, "without_responsible")
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(CUT_SHORT.replace("0004", "0017"))
        with pytest.raises(onebox_database.DatabaseFailed, match="cut short"):
            onebox_database.migrate(url)
        await connection.execute(PLACINGS)
        await connection.execute("DROP TRIGGER cut_short ON public.alembic_version")
        onebox_database.migrate(url)
        found = await connection.fetch("SELECT la_code, school_id FROM register.responsible ORDER BY 1, 2")
        assert [tuple(row) for row in found] == [("330", 1), ("330", 3), ("331", 1)]
    finally:
        await connection.close()
        await execute(postgres_server.url, "DROP DATABASE without_responsible WITH (FORCE)")
