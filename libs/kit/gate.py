"""The gate before every route: what is too large, slow or compressed stays out, our failures keep their words in."""

import asyncio
import logging
import time
import traceback
from collections.abc import Mapping
from types import MappingProxyType

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kit.problems import Problem

_log = logging.getLogger("rollbook.gate")
_FRAMES = 12

SILENT_SECONDS, BODY_SECONDS, SLOWEST = 10.0, 60.0, 65_536
"""Seconds that a body may pause for, and that it may be waited for; of a long one a second more for so many bytes."""


class Unfinished(Exception):
    """An answer that had begun could not be ended: the connection breaks, so that nobody takes a part for the whole."""


class Gate:
    """Lets an application's requests in; a body of more than `most_bytes` is refused before it is read or kept.

    `streamed` has the bytes of bodies that are read as they come and never kept whole, by the end of their address.
    """

    def __init__(self, app: ASGIApp, most_bytes: int, streamed: Mapping[str, int] = MappingProxyType({})) -> None:
        self._app = app
        self._most = most_bytes
        self._streamed = streamed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a problem what may not come in, and what fails inside for no documented reason."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = ended = False
        read = 0
        most = self._streamed.get(scope["path"].rpartition("/")[2], self._most)
        waited = 0.0

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        async def receiving() -> Message:
            nonlocal read, ended, waited
            if ended:  # what comes is that the caller has gone, and that may be long after
                return await receive()
            began = time.monotonic()
            try:
                async with asyncio.timeout(min(SILENT_SECONDS, BODY_SECONDS + read / SLOWEST - waited)):
                    message = await receive()
            except TimeoutError as caught:
                raise HTTPException(408, "The body did not come.", {"Connection": "close"}) from caught
            waited += time.monotonic() - began
            ended = not message.get("more_body", False)
            read += len(message.get("body", b""))
            if read > most:
                raise HTTPException(413, _too_large(most))
            return message

        try:
            if refused := _refused(Headers(scope=scope), most):
                await refused.as_response()(scope, receive, sending)
            else:
                await self._app(scope, receiving, sending)
        except Exception as caught:
            # The words of an error may hold a name or a reason (a database quotes the row); its type and place do not.
            _log.error("%s at %s", type(caught).__name__, _place(caught))
            if begun:
                raise Unfinished(type(caught).__name__) from None
            await _of_ours().as_response()(scope, receive, sending)


def _too_large(most: int) -> str:
    return f"A body has {most} bytes at most."


def _refused(headers: Headers, most: int) -> Problem | None:
    length = headers.get("content-length", "0")
    if length.isascii() and length.isdigit() and (len(length) > 18 or int(length) > most):
        return Problem("too-large", _too_large(most))
    if headers.get("content-encoding", "identity") != "identity":
        return Problem("unsupported-media-type", "A compressed body is not taken.")
    return None


def _place(caught: Exception) -> str:
    ours = [frame for frame in traceback.extract_tb(caught.__traceback__) if "site-packages" not in frame.filename]
    frames = ours[-_FRAMES:]
    return " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in reversed(frames))


def _of_ours() -> Problem:
    return Problem(
        "internal-error",
        "An error on our side. Read back what stands, or send the request again: nothing is entered twice.",
    )
