"""Runs one service, and ends with the process that started it: `python -m onebox.serve APP PORT PARENT`.

A `rollbook up` that is killed outright cannot stop its services; they would hold their ports against the next. So
they are killed with it: what they had answered is committed, and what they had not was never promised.
"""

import ctypes
import os
import signal
import sys

from kit.serve import serve

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Serve the application factory APP (`package.module:function`) on PORT of 127.0.0.1."""
    app, port, parent = sys.argv[1:]
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent):  # it died before we asked to be told
        sys.exit(1)
    serve(app, "127.0.0.1", int(port))


if __name__ == "__main__":
    main()
