"""Who may call what at a school, and the parameters that many routes share."""

from typing import Annotated

from fastapi import Depends, Query

from kit.schools import AtSchool, Caller

DryRun = Annotated[bool, Query(description="Do everything but write it down: the same answer, nothing kept.")]
AsAtText = Annotated[
    str | None,
    Query(alias="as_at", description="An instant, or `seq:N`: the register as it stood then.", examples=["seq:412"]),
]
FormatText = Annotated[str | None, Query(alias="format", description="json, csv, ndjson or parquet; over `Accept`.")]

RollWriter = Annotated[Caller, Depends(AtSchool("roll:write"))]
MarksWriter = Annotated[Caller, Depends(AtSchool("marks:write"))]
AmendmentsWriter = Annotated[Caller, Depends(AtSchool("amendments:write"))]
HistoryWriter = Annotated[Caller, Depends(AtSchool("history:write"))]
RegisterReader = Annotated[Caller, Depends(AtSchool("register:read"))]
Administrator = Annotated[Caller, Depends(AtSchool("admin"))]
AuditReader = Annotated[Caller, Depends(AtSchool("audit:read"))]
