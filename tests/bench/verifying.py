"""Reader 8: the check of an export, offline, by the whole command or by the function alone.

Told: export, checkpoint, key (paths), whole (whether by a new process of the command), events (in the file), seconds.
"""

import subprocess
import sys
from pathlib import Path
from time import perf_counter

from onebox.verify import verify
from tests.bench.writing import Stint, tell, told

COMMAND = "from onebox.cli import main; raise SystemExit(main())"


def main() -> None:
    """Check as long as is wanted, and tell."""
    wanted = told()
    export, checkpoint, key = wanted["export"], wanted["checkpoint"], wanted["key"]
    command = [sys.executable, "-c", COMMAND, "verify", export, "--checkpoint", checkpoint, "--key", key]
    stint = Stint(wanted["seconds"], wanted.get("most") or 10_000, warm_up=0.0)
    while stint.goes_on():
        sent = perf_counter()
        if wanted["whole"]:
            subprocess.run(command, check=True, capture_output=True)
        else:
            verify([Path(export)], Path(checkpoint), Path(key), None)
        stint.answered(sent, wanted["events"])
    tell(stint)


if __name__ == "__main__":
    main()
