"""Writer 9: `rollbook rebuild` of every school, as the command does it.

Told: url (of the owner), same (whether the live models must have been what is made anew, or there were none).
"""

from time import perf_counter

import uvloop

from analytics_worker.rebuilding import Rebuilt
from onebox import rebuild
from tests.bench.writing import Stint, tell, told


async def main() -> None:
    """Rebuild, and tell."""
    wanted = told()
    stint = Stint(0.0, 1, warm_up=0.0)
    events = 0

    def done(_: str, rebuilt: Rebuilt, __: int) -> None:
        nonlocal events
        assert (rebuilt.same, rebuilt.is_new) == (True, not wanted["same"]), rebuilt
        events += rebuilt.seq

    sent = perf_counter()
    await rebuild.rebuild(wanted["url"], None, done)
    stint.answered(sent, events, perf_counter())
    tell(stint)


if __name__ == "__main__":
    uvloop.run(main())
