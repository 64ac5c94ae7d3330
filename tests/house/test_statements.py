"""Every SQL block beside a module: it prepares, its role may run it, and none needs to read a whole table."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiosql
import asyncpg
import pytest

from analytics_worker import area_sums, rebuilding
from kit.database import Connection
from tests.support import tree
from tests.support.postgres import Database

LOADS = re.compile(r"database\.statements\(__file__\)|aiosql\.from_path\(Path\(__file__\)")
WRITES = re.compile(
    r"\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM|TRUNCATE|MERGE\s+INTO|COPY)\s+(?:ONLY\s+|TABLE\s+)?ledger\.", re.I
)
SCHEMAS = ("ledger", "register", "analysis", "casework")

# Tables with one row, or few, a school: they are found by other keys too, and may be walked.
FEW_ROWS = {
    "head",
    "urn",
    "school_facts",
    "checkpoint",
    "sealed",
    "log",
    "checkpoint_key",
    "deposit",
    "hold",
    "closure_due",
    "sandbox",
    "published",
    "responsible",
    "area",
    "area_school",
    "area_due",
}
# Sums of areas, which no school can be told from.
OF_AREAS = {"area_day", "area_total"}


def modules() -> list[Path]:
    """Return every module that loads the blocks beside it."""
    return [
        path
        for path in tree.modules()
        if path.relative_to(tree.ROOT).parts[0] in ("libs", "services", "deploy") and LOADS.search(path.read_text())
    ]


def blocks() -> list[Any]:
    """Return every block as a case of a test: its module, and the statement as the driver gets it."""
    return list(_blocks())


def _blocks() -> Iterator[Any]:
    for path in modules():
        queries = aiosql.from_path(path.with_suffix(".sql"), "asyncpg")
        for name in queries.available_queries:
            if not name.endswith("_cursor"):
                yield pytest.param(path, getattr(queries, name).sql, id=f"{path.stem}.{name}")


def address(database: Database, module: Path) -> str:
    """Return the address under which the blocks of a module are run."""
    if "deploy" in module.relative_to(tree.ROOT).parts:
        return database.owner_url
    return database.analytics_url if "analytics_worker" in module.parts else database.register_url


@pytest.fixture(scope="module")
async def connections(database: Database) -> AsyncIterator[dict[str, Connection]]:
    """Give a connection for each role."""
    opened = {
        url: await asyncpg.connect(url) for url in (database.owner_url, database.register_url, database.analytics_url)
    }
    for url in (database.owner_url, database.analytics_url):
        await rebuilding.prepare(opened[url])
        await area_sums.prepare(opened[url])
    yield opened
    for connection in opened.values():
        await connection.close()


async def plan(connection: Connection, statement: str) -> dict[str, Any]:
    """Return the generic plan of a statement, for whatever its parameters are; sequential scans are a last resort."""
    await connection.execute("SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET jit = off")
    await connection.execute(f"PREPARE block AS {statement}")
    try:
        count = await connection.fetchval(
            "SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = 'block'"
        )
        nulls = f"({', '.join(['NULL'] * count)})" if count else ""
        told = await connection.fetchval(f"EXPLAIN (VERBOSE, FORMAT JSON) EXECUTE block{nulls}")
    finally:
        await connection.execute("DEALLOCATE block")
    whole: dict[str, Any] = json.loads(told)[0]["Plan"]
    return whole


def walks(node: dict[str, Any]) -> Iterator[str]:
    """Yield every way in which a plan reads a table by anything but a key that names the school, or the area."""
    kind, table = node["Node Type"], node.get("Relation Name", "")
    of_schools = node.get("Schema") in SCHEMAS or table == "pupil_read"
    if of_schools and table not in {*FEW_ROWS, ""} and kind.endswith("Scan"):
        key = node.get("Index Cond", "") + node.get("Recheck Cond", "")
        if ("area" if table in OF_AREAS else "school_id") not in key:
            yield f"{kind} on {table} with the key ({key})"
    for inner in node.get("Plans", []):
        yield from walks(inner)


def test_every_sql_file_is_loaded_by_the_module_beside_it() -> None:
    beside = {
        path.with_suffix(".py")
        for path in tree.files()
        if path.suffix == ".sql" and path.relative_to(tree.ROOT).parts[0] in ("libs", "services", "deploy")
    }
    assert set(modules()) == beside - {tree.ROOT / "deploy" / "roles.py"}
    assert len(blocks()) > 60


@pytest.mark.parametrize(("module", "statement"), blocks())
async def test_a_block_prepares_and_its_role_may_run_it(
    database: Database, connections: dict[str, Connection], module: Path, statement: str
) -> None:
    # A plan is made only for one who holds every right that the statement needs.
    await plan(connections[address(database, module)], statement)


@pytest.mark.parametrize(("module", "statement"), blocks())
async def test_no_block_can_be_served_by_a_sequential_scan_alone(
    database: Database, connections: dict[str, Connection], module: Path, statement: str
) -> None:
    # As the owner, whom row-level security does not concern: the statement itself names the school.
    assert list(walks(await plan(connections[database.owner_url], statement))) == []


@pytest.mark.parametrize(("module", "statement"), blocks())
def test_a_block_casts_in_words(module: Path, statement: str) -> None:
    assert "::" not in re.sub(r"'[^']*'", "", statement), module.name


def test_a_statement_is_run_as_it_stands_in_its_file_unless_the_database_writes_what_it_gives() -> None:
    taken_apart = {path.name for path in modules() if re.search(r"_sql\.\w+\.sql\b", path.read_text())}
    assert taken_apart == {"rows.py"}  # what it gives is copied out as CSV, NDJSON or JSON


def test_only_the_ledger_and_the_act_of_letting_go_write_to_the_book() -> None:
    writers = {
        path.relative_to(tree.ROOT).as_posix()
        for path in tree.files()
        if path.suffix in (".py", ".sql")
        and path.relative_to(tree.ROOT).parts[0] in ("libs", "services", "deploy")
        and WRITES.search(re.sub(r"--.*", "", path.read_text()))
    }
    rooms = ("append", "writers", "sealing", "checkpoints", "deposits", "importing")
    # Letting go is the owner's: the tables admit no more of it than is recorded.
    assert writers == {*(f"libs/ledger/{name}.sql" for name in rooms), "deploy/onebox/retention_act.sql"}
