"""How long a connection may take to say what it wants: who opens one and is silent, or drips, is hung up on."""

from asyncio import TimerHandle, Transport
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 15.0
"""Seconds within which the head of a request is there, from the opening of the connection or from its first byte."""


class Patient(HttpToolsProtocol):
    """The server's protocol, with a bound on the wait for a request: `kit.serve` serves by it."""

    _waiting: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Begin to wait."""
        super().connection_made(transport)
        self._wait()

    def on_message_begin(self) -> None:
        """Wait anew: a connection that is kept may drip its next request as well."""
        super().on_message_begin()
        self._wait()

    def on_headers_complete(self) -> None:
        """The request is known; how long its body may take is the gate's to say."""
        self._stop()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is there any more."""
        self._stop()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._stop()
        self._waiting = self.loop.call_later(HEAD_SECONDS, self._hang_up)

    def _stop(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _hang_up(self) -> None:
        transport: Any = self.transport
        transport.abort()
