"""Writer 1: class registers over HTTP, as light a client as can be: raw HTTP/1.1 on connections that are kept alive.

Told: addresses, connections, schools (urn and token each), start, most, seconds, and the registers a second that are
not to be exceeded (pace), if any. Every answer is read whole, and its counts must say that all 30 marks were entered.
"""

import asyncio
import itertools
import json
import re
from collections.abc import Iterator
from time import perf_counter
from typing import cast
from urllib.parse import urlsplit

import uvloop

from tests.bench.world import CLASS_OF, ClassRegister, School, registers
from tests.bench.writing import Stint, tell, told

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)
_COUNTS = re.compile(rb'^\{"seq":\d+,"entered":(\d+),(?:"amended":0,)?"unchanged":(\d+),"refused":(\d+),')


def request(register: ClassRegister, school: School) -> bytes:
    """Give the whole request that enters a register."""
    body = json.dumps(register.body()).encode()
    head = (
        f"POST /v1/schools/{school.urn}/registers/{register.on}/{register.session}/marks HTTP/1.1\r\n"
        f"Host: bench\r\nAuthorization: Bearer {school.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class _Client(asyncio.Protocol):
    """One connection: sends a register, reads its answer, sends the next."""

    def __init__(self, requests: Iterator[bytes], due: Iterator[float], stint: Stint) -> None:
        self._requests, self._due, self._stint = requests, due, stint
        self._sent, self._received = 0.0, b""
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own, which does not inherit
        self._send_when_due()

    def _send_when_due(self) -> None:
        early = next(self._due) - perf_counter()
        if early > 0:
            asyncio.get_running_loop().call_later(early, self._send)
        else:
            self._send()

    def _send(self) -> None:
        if not self._stint.goes_on():
            self.ended.set_result(None)
            self._transport.close()
            return
        following = next(self._requests)
        self._sent = perf_counter()
        self._transport.write(following)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, parted, body = self._received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head + b"\r\n")
        if not parted or length is None or len(body) < int(length[1]):
            return
        counts = _COUNTS.match(body)
        if not head.startswith(b"HTTP/1.1 200 ") or counts is None or counts.groups() != (b"%d" % CLASS_OF, b"0", b"0"):
            self._fail(f"not all were entered: {self._received[:1000]!r}")
            return
        self._stint.answered(self._sent, int(counts[1]))
        self._received = b""
        self._send_when_due()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(f"the connection was lost: {exc}")

    def _fail(self, why: str) -> None:
        if not self.ended.done():
            self.ended.set_exception(AssertionError(why))


async def main() -> None:
    """Write what is wanted, and tell."""
    wanted = told()
    schools = [School(*school) for school in wanted["schools"]]
    coming = registers(len(schools), wanted["start"])
    # Made beforehand: what the client costs shares the cores with what is measured.
    built = [
        request(register, schools[register.school]) for register, _ in zip(coming, range(wanted["most"]), strict=False)
    ]
    stint = Stint(wanted["seconds"], len(built))
    queue = iter(built)
    began, pace = perf_counter(), wanted.get("pace")
    due = (began + number / pace if pace else began for number in itertools.count())
    clients = []
    for number in range(wanted["connections"]):
        address = urlsplit(wanted["addresses"][number % len(wanted["addresses"])])
        _, client = await asyncio.get_running_loop().create_connection(
            lambda: _Client(queue, due, stint), address.hostname, address.port
        )
        clients.append(client)
    await asyncio.gather(*(client.ended for client in clients))
    tell(stint)


if __name__ == "__main__":
    uvloop.run(main())
