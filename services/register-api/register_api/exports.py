"""The whole register of a school in one call: for a supplier that takes it over, and a school that leaves."""

import tempfile
from collections.abc import Iterator
from typing import IO, Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from kit import database, reads
from kit.problems import Fault, Problem
from ledger.archive import ExchangeFailed, Form
from ledger.exporting import Wanted, export
from register_api.caller import Administrator

router = APIRouter(tags=["stream"])

_CHUNK = 1 << 18


@router.get(
    "/v1/schools/{urn}/export",
    summary="Export the whole register",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}},
)
async def get_export(
    caller: Administrator,
    format_: Annotated[Form, Query(alias="format", description="Of events and texts.")] = "ndjson",
    size: Annotated[list[int] | None, Query(description="Checkpoints beside the latest.")] = None,
    read_by: reads.ReadBy = None,
) -> StreamingResponse:
    """Give the file that `rollbook export` writes (docs/events.md): as at one snapshot, and whole before it is sent.

    It holds personal data and the keys that hide pupils in proofs: it is for whoever may hold the register itself.
    """
    # Beside the zip nothing of it is ever in a place with a name, and it goes with the last who has it open.
    file = tempfile.TemporaryFile()  # noqa: SIM115
    try:
        async with database.reading(caller.engine, caller.school_id) as connection:
            manifest = await export(connection, caller.school_id, file, caller.now(), Wanted(format_, size or ()))
        await reads.record(caller, read_by, "export", manifest["seq"])
    except ExchangeFailed as caught:
        file.close()
        where = "format" if format_ == "parquet" and not size else "size"
        raise Problem("invalid-parameter", str(caught), (Fault(str(caught), parameter=where),)) from caught
    except BaseException:
        file.close()
        raise
    length = file.tell()
    file.seek(0)
    headers = {
        "Content-Length": str(length),
        "Content-Disposition": f'attachment; filename="register-{manifest["urn"]}.zip"',
        "Cache-Control": "no-store",
    }
    return StreamingResponse(_sent(file), media_type="application/zip", headers=headers)


def _sent(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk
