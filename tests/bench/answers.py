"""Reader 7: one path of the register API over HTTP, again and again. Told: address, token, path, seconds."""

import http.client
from time import perf_counter
from urllib.parse import urlsplit

from tests.bench.writing import Stint, tell, told


def main() -> None:
    """Ask as long as is wanted, and tell."""
    wanted = told()
    address = urlsplit(wanted["address"])
    assert address.hostname is not None
    connection = http.client.HTTPConnection(address.hostname, address.port)
    stint = Stint(wanted["seconds"], wanted.get("most") or 10_000)
    while stint.goes_on():
        sent = perf_counter()
        connection.request("GET", wanted["path"], headers={"Authorization": f"Bearer {wanted['token']}"})
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body[:1000]
        stint.answered(sent, 1)
    tell(stint)


if __name__ == "__main__":
    main()
