"""The mapping file: what the columns, codes and dates of another system's export mean, in TOML."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from codes.book import known
from register_api.history_lines import MEMBERS, Form


class HistoryFailed(Exception):
    """History could not be imported, or not all of it; the message says why, and what to do."""


_SETTINGS = frozenset({"pupil_is", "dates", "encoding", "local_times", "delimiter", "ignore"})
_TABLES = frozenset({"columns", "constants", "codes", "sessions", "layout"})
_CHOICES = {
    "pupil_is": ("pupil", "upn"),
    "dates": ("yyyy-mm-dd", "dd/mm/yyyy"),
    "encoding": ("utf-8", "windows-1252"),
    "local_times": (False, True),
    "delimiter": (",", ";", "\t", "|"),
}


def form_of(file: Path, mapping: Path | None) -> Form:
    """Give how a file of history is to be read: by its name, its first byte, and the mapping. Raises HistoryFailed."""
    said = _read(mapping) if mapping is not None else {}
    kind = "ndjson" if file.suffix in (".ndjson", ".jsonl") else "csv"
    if file.suffix not in (".csv", ".txt", ".ndjson", ".jsonl"):
        with file.open("rb") as opened:
            kind = "ndjson" if opened.read(64).lstrip(b"\xef\xbb\xbf \r\n").startswith(b"{") else "csv"
    if kind == "ndjson":
        return Form("ndjson")
    columns = {_member(name): column for name, column in said.get("columns", {}).items()}
    if len(set(columns.values())) != len(columns):
        raise HistoryFailed("The mapping names one column for two things.")
    return Form(
        "csv",
        encoding=said.get("encoding", "utf-8"),
        dates=said.get("dates", "yyyy-mm-dd"),
        local=said.get("local_times", False),
        delimiter=said.get("delimiter", ","),
        columns=columns,
        by_upn=said.get("pupil_is") == "upn",
        ignored=frozenset(said.get("ignore", ())),
        constants={_member(name): text for name, text in said.get("constants", {}).items()},
        codes=said.get("codes", {}),
        sessions={"AM": "AM", "PM": "PM", **said.get("sessions", {})},
        layout={name.upper(): column for name, column in said.get("layout", {}).items()},
    )


def _member(name: str) -> str:
    if name not in MEMBERS:
        raise HistoryFailed(f"The mapping speaks of {name!r}; a line has {', '.join(MEMBERS)}.")
    return name


def _read(path: Path) -> Mapping[str, Any]:
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise HistoryFailed(f"{path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise HistoryFailed(f"{path} is not TOML: {error}.") from error
    for name, value in said.items():
        if name in _TABLES:
            if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
                raise HistoryFailed(f"In the mapping [{name}] is a table of texts.")
        elif name not in _SETTINGS:
            raise HistoryFailed(f"The mapping has no {name!r}; it has {', '.join(sorted(_SETTINGS | _TABLES))}.")
        elif name == "ignore":
            if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
                raise HistoryFailed("In the mapping `ignore` is a list of columns.")
        elif value not in _CHOICES[name] or isinstance(value, bool) != (name == "local_times"):
            raise HistoryFailed(f"In the mapping {name!r} is one of {', '.join(map(repr, _CHOICES[name]))}.")
    for code in said.get("codes", {}).values():
        if code and not known(code):
            raise HistoryFailed(f"In the mapping [codes] leads to {code!r}, which was never a code of the register.")
    if set(said.get("sessions", {}).values()) - {"AM", "PM"}:
        raise HistoryFailed("In the mapping [sessions] leads to AM or PM.")
    if said.get("layout") and said["layout"].keys() != {"am", "pm"}:
        raise HistoryFailed("In the mapping [layout] names the columns of `am` and `pm`.")
    return said
