"""What schemathesis is told of our conventions: bodies of lines, and items of a body that stand or fall alone."""

from typing import Any

import schemathesis
from schemathesis.core.failures import Failure
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.meta import TestPhase
from schemathesis.specs.openapi.checks import negative_data_rejection


@schemathesis.serializer("application/x-ndjson")
def lines(_: schemathesis.SerializationContext, value: Any) -> bytes:
    """Send a body of lines as it is."""
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


@schemathesis.check
def what_has_not_the_form_is_refused(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case[Any]
) -> None:
    """A request without the documented form is refused; where items stand or fall alone, one of them."""
    assert case.meta is not None
    # At random, a parameter that should be wrong may be none: null and the empty list are not sent.
    if case.meta.phase.name is TestPhase.FUZZING and ParameterLocation.BODY not in case.meta.components:
        return
    try:
        negative_data_rejection(ctx, response, case)
    except Failure:
        if response.status_code != 200 or not response.json().get("refused"):
            raise
