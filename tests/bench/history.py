"""Writer 8: a school year of history over HTTP, 50,000 lines a request. Told: address, urn, token, classes, lines."""

import http.client
import json
from time import perf_counter
from urllib.parse import urlsplit

from tests.bench import past
from tests.bench.writing import Stint, tell, told

LINES = 50_000


def main() -> None:
    """Send the whole year once, and tell; every line must be taken."""
    wanted = told()
    lines = past.ndjson(wanted["classes"], wanted["lines"])
    bodies = [lines[at : at + LINES] for at in range(0, len(lines), LINES)]
    requests = [(b"".join(body), len(body)) for body in bodies]
    address = urlsplit(wanted["address"])
    assert address.hostname is not None
    connection = http.client.HTTPConnection(address.hostname, address.port)
    headers = {"Authorization": f"Bearer {wanted['token']}", "Content-Type": "application/x-ndjson"}
    connection.connect()
    stint = Stint(wanted["seconds"], len(requests), warm_up=0.0)
    for body, count in requests:
        sent = perf_counter()
        connection.request("POST", f"/v1/schools/{wanted['urn']}/history", body, headers)
        answer = connection.getresponse()
        outcome = json.loads(answer.read())
        assert answer.status == 200, outcome
        assert outcome["entered"] + outcome["amended"] == count, {**outcome, "outcomes": outcome["outcomes"][:3]}
        stint.answered(sent, count)
    tell(stint)


if __name__ == "__main__":
    main()
