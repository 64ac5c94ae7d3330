"""The bench must not be able to lie: what was counted stands, is proved, and was neither open to all nor unlawful."""

import hashlib
from collections.abc import Sequence

import asyncpg
import httpx

from tests.bench.copying import copied
from tests.bench.subject import Subject
from tests.bench.world import School


async def everything_stands(subject: Subject, events: int) -> None:
    """Every mark that was counted is in the stream, once; each head has moved over its whole stream, without a gap."""
    connection = await asyncpg.connect(subject.database.owner_url)
    try:
        assert await connection.fetchval("SELECT count(*) FROM ledger.event WHERE version = 1") == events
        broken = await connection.fetch(
            "SELECT h.school_id FROM ledger.head h "
            "JOIN (SELECT school_id, seq FROM ledger.event UNION ALL SELECT school_id, seq FROM ledger.change) e "
            "USING (school_id) "
            "GROUP BY h.school_id, h.seq "
            "HAVING count(DISTINCT e.seq) <> h.seq OR max(e.seq) <> h.seq OR count(*) <> h.seq"
        )
        assert broken == []
    finally:
        await connection.close()


async def everything_is_folded(subject: Subject, events: int) -> None:
    """The read models have followed to every head, and hold every mark that was counted."""
    connection = await asyncpg.connect(subject.database.owner_url)
    try:
        assert await connection.fetchval("SELECT count(*) FROM analysis.entry") == events
        assert await connection.fetchval("SELECT sum(entries) FROM analysis.day_total") == events
        behind = "SELECT count(*) FROM ledger.head h JOIN analysis.checkpoint c USING (school_id) WHERE c.seq <> h.seq"
        assert await connection.fetchval(behind) == 0
    finally:
        await connection.close()


async def the_day_is_the_copy(url: str, answer: bytes, statements: list[str]) -> None:
    """The authority's day over HTTP is, byte for byte after its header, what COPY of the same query gives."""
    connection = await asyncpg.connect(url, server_settings={"timezone": "UTC"})
    try:
        copy = await copied(connection, statements)
    finally:
        await connection.close()
    _, _, body = answer.partition(b"\r\n")
    assert body
    assert body == copy.replace(b"\n", b"\r\n")


async def bare_stands(url: str, events: int) -> None:
    """Every entry that the bare insert was credited with is in its table."""
    connection = await asyncpg.connect(url)
    try:
        assert await connection.fetchval("SELECT count(*) FROM bench.event") == events
    finally:
        await connection.close()


async def database_is_as_in_service(subject: Subject) -> None:
    """COMMIT reaches the disk, and row-level security binds the service's role: without a school it sees nothing."""
    connection = await asyncpg.connect(subject.database.register_url)
    try:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert await connection.fetchval("SELECT current_setting($1)", setting) == "on"
        free = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
        assert await connection.fetchval(free) is False
        assert await connection.fetchval("SELECT count(*) FROM ledger.event") == 0
    finally:
        await connection.close()


async def only_who_may_what_is_lawful(subject: Subject) -> None:
    """No token, a forged one and another school's do not get in; an unlawful mark is refused with a good one too."""
    first, second = subject.schools[0], subject.schools[-1]
    path = f"/v1/schools/{first.urn}/registers/2026-07-21/PM/marks"
    body = {"made_by": {"name": "A", "position": "B"}, "marks": [{"pupil": "p-001", "code": "B"}]}
    signed, _, signature = first.token.rpartition(".")
    forged = f"{signed}.{signature[:10]}{'A' if signature[10] != 'A' else 'B'}{signature[11:]}"
    async with httpx.AsyncClient(base_url=subject.addresses[0]) as http:
        assert (await http.post(path, json=body)).status_code == 401
        for token, status in ((forged, 401), (second.token, 404)):
            answer = await http.post(path, json=body, headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == status, answer.text
        answer = await http.post(path, json=body, headers={"Authorization": f"Bearer {first.token}"})
        assert answer.json()["outcomes"][0]["problem"]["code"] == "nature-required"


async def the_root_recomputes(subject: Subject, school: School) -> None:
    """The root in the head is that of an RFC 6962 tree over the leaves that the API gives, built here from scratch."""
    leaves: list[bytes] = []
    headers = {"Authorization": f"Bearer {school.token}"}
    async with httpx.AsyncClient(base_url=subject.addresses[0], headers=headers, timeout=30) as http:
        while True:
            answer = await http.get(f"/v1/schools/{school.urn}/events", params={"after": len(leaves), "limit": 1000})
            assert answer.status_code == 200, answer.text
            page = [line for line in answer.content.split(b"\n") if line]
            leaves += page
            if not page:
                break
    connection = await asyncpg.connect(subject.database.owner_url)
    try:
        of_urn = "SELECT h.seq, h.root FROM ledger.head h JOIN register.urn u USING (school_id) WHERE u.urn = $1"
        head = await connection.fetchrow(of_urn, school.urn)
    finally:
        await connection.close()
    assert head is not None
    assert (len(leaves), _root(leaves)) == (head["seq"], head["root"])


def _root(leaves: Sequence[bytes]) -> bytes:
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + _root(leaves[:half]) + _root(leaves[half:])).digest()
