"""Ports for programs that are told where to listen, which nobody else is given meanwhile."""

import random
import socket

# Below those that the kernel hands out by itself: one that is free stays so until who is told of it listens.
_OURS = range(20_000, 30_000)
_untold = iter(random.SystemRandom().sample(_OURS, len(_OURS)))


def free_port() -> int:
    """Give a port of 127.0.0.1 that nothing listens on, each but once."""
    while True:
        port = next(_untold)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
