"""The two streams of an exported register's file, in whichever form they are: leaves, and the texts beside them."""

from collections.abc import Iterator

from ledger import parquet
from ledger.archive import STREAMS, Reading


def leaves(file: Reading) -> Iterator[bytes]:
    """Give the exact bytes of each leaf, in the order of the file."""
    name = STREAMS[file.form][0]
    if file.form == "ndjson":
        return file.lines(name)
    return parquet.leaves(file.open(name), file.manifest.lines[name])


def texts(file: Reading) -> Iterator[bytes]:
    """Give the texts of each event, as the line of NDJSON that has them."""
    name = STREAMS[file.form][1]
    if file.form == "ndjson":
        return file.lines(name)
    return parquet.texts(file.open(name), file.manifest.lines[name])
