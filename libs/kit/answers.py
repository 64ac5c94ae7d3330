"""What every answer has in common: HEAD and OPTIONS, an ETag and 304 where nothing moved, and the headers that protect.

An answer says as at which instant it was given. That moves with every reading and is left out of the ETag, so two
readings between which nothing happened have the same: it is a weak one.
"""

import re
from collections import Counter
from collections.abc import Callable
from hashlib import blake2b

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_INSTANT = re.compile(rb'"as_at":\{"instant":"[^"]*"')
_PROTECTING = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    # A large answer is compressed for those who take it so.
    (b"vary", b"Accept-Encoding"),
)
_POLICY = b"content-security-policy"
_OF_JSON = b"default-src 'none'; frame-ancestors 'none'"
# The pages that people open have a style of their own; the browsable contract also brings its scripts from elsewhere.
_PAGES = {"/docs", "/docs/oauth2-redirect", "/redoc"}
_OF_A_PAGE = b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
_OVER_TLS = (b"strict-transport-security", b"max-age=31536000")

Extra = Callable[[Scope], list[tuple[str, str]]]


class Answers:
    """Puts on every answer of an application what answers have in common.

    `secure` says that the public address is one of TLS; `extra` gives headers that a request has earned; answers are
    counted in `counts`, by their status.
    """

    def __init__(self, app: ASGIApp, secure: bool, extra: Extra, counts: Counter[int]) -> None:
        self._app = app
        self._secure = secure
        self._extra = extra
        self.counts = counts

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

    def dress(self, scope: Scope, headers: list[tuple[bytes, bytes]]) -> None:
        """Add to an answer's headers, in the server's own form, those that all have: every request pays for it."""
        named = dict(headers)
        headers += _PROTECTING
        if scope["path"] not in _PAGES and _POLICY not in named:
            headers.append(
                (_POLICY, _OF_A_PAGE if named.get(b"content-type", b"").startswith(b"text/html") else _OF_JSON)
            )
        if self._secure:
            headers.append(_OVER_TLS)
        if b"cache-control" not in named:
            headers.append((b"cache-control", b"private, no-cache" if b"etag" in named else b"no-store"))
        headers += [(name.encode(), value.encode()) for name, value in self._extra(scope)]


class Packed(GZipMiddleware):
    """Compresses for those who take it so, and stands in nobody else's way."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] == "http" and any(
            name == b"accept-encoding" and b"gzip" in value for name, value in scope["headers"]
        ):
            await super().__call__(scope, receive, send)
        else:
            await self.app(scope, receive, send)


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
            is_read = self._scope["method"] == "GET" and message["status"] == 200
            if is_read and (b"content-type", b"application/json") in message["headers"]:
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
        self._answers.counts[start["status"]] += 1
        start["headers"] = headers = list(start["headers"])
        self._answers.dress(self._scope, headers)
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
