"""What every answer has in common: HEAD and OPTIONS, an ETag and 304 where nothing moved, and the headers that protect.

An answer says as at which instant it was given. That moves with every reading and is left out of the ETag, so two
readings between which nothing happened have the same: it is a weak one.
"""

import re
from collections.abc import Callable
from hashlib import blake2b

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_INSTANT = re.compile(rb'"as_at":\{"instant":"[^"]*"')
_PROTECTING = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
# The pages that people open have a style of their own; the browsable contract also brings its scripts from elsewhere.
_PAGES = {"/docs", "/docs/oauth2-redirect", "/redoc"}
_OF_A_PAGE = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
_OVER_TLS = "max-age=31536000"

Extra = Callable[[Scope], list[tuple[str, str]]]


class Answers:
    """Puts on every answer of an application what answers have in common.

    `secure` says that the public address is one of TLS; `extra` gives headers that a request has earned.
    """

    def __init__(self, app: ASGIApp, secure: bool, extra: Extra) -> None:
        self._app = app
        self._secure = secure
        self._extra = extra

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; HEAD as GET without the body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_head = scope["method"] == "HEAD"
        if is_head:
            scope = {**scope, "method": "GET"}
        answer = _Answer(self, scope, send, is_head)

        async def receiving() -> Message:
            # Who asked for the head alone is gone once it has been sent: a stream ends there.
            return {"type": "http.disconnect"} if is_head and answer.begun else await receive()

        await self._app(scope, receiving, answer.send)

    def dress(self, scope: Scope, headers: MutableHeaders) -> None:
        """Add the headers that every answer has."""
        for name, value in _PROTECTING.items():
            headers.setdefault(name, value)
        if scope["path"] in _PAGES:
            del headers["Content-Security-Policy"]
        elif headers.get("content-type", "").startswith("text/html"):
            headers["Content-Security-Policy"] = _OF_A_PAGE
        if self._secure:
            headers["Strict-Transport-Security"] = _OVER_TLS
        headers.setdefault("Cache-Control", "private, no-cache" if "etag" in headers else "no-store")
        for name, value in self._extra(scope):
            headers[name] = value


class _Answer:
    """One answer on its way: the start of a JSON answer to a GET waits for its body, which the ETag is made of."""

    def __init__(self, answers: Answers, scope: Scope, send: Send, is_head: bool) -> None:
        self._answers = answers
        self._scope = scope
        self._send = send
        self._is_head = is_head
        self._waiting: Message | None = None
        self._ended = False
        self.begun = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = Headers(raw=message["headers"])
            is_json = headers.get("content-type") == "application/json"
            if self._scope["method"] == "GET" and message["status"] == 200 and is_json:
                self._waiting = message
            else:
                await self._begin(message)
        elif message["type"] == "http.response.body":
            if self._waiting is not None:
                start, self._waiting = self._waiting, None
                if not message.get("more_body"):
                    message = self._marked(start, message)
                await self._begin(start)
            await self._go_on(message)
        else:
            await self._send(message)

    def _marked(self, start: Message, body: Message) -> Message:
        """Mark an answer with its ETag; it becomes a 304 without a body when the caller has it already."""
        headers = MutableHeaders(raw=start["headers"])
        etag = f'W/"{blake2b(_INSTANT.sub(b"", body["body"]), digest_size=16).hexdigest()}"'
        headers["ETag"] = etag
        if not _holds(Headers(scope=self._scope).get("if-none-match"), etag):
            return body
        start["status"] = 304
        del headers["content-length"]
        del headers["content-type"]
        return {"type": "http.response.body", "body": b""}

    async def _begin(self, start: Message) -> None:
        self._answers.dress(self._scope, MutableHeaders(raw=start["headers"]))
        await self._send(start)
        self.begun = True

    async def _go_on(self, message: Message) -> None:
        if not self._is_head:
            await self._send(message)
        elif not self._ended:
            self._ended = True
            await self._send({"type": "http.response.body", "body": b""})


def _holds(said: str | None, etag: str) -> bool:
    """Say whether an If-None-Match names an ETag, by the weak comparison (RFC 9110 sections 8.8.3.2 and 13.1.2)."""
    if said is None:
        return False
    named = {each.strip().removeprefix("W/") for each in said.split(",")}
    return "*" in named or etag.removeprefix("W/") in named
