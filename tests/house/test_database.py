"""The walls of the database: no reply before COMMIT, nothing but SELECT and INSERT, nothing of another school."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import asyncpg
import httpx
import pytest

from kit.database import Connection
from ledger.append import FIRST_DAY, LAST_DAY
from tests.support.closures import close
from tests.support.office import MONDAY, TUESDAY, Office, amending, calling, open_office, refusal
from tests.support.plans import decided, plan
from tests.support.postgres import Database
from tests.support.school import CALENDAR, OFFICE, POLICY, marks, pupil, put
from tests.support.sealing import checkpointed
from tests.support.services import Clock, Register, register_api

REGISTER, ANALYTICS = "rollbook_register", "rollbook_analytics"
READS, APPENDS, REBUILDS = {"SELECT"}, {"SELECT", "INSERT"}, {"SELECT", "INSERT", "UPDATE", "DELETE"}

# Table by table, what each role may do. What is not here, nobody but the owner may do.
APPENDED_TO = (
    *(f"ledger.{name}" for name in ("event", "change", "text", "staff", "client")),
    *(f"register.{name}" for name in ("urn", "school_facts", "policy", "calendar", "pupil_id", "pupil", "placing")),
    *(f"register.{name}" for name in ("closure", "planned_absence", "responsible")),
    "access.key",
)
SEALED = (*(f"ledger.{name}" for name in ("node", "fingerprint", "contents", "sealed", "seal")),)
SIGNED = (*(f"ledger.{name}" for name in ("checkpoint", "log", "checkpoint_key", "deposit")),)
MODELS = ("checkpoint", "entry", "spell", "pupil_week", "day_total", "year_total", "alert", "awaited")
REBUILT = tuple(f"analysis.{name}" for name in (*MODELS, "area", "area_school", "area_due", "area_day", "area_total"))
ALLOWED = {
    **{(table, REGISTER): APPENDS for table in APPENDED_TO},
    **{(table, ANALYTICS): READS for table in APPENDED_TO},
    **{(table, REGISTER): APPENDS for table in (*SEALED, *SIGNED)},
    **{(table, ANALYTICS): REBUILDS for table in REBUILT},
    ("ledger.nonce_key", REGISTER): APPENDS,
    ("ledger.head", REGISTER): APPENDS,
    ("ledger.head", ANALYTICS): READS,
    ("access.client", REGISTER): READS,
    ("access.pupil_read", REGISTER): APPENDS,
    ("access.pupil_read", ANALYTICS): {"INSERT"},
    ("register.hold", REGISTER): APPENDS,
    ("register.closure_due", REGISTER): {"SELECT", "INSERT", "DELETE"},
    ("register.adapter_id", REGISTER): APPENDS,
    ("ledger.kept_nonce", REGISTER): APPENDS,
    ("register.sandbox", REGISTER): READS,
    ("register.sandbox", ANALYTICS): READS,
    ("analysis.published", ANALYTICS): READS,
    **{(f"casework.{name}", ANALYTICS): APPENDS for name in ("act", "notice", "head")},
    **{(f"casework.{name}", REGISTER): READS for name in ("act", "notice", "head")},
}
MOVED = {
    "ledger.head": ("seq", "root", "frontier", "recorded_at", "changed_seq"),
    "ledger.fingerprint": ("prints",),
    "ledger.contents": ("events", "leaf"),
    "ledger.sealed": ("seq", "frontier", "leaf", "failure"),
    "ledger.log": ("size", "frontier"),
    "ledger.deposit": ("size", "at", "failure"),
    "casework.head": ("no",),
}
MOVERS = {table: ANALYTICS if table == "casework.head" else REGISTER for table in MOVED}
MOVED_COLUMNS = {(table, column, "UPDATE", MOVERS[table]) for table, columns in MOVED.items() for column in columns}

EVENT = (
    "school_id, seq, made_at, recorded_at, session_date, pupil_no, staff_no, client_no, version, session, code, source"
)
APPEND_ONLY = (
    *(f"ledger.{name}" for name in ("event", "change", "text", "staff", "client", "nonce_key")),
    *("access.pupil_read", "register.hold", "register.closure", "casework.act", "casework.notice"),
    *(f"ledger.{name}" for name in ("node", "seal", "checkpoint", "checkpoint_key")),
)
WITHOUT_PUPILS = {
    *("ledger.head", "register.urn", "register.school_facts", "register.sandbox", "ledger.sealed", "ledger.seal"),
    *("register.closure_due", "register.responsible"),
    *("analysis.checkpoint", "analysis.day_total", "analysis.year_total", "analysis.area_school", "casework.head"),
}
ONE_POLICY = "(school_id = (NULLIF(current_setting('app.school_id'::text, true), ''::text))::integer)"
TABLES = """
    SELECT c.oid, n.nspname || '.' || c.relname AS name, c.relrowsecurity, c.relispartition, c.relacl
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND n.nspname IN ('ledger', 'register', 'access', 'analysis', 'casework')
"""


@pytest.fixture(scope="module")
async def register(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Register]:
    clock = Clock(datetime.fromisoformat("2026-09-07T16:00:00+01:00"))
    async with register_api(database, tmp_path_factory.mktemp("register"), clock) as running:
        yield running


@pytest.fixture(scope="module")
async def http(register: Register) -> AsyncIterator[httpx.AsyncClient]:
    scopes = ("roll:write", "marks:write", "amendments:write", "register:read", "audit:read", "admin")
    async with calling(register, scopes) as calls:
        yield calls


@pytest.fixture(scope="module")
async def office(register: Register, http: httpx.AsyncClient) -> Office:
    """Give a school with a row in every table of the book, of the roll and of the reads."""
    office = await open_office(http, register.database, "900101", pupils=30)
    await office.entered(("p-001", "N"))
    await office.amended(amending("p-001", "N", "I"))
    await office.get("/pupils/p-001")
    await put(http, office.path("/planned-absences/leave-1"), plan(TUESDAY, TUESDAY))
    told = await http.put(
        office.path("/adapters/session-attendance/ids"), json={"pupils": {"A1": "p-001"}, "staff": {"S1": OFFICE}}
    )
    assert told.json() == {"set": 2, "unchanged": 0}
    await close(office, "Y3", ("2026-12-01", "AM"), pupils=["p-001"])
    await checkpointed(register.database)
    await held(register.database, office.urn)
    return office


async def held(database: Database, urn: str) -> None:
    """Put a row into the tables of what must stay, as letting a year go does, and the other service."""
    async with session(database.owner_url) as connection:
        for row in (
            "ledger.kept_nonce SELECT school_id, 0, decode(repeat('00', 16), 'hex')",
            "register.hold SELECT school_id, 1, NULL, NULL, NULL, NULL, 'Why', 'Who', 'What', now()",
            "casework.act SELECT school_id, 1, uuidv7(), 1, '', '', '', now(), now(), '', 'Who', 'What', '', '{}'",
            "casework.notice SELECT school_id, 2, 'n-1', 1, 'penalty-notice', now(), '', 'Who', 'What', '{}'",
        ):
            await connection.execute(f"INSERT INTO {row} FROM register.urn WHERE urn = $1", urn)


@asynccontextmanager
async def session(url: str, school_id: int | None = None) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(url)
    try:
        if school_id is not None:
            await connection.execute(f"SET app.school_id = '{school_id}'")
        yield connection
    finally:
        await connection.close()


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[Connection]:
    async with session(database.owner_url) as connection:
        yield connection


async def counts(owner: Connection) -> dict[str, int]:
    tables = [row["name"] for row in await owner.fetch(TABLES)]
    return {name: await owner.fetchval(f"SELECT count(*) FROM {name}") for name in tables}


SCHOOL = {"name": "Invented", "phase": "primary", "age_range": [4, 11], "policy": {**POLICY, "target": 97}}
SENT = {
    "date": MONDAY,
    "session": "AM",
    "student_id": "p-001",
    "attendance_code_id": "I",
    "employee_id": "S1",
    "comment": "Parent telephoned",
}
WRITES: list[tuple[str, str, Any]] = [
    ("PUT", "/v1/schools/900101", SCHOOL),
    ("PUT", "/v1/schools/900102", SCHOOL),
    ("PUT", "/v1/schools/900101/calendar/2026-27", {**CALENDAR, "inset_days": []}),
    ("PUT", "/v1/schools/900101/pupils/p-105", pupil()),
    ("POST", "/v1/schools/900101/pupils", {"pupils": [pupil(id="p-106")]}),
    ("POST", f"/v1/schools/900101/registers/{MONDAY}/AM/marks", marks(("p-002", "/"))),
    ("POST", "/v1/schools/900101/amendments", {"made_by": OFFICE, "amendments": [amending("p-001", "I", "M")]}),
    ("POST", "/v1/schools/900101/pupils/p-003/pupil-ids", {"id": "x-003"}),
    ("POST", "/v1/schools/900101/adapters/session-attendance", {"attendance": [SENT]}),
    (
        "POST",
        "/v1/schools/900101/redactions",
        {"made_by": OFFICE, "redactions": [{"seq": 35, "part": "reason", "reason": "It named another child"}]},
    ),
    ("PUT", "/v1/schools/900101/planned-absences/leave-1", plan(TUESDAY, TUESDAY, decision=decided())),
]


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
async def test_nobody_is_answered_before_the_commit(
    office: Office, owner: Connection, method: str, path: str, body: Any
) -> None:
    await owner.execute("""
        CREATE FUNCTION public.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
        CREATE CONSTRAINT TRIGGER fails_at_commit AFTER UPDATE ON ledger.head
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.fail();
    """)
    try:
        before = await counts(owner)
        refusal(await office.http.request(method, path, json=body), "internal-error")
        assert await counts(owner) == before
    finally:
        await owner.execute("DROP FUNCTION public.fail() CASCADE")
    answer = await office.http.request(method, path, json=body)
    assert answer.status_code == 200, answer.text
    assert await counts(owner) != before


async def test_the_roles_hold_what_the_list_allows_and_nothing_else(owner: Connection) -> None:
    held: dict[tuple[str, str], set[str]] = {}
    for row in await owner.fetch(
        f"SELECT t.name, coalesce(r.rolname, 'PUBLIC') AS role, a.privilege_type, a.is_grantable FROM ({TABLES}) t, "
        "aclexplode(t.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee WHERE a.grantee <> a.grantor"
    ):
        assert not row["is_grantable"]
        held.setdefault((row["name"], row["role"]), set()).add(row["privilege_type"])
    assert held == ALLOWED


async def test_of_single_columns_those_may_be_updated_that_move_a_head(owner: Connection) -> None:
    held = await owner.fetch(
        f"SELECT t.name, c.attname, a.privilege_type, r.rolname FROM ({TABLES}) t "
        "JOIN pg_attribute c ON c.attrelid = t.oid, aclexplode(c.attacl) a JOIN pg_roles r ON r.oid = a.grantee"
    )
    assert {tuple(row) for row in held} == MOVED_COLUMNS


async def test_the_roles_are_nobody_in_particular(owner: Connection) -> None:
    for row in await owner.fetch("SELECT * FROM pg_roles WHERE rolname = ANY ($1)", [REGISTER, ANALYTICS]):
        powers = ("rolsuper", "rolcreaterole", "rolcreatedb", "rolreplication", "rolbypassrls")
        assert not any(row[power] for power in powers)
        assert not await owner.fetchval("SELECT count(*) FROM pg_auth_members WHERE member = $1", row["oid"])
    assert not await owner.fetchval(
        "SELECT count(*) FROM pg_class WHERE relowner = ANY ($1::regrole[])", [REGISTER, ANALYTICS]
    )
    creates = "SELECT bool_or(has_schema_privilege(r, n.oid, 'CREATE')) FROM pg_namespace n, unnest($1::text[]) r"
    assert not await owner.fetchval(creates, [REGISTER, ANALYTICS])


DEFINERS = {
    "ledger.redact(integer,bigint,text)",
    "register.begin_sandbox(text,bytea,text[],timestamp with time zone,timestamp with time zone,integer)",
    "register.forget_sandbox(integer,timestamp with time zone)",
}


async def test_three_functions_run_with_the_rights_of_their_owner_and_their_search_path_is_fixed(
    owner: Connection,
) -> None:
    definers = await owner.fetch(
        "SELECT p.oid::regprocedure::text AS name, p.proconfig "
        "FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace "
        "WHERE prosecdef AND nspname IN ('ledger', 'register', 'access', 'analysis', 'casework', 'public')"
    )
    assert {row["name"] for row in definers} == DEFINERS
    assert {tuple(row["proconfig"]) for row in definers} == {("search_path=pg_catalog, pg_temp",)}
    may = (
        "SELECT a.grantee::regrole::text FROM pg_proc p, aclexplode(proacl) a "
        "WHERE p.oid = $1::regprocedure AND grantee <> grantor"
    )
    for definer in DEFINERS:
        assert [row["grantee"] for row in await owner.fetch(may, definer)] == [REGISTER]


@pytest.fixture(scope="module")
async def a_row_in_every_year(office: Office, database: Database) -> None:
    """Put an entry of another school into every partition."""
    async with session(database.owner_url) as owner:
        await owner.execute(
            f"INSERT INTO ledger.event ({EVENT}) "
            "SELECT 9999, row_number() OVER (), now(), now(), day, 1, 1, 1, 1, 'AM', '/', 'live' "
            "FROM generate_series($1::date, $2::date, interval '1 year') AS day",
            FIRST_DAY,
            LAST_DAY,
        )


@pytest.mark.usefixtures("a_row_in_every_year")
async def test_even_the_owner_cannot_update_delete_or_truncate(owner: Connection) -> None:
    partitions = [row["name"] for row in await owner.fetch(TABLES) if row["relispartition"]]
    assert len(partitions) == LAST_DAY.year - FIRST_DAY.year
    for table in (*APPEND_ONLY, *partitions):
        before = await owner.fetchval(f"SELECT count(*) FROM {table}")
        assert before > 0
        column = await owner.fetchval(
            "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum = 1", table
        )
        for statement in (
            f"UPDATE {table} SET {column} = {column}",
            f"DELETE FROM {table}",
            f"TRUNCATE {table}",
            f"TRUNCATE {table} CASCADE",
        ):
            with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
                await owner.execute(statement)
        assert await owner.fetchval(f"SELECT count(*) FROM {table}") == before


@pytest.mark.usefixtures("a_row_in_every_year")
async def test_the_partitions_hold_the_days_that_the_book_says_it_keeps(owner: Connection) -> None:
    spread = await owner.fetchval("SELECT count(DISTINCT tableoid) FROM ledger.event WHERE school_id = 9999")
    assert spread == LAST_DAY.year - FIRST_DAY.year
    values = "9999, 99, now(), now(), $1::date, 1, 1, 1, 1, 'AM', '/', 'live'"
    for day in ("2006-07-31", "2036-08-01"):
        with pytest.raises(asyncpg.CheckViolationError, match="no partition"):
            await owner.execute(
                f"INSERT INTO ledger.event ({EVENT}) VALUES ({values})", datetime.fromisoformat(day).date()
            )


async def test_every_table_with_pupils_has_the_one_policy(owner: Connection) -> None:
    of_schools = {
        row["name"]
        for row in await owner.fetch(
            f"SELECT DISTINCT t.name FROM ({TABLES}) t JOIN pg_attribute c ON c.attrelid = t.oid "
            "WHERE c.attname IN ('school_id', 'pupil_no') AND NOT t.relispartition"
        )
    }
    secured = {row["name"] for row in await owner.fetch(TABLES) if row["relrowsecurity"] and not row["relispartition"]}
    assert of_schools - secured == WITHOUT_PUPILS
    policies = await owner.fetch(
        "SELECT schemaname || '.' || tablename AS name, permissive, roles::text[], cmd, qual, with_check "
        "FROM pg_policies"
    )
    assert {row["name"] for row in policies} == secured
    assert len(policies) == len(secured)
    for row in policies:
        assert (row["permissive"], row["roles"], row["cmd"]) == ("PERMISSIVE", ["public"], "ALL")
        assert row["qual"] == ONE_POLICY
        assert row["with_check"] in (None, ONE_POLICY)


async def test_a_table_without_a_policy_names_no_pupil(owner: Connection) -> None:
    columns = await owner.fetch(
        f"SELECT t.name, c.attname FROM ({TABLES}) t JOIN pg_attribute c ON c.attrelid = t.oid WHERE c.attnum > 0"
    )
    named = {row["name"] for row in columns if row["attname"].startswith(("pupil", "upn", "surname", "date_of_birth"))}
    assert named & WITHOUT_PUPILS == set()


async def test_partitions_are_reached_through_their_parent_alone(owner: Connection, database: Database) -> None:
    partitions = [row for row in await owner.fetch(TABLES) if row["relispartition"]]
    assert all(row["relrowsecurity"] and row["relacl"] is None for row in partitions)
    for url in (database.register_url, database.analytics_url):
        async with session(url, 1) as connection:
            for statement in ("SELECT FROM ledger.event_2026", "INSERT INTO ledger.event_2026 DEFAULT VALUES"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement)


def secured_tables() -> list[str]:
    return sorted(
        {table for (table, _), may in ALLOWED.items() if may == APPENDS}
        - WITHOUT_PUPILS
        - {"access.key", "access.client", *SIGNED, *REBUILT}
    )


@pytest.mark.parametrize("table", secured_tables())
async def test_a_statement_that_forgets_its_school_sees_and_writes_nothing(
    office: Office, database: Database, owner: Connection, table: str
) -> None:
    school_id = await owner.fetchval("SELECT school_id FROM register.urn WHERE urn = $1", office.urn)
    row = await owner.fetchval(f"SELECT to_json(t)::text FROM {table} t WHERE school_id = $1 LIMIT 1", school_id)
    assert row is not None
    again = f"INSERT INTO {table} SELECT * FROM json_populate_record(NULL::{table}, $1::text::json)"
    url = database.analytics_url if table.startswith("casework.") else database.register_url
    for wrong in (None, school_id + 1):
        async with session(url, wrong) as connection:
            assert await connection.fetchval(f"SELECT count(*) FROM {table} WHERE school_id = {school_id}") == 0
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
                await connection.execute(again, row)
    async with session(url, school_id) as connection:
        assert await connection.fetchval(f"SELECT count(*) FROM {table} WHERE school_id = {school_id}") > 0
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute(again, row)


@pytest.mark.parametrize("table", [name for name in secured_tables() if not name.startswith("casework.")])
async def test_the_analytics_role_sees_one_school_at_a_time_and_appends_nothing(
    office: Office, database: Database, owner: Connection, table: str
) -> None:
    school_id = await owner.fetchval("SELECT school_id FROM register.urn WHERE urn = $1", office.urn)
    async with session(database.analytics_url) as connection:
        if "SELECT" not in ALLOWED.get((table, ANALYTICS), set()):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetch(f"SELECT FROM {table}")
            return
        assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0
        await connection.execute(f"SET app.school_id = '{school_id}'")
        assert await connection.fetchval(f"SELECT count(*) FROM {table}") > 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(f"INSERT INTO {table} DEFAULT VALUES")


async def test_two_events_of_one_school_never_share_a_number(owner: Connection, office: Office) -> None:
    await office.stream()
    doubles = await owner.fetch(
        "SELECT school_id, seq FROM (SELECT school_id, seq FROM ledger.event "
        "UNION ALL SELECT school_id, seq FROM ledger.change) GROUP BY 1, 2 HAVING count(*) > 1"
    )
    assert doubles == []
