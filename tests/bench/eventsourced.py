"""Writer 3: the same entries through `insert_events` of the package `eventsourcing`: four threads, 30 events a call.

Its own factory makes the recorder with its default settings; a stream is a school's. Told: recorder (application or
aggregate), turn (streams are new in each), host, port, user, password, dbname, schools (how many), most, seconds.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from time import perf_counter
from uuid import UUID

from eventsourcing.persistence import InfrastructureFactory, StoredEvent
from eventsourcing.utils import Environment

from tests.bench.world import CLASS_OF, ClassRegister, registers
from tests.bench.writing import Stint, tell, told

THREADS = 4


def stored(register: ClassRegister, turn: int, version: int) -> list[StoredEvent]:
    """Give a register as events of its school's stream, the last before them having `version`."""
    marks = zip(register.pupils, register.codes(), strict=True)
    return [
        StoredEvent(
            UUID(int=turn << 32 | register.school),
            version + at,
            "rollbook.ledger:MarkEntered",
            json.dumps(
                {
                    "pupil_no": pupil,
                    "date": register.on.isoformat(),
                    "session": register.session,
                    "version": 1,
                    "code": code,
                    "made_at": 1_757_322_000_000_000,
                    "made_by": register.klass,
                    "client": 1,
                    "source": "live",
                },
                separators=(",", ":"),
            ).encode(),
        )
        for at, (pupil, code) in enumerate(marks, 1)
    ]


def main() -> None:
    """Write what is wanted, and tell."""
    wanted = told()
    settings = {
        f"POSTGRES_{name.upper()}": str(wanted[name]) for name in ("host", "port", "user", "password", "dbname")
    }
    module = {"PERSISTENCE_MODULE": "eventsourcing.postgres"}
    factory = InfrastructureFactory.construct(Environment(f"bench_{wanted['recorder']}", {**module, **settings}))
    recorder = getattr(factory, f"{wanted['recorder']}_recorder")()
    versions: Counter[int] = Counter()
    shares: list[list[Sequence[StoredEvent]]] = [[] for _ in range(THREADS)]
    for register, _ in zip(registers(wanted["schools"], 0), range(wanted["most"]), strict=False):
        # A school is one thread's own: two would only run into each other's versions.
        shares[register.school % THREADS].append(stored(register, wanted["turn"], versions[register.school]))
        versions[register.school] += CLASS_OF
    stint, counting = Stint(wanted["seconds"], wanted["most"]), Lock()

    def write(share: Iterator[Sequence[StoredEvent]]) -> None:
        for events in share:
            with counting:
                if not stint.goes_on():
                    return
            sent = perf_counter()
            recorder.insert_events(events)
            with counting:
                stint.answered(sent, len(events))

    with ThreadPoolExecutor(THREADS) as threads:
        for written in [threads.submit(write, iter(share)) for share in shares]:
            written.result()
    factory.close()
    tell(stint)


if __name__ == "__main__":
    main()
