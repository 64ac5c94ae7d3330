"""The `rollbook` command: reads the command line, calls what does the work, and turns failures into exit codes.

0: done. 1: it could not be done, and standard error says why. 2: the command line makes no sense.
"""

import argparse
import asyncio
import json
import re
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from zipfile import is_zipfile

from rich.console import Console

from ledger.archive import ExchangeFailed
from onebox import clients, database, place, postgres, published, retention_commands, services, up, verify
from onebox.history_mapping import HistoryFailed

FAILURES = (
    postgres.DataInUse,
    postgres.ServerFailed,
    database.DatabaseFailed,
    services.PortInUse,
    services.ServiceFailed,
    up.DatabaseEnded,
    verify.DoesNotHold,
    clients.NoSuchClient,
    ExchangeFailed,
    HistoryFailed,
    published.PublishedFailed,
)
_HISTORY = (".csv", ".ndjson", ".jsonl", ".txt")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], None] = options.run
    try:
        run(options)
    except FAILURES as failure:
        print(f"rollbook: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rollbook",
        description="The statutory attendance register of schools in England, as an append-only record.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    where = argparse.ArgumentParser(add_help=False)
    where.add_argument(
        "--data", metavar="DIR", help="the data directory of this machine's own server (ROLLBOOK_DATA, else .data)"
    )
    where.add_argument(
        "--database-url",
        metavar="URL",
        help="postgresql://owner:password@host:port/name of a server that runs already (ROLLBOOK_DATABASE_URL)",
    )
    _add_up(commands, where)
    _add_clients(commands, where)
    retention_commands.add(commands, where)
    published.add(commands, where)
    _add_verify(commands)
    _add_export(commands, where)
    _add_import(commands, where)
    _add_rebuild(commands, where)
    return parser


def _add_up(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", where: argparse.ArgumentParser) -> None:
    command = commands.add_parser(
        "up",
        parents=[where],
        help="run everything on this machine",
        description="Run everything on this machine: database, migrations and both services, until Ctrl-C. "
        "A new register gets the demonstration.",
    )
    command.add_argument("--register-port", type=_port, default=8000, metavar="PORT", help="default 8000")
    command.add_argument("--analytics-port", type=_port, default=8001, metavar="PORT", help="default 8001")
    command.add_argument("--no-demo", dest="demo", action="store_false", help="leave a new register empty")
    command.set_defaults(run=_up)


def _add_clients(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", where: argparse.ArgumentParser
) -> None:
    group = commands.add_parser("clients", help="the programs that may call the API").add_subparsers(
        required=True, metavar="COMMAND"
    )
    command = group.add_parser(
        "add",
        parents=[where],
        help="add a client, and print its id and its secret",
        description="Add a client and print its client_id and client_secret as JSON. The secret is not shown again.",
    )
    command.add_argument("name", metavar="NAME", help="who it is, for people")
    command.add_argument("--scope", nargs="+", required=True, metavar="SCOPE", help="what it may do", action="extend")
    reach = command.add_mutually_exclusive_group(required=True)
    reach.add_argument("--school", nargs="+", type=_urn, metavar="URN", action="extend", help="reach these schools")
    reach.add_argument("--trust", metavar="UID", type=_trust, help="reach the schools of a trust")
    reach.add_argument("--la", metavar="CODE", type=_la_code, help="reach the schools of a local authority")
    reach.add_argument("--national", action="store_true", help="reach every school")
    command.set_defaults(run=_clients_add, usage_error=command.error)
    _add_client_acts(group, where)
    group = commands.add_parser("keys", help="the keys that tokens are signed with").add_subparsers(
        required=True, metavar="COMMAND"
    )
    command = group.add_parser("list", parents=[where], help="print every key, a line of JSON each, the newest first")
    command.set_defaults(run=_each_line, listed=clients.keys)
    command = group.add_parser(
        "retire", parents=[where], help="refuse from now on what a former key has signed (docs/operations.md)"
    )
    command.add_argument("named", metavar="KID")
    command.set_defaults(run=_on_one, act=clients.retire_key)


def _add_client_acts(
    group: "argparse._SubParsersAction[argparse.ArgumentParser]", where: argparse.ArgumentParser
) -> None:
    command = group.add_parser("list", parents=[where], help="print every client, a line of JSON each")
    command.set_defaults(run=_each_line, listed=clients.every)
    command = group.add_parser(
        "rotate",
        parents=[where],
        help="give a client a new secret, and print it",
        description="Give a client a new secret and print it as JSON. The one before is good for some hours longer.",
    )
    command.add_argument("client_id", metavar="CLIENT_ID")
    command.add_argument("--overlap", type=_hours, default=24, metavar="HOURS", help="default 24; 0: none")
    command.set_defaults(run=_clients_rotate)
    command = group.add_parser(
        "revoke", parents=[where], help="end a client: its tokens are refused within a second, for ever"
    )
    command.add_argument("named", metavar="CLIENT_ID")
    command.set_defaults(run=_on_one, act=clients.revoke)


def _add_verify(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "verify",
        help="check files of evidence and exports, offline",
        description="Check evidence of a pupil and exports of registers against a signed checkpoint, with nothing but "
        "these files and the public key. Exit code 0: all hold; 1: the first fault is named.",
    )
    command.add_argument("files", nargs="+", type=Path, metavar="FILE", help="evidence (JSON) or an export (zip)")
    command.add_argument(
        "--checkpoint", required=True, type=Path, metavar="FILE", help="a signed note, or a directory of them"
    )
    command.add_argument(
        "--key",
        required=True,
        type=Path,
        metavar="FILE",
        help="the public key, name+id+key; or what /v1/checkpoints/keys answers",
    )
    command.add_argument(
        "--certificate", type=Path, metavar="FILE", help="write the certificate of evidence that holds, to be printed"
    )
    command.set_defaults(
        run=lambda options: verify.run(options.files, options.checkpoint, options.key, options.certificate)
    )


def _add_export(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", where: argparse.ArgumentParser
) -> None:
    command = commands.add_parser(
        "export",
        parents=[where],
        help="write the whole register of a school to one file",
        description="Write the whole register of a school to one zip: manifest, events, texts, reference data and how "
        "it stood at the checkpoints. `rollbook import` takes it in elsewhere. It holds personal data and secrets.",
    )
    command.add_argument("--school", required=True, metavar="URN", type=_urn, help="the school")
    command.add_argument("--to", metavar="FILE", type=Path, help="default register-URN.zip")
    command.add_argument("--format", choices=("ndjson", "parquet"), default="ndjson", help="of events and texts")
    command.add_argument(
        *("--size",),
        nargs="+",
        type=_size,
        default=[],
        metavar="N",
        action="extend",
        help="checkpoints beside the latest",
    )
    command.set_defaults(run=_export)


def _add_import(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", where: argparse.ArgumentParser
) -> None:
    command = commands.add_parser(
        "import",
        parents=[where],
        help="take in a register that `rollbook export` wrote, or history from another system",
        description="Without --school: take in a whole register that another Rollbook exported: the same, root for "
        "root, or nothing. With --school: take in years of marks and amendments from CSV or NDJSON; every right line "
        "comes in, every wrong one is named in the report, and an import that was broken off goes on when it is run "
        "again. Exit code 0: every line is in; 1: some are not, or it broke off; 2: usage.",
    )
    command.add_argument("files", nargs="+", metavar="FILE", type=Path, help="an export (zip), or history")
    command.add_argument("--school", metavar="URN", type=_urn, help="the school that the history is of")
    command.add_argument("--mapping", metavar="FILE", type=Path, help="what the columns of a CSV mean (TOML)")
    command.add_argument("--report", metavar="FILE", type=Path, help="default FILE.report.csv; NDJSON by its name")
    command.set_defaults(run=_import, usage_error=command.error)


def _add_rebuild(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", where: argparse.ArgumentParser
) -> None:
    command = commands.add_parser(
        "rebuild",
        parents=[where],
        help="make the read models anew from the events, and compare them with the live ones",
        description="Make the read models of a school, or of all, anew from the first event, beside the live ones; "
        "compare them, say what differs, and put the new in their place. The services may go on meanwhile. "
        "Exit code 0: all were the same, or there were none; 1: some differed, and are right now.",
    )
    command.add_argument("--school", metavar="URN", type=_urn, help="this school alone")
    command.set_defaults(run=_rebuild)


def _up(options: argparse.Namespace) -> None:
    where = place.chosen(options.data, options.database_url)
    up.up(up.Wishes(where, options.register_port, options.analytics_port, options.demo), Console())


def _clients_add(options: argparse.Namespace) -> None:
    from kit.tokens import SCOPES  # here, because it takes the services' libraries with it, and `up` starts without

    for scope in options.scope:
        if scope not in SCOPES:
            options.usage_error(f"{scope} is not a scope; there are {', '.join(sorted(SCOPES))}")
    kind: clients.ReachKind
    if options.school:
        kind, reach = "schools", options.school
    elif options.trust:
        kind, reach = "trust", [options.trust]
    elif options.la:
        kind, reach = "authority", [options.la]
    else:
        kind, reach = "national", []
    with place.owner_url(place.chosen(options.data, options.database_url)) as url:
        print(json.dumps(asyncio.run(clients.add(url, options.name, options.scope, kind, reach))))


def _clients_rotate(options: argparse.Namespace) -> None:
    with place.owner_url(place.chosen(options.data, options.database_url)) as url:
        print(json.dumps(asyncio.run(clients.rotate(url, options.client_id, timedelta(hours=options.overlap)))))


def _each_line(options: argparse.Namespace) -> None:
    with place.owner_url(place.chosen(options.data, options.database_url)) as url:
        for one in asyncio.run(options.listed(url)):
            print(json.dumps(one, ensure_ascii=False))


def _on_one(options: argparse.Namespace) -> None:
    with place.owner_url(place.chosen(options.data, options.database_url)) as url:
        print(json.dumps(asyncio.run(options.act(url, options.named))))


def _export(options: argparse.Namespace) -> None:
    from onebox import exchange  # here, for the reason given above

    to = options.to or Path(f"register-{options.school}.zip")
    console = Console(stderr=True)
    with place.owner_url(place.chosen(options.data, options.database_url)) as url:
        leaving = exchange.leave(url, options.school, to, options.format, options.size, console)
        manifest = database.wait_for(leaving)
    print(json.dumps({"file": str(to), **{name: manifest[name] for name in ("register", "urn", "seq", "root")}}))
    print(
        f"{to} holds personal data and the keys that hide pupils in proofs: keep it as you keep the register.",
        file=sys.stderr,
    )


def _import(options: argparse.Namespace) -> None:
    if options.school is not None:
        _import_history(options)
        return
    if any(file.suffix in _HISTORY for file in options.files) or options.mapping or options.report:
        options.usage_error("history needs --school URN")
    if len(options.files) > 1:
        options.usage_error("one export at a time")
    from onebox import exchange  # here, for the reason given above

    with place.owner_url(place.chosen(options.data, options.database_url)) as url:
        manifest = database.wait_for(exchange.arrive(url, options.files[0], Console(stderr=True))).manifest
    arrived = {"register": manifest.register, "urn": manifest.urn, "seq": manifest.seq, "root": manifest.root.hex()}
    print(json.dumps(arrived))
    print("Clients do not travel: `rollbook clients add` makes those that may call here.", file=sys.stderr)


def _import_history(options: argparse.Namespace) -> None:
    from onebox import history_import  # here, for the reason given above

    if any(is_zipfile(file) for file in options.files):
        options.usage_error("an export is imported without --school: it is the whole register")
    report = options.report or options.files[0].with_name(f"{options.files[0].name}.report.csv")
    wishes = history_import.Wishes(options.files, options.school, options.mapping, report)
    with place.owner_url(place.chosen(options.data, options.database_url)) as url:
        history_import.run(url, wishes, Console(stderr=True))


def _rebuild(options: argparse.Namespace) -> None:
    from onebox import rebuild  # here, for the reason given above

    with place.owner_url(place.chosen(options.data, options.database_url)) as url:
        rebuild.run(url, options.school, Console(stderr=True))


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text} is not a port")
    return int(text)


def _hours(text: str) -> int:
    if not text.isdecimal() or int(text) > 24 * 31:
        raise argparse.ArgumentTypeError(f"{text} is not a number of hours, 744 at the most")
    return int(text)


def _urn(text: str) -> str:
    if not re.fullmatch(r"[0-9]{6}", text):
        raise argparse.ArgumentTypeError(f"{text} is not a URN, which has six digits")
    return text


def _size(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 2**62:
        raise argparse.ArgumentTypeError(f"{text} is not the size of a checkpoint")
    return int(text)


def _trust(text: str) -> str:
    if not re.fullmatch(r"[0-9]{1,6}", text):
        raise argparse.ArgumentTypeError(f"{text} is not the UID of a trust, which has digits only")
    return text


def _la_code(text: str) -> str:
    if not re.fullmatch(r"[0-9]{3}", text):
        raise argparse.ArgumentTypeError(f"{text} is not the code of an authority, which has three digits")
    return text


if __name__ == "__main__":
    sys.exit(main())
