"""Serves one application over HTTP, the same way everywhere: `python -m kit.serve PACKAGE.MODULE:FACTORY HOST PORT`."""

import sys

import uvicorn

from kit.patience import Patient

GRACE_SECONDS = 5
"""Seconds that a service which is stopped gives the requests it has."""


def serve(app: str, host: str, port: int) -> None:
    """Serve what the factory `app` makes until the process is told to end."""
    uvicorn.run(
        app,
        factory=True,
        host=host,
        port=port,
        http=Patient,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2], int(sys.argv[3]))
