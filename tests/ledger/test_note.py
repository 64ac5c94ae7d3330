"""A checkpoint is a signed note of the C2SP: an independent library, where one is installed, accepts it."""

import importlib.util

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import example, given
from hypothesis import strategies as st

from ledger import note
from ledger.note import NotANote, PublicKey, SigningKey

FIRST, SECOND, STRANGER = (
    SigningKey("rollbook.example/register", Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32)) for n in (1, 2, 3)
)
ROOT = bytes(range(32))


def test_a_note_says_what_was_written_and_is_signed_by_its_key() -> None:
    read = note.read(note.write("rollbook.example/register", 27, ROOT, [FIRST]))
    assert (read.origin, read.size, read.root) == ("rollbook.example/register", 27, ROOT)
    assert read.signed_by([SECOND.public]) is None
    assert read.signed_by([SECOND.public, FIRST.public]) == FIRST.public


def test_while_a_key_takes_the_place_of_another_both_sign() -> None:
    read = note.read(note.write("rollbook.example/register", 27, ROOT, [FIRST, SECOND]))
    assert [read.signed_by([key.public]) for key in (FIRST, SECOND)] == [FIRST.public, SECOND.public]


@given(st.integers(-400, 400), st.integers(1, 255))
@example(at=-1, by=1)  # the last line's end becomes another sort of line's end
@example(at=-3, by=1)  # the last character before the padding, in the bits that base64 leaves over
def test_a_note_changed_anywhere_is_not_one_or_is_not_signed(at: int, by: int) -> None:
    written = note.write("rollbook.example/register", 27, ROOT, [FIRST]).encode()
    at %= len(written)
    try:
        read = note.read((written[:at] + bytes([written[at] ^ by]) + written[at + 1 :]).decode())
    except (NotANote, UnicodeDecodeError):
        return
    assert read.signed_by([FIRST.public]) is None


def test_a_public_key_is_read_as_it_is_published() -> None:
    assert PublicKey.parse(f"{FIRST.public}\n") == FIRST.public


@pytest.mark.parametrize("wrong", ["", "name", "a+00000000+AQ==", "a+00000000+" + "A" * 44, str(FIRST.public)[:-3]])
def test_what_is_no_public_key_is_refused(wrong: str) -> None:
    with pytest.raises(NotANote):
        PublicKey.parse(wrong)


def test_an_independent_library_accepts_the_note() -> None:
    if importlib.util.find_spec("aics_tlog") is None:
        pytest.skip("NOT CHECKED: no independent reader of signed notes is installed (aics-tlog, from Python 3.12 on)")
    checkpoint, keys = importlib.import_module("aics_tlog.checkpoint"), importlib.import_module("aics_tlog.note")
    written = keys.parse_note(note.write("rollbook.example/register", 27, ROOT, [FIRST, SECOND]))
    assert checkpoint.verify_checkpoint(written, keys.parse_vkey(str(FIRST.public))).ok
    assert not checkpoint.verify_checkpoint(written, keys.parse_vkey(str(STRANGER.public))).ok
    assert checkpoint.checkpoint_from_note(written)[0].root == ROOT
