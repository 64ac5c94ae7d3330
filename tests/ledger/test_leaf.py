"""Leaves are fixed for ever: golden vectors, and an independent writer of RFC 8785."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, time

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from ledger.leaf import ChangeLeaf, MarkLeaf, change_bytes, commitment, mark_bytes, nonce, person, seal
from ledger.tree import leaf_hash

KEY = bytes(range(32))
MARK = MarkLeaf(
    register="6f2d0c0e-4c43-4f6e-9a55-0d6c7d5f3a11",
    seq=412,
    pupil_no=7,
    date=date(2026, 9, 7),
    session="AM",
    version=2,
    original_code="N",
    code="I",
    arrived_at=None,
    made_at=datetime(2026, 9, 7, 9, 40, tzinfo=UTC),
    recorded_at=datetime(2026, 9, 7, 9, 40, 1, 250, tzinfo=UTC),
    source="live",
    made_by=commitment(bytes(16), person("B. Office", "Attendance officer")),
    client=commitment(bytes(16), "a-mis"),
    reason=commitment(bytes(16), "Parent telephoned at 09:40: sickness"),
)
CHANGE = ChangeLeaf(
    register=MARK.register,
    seq=3,
    kind="roll-changed",
    subject="pupil:7",
    made_at=MARK.made_at,
    recorded_at=MARK.recorded_at,
    made_by=None,
    client=MARK.client,
    body=commitment(bytes(16), "{}"),
)

GOLDEN_MARK = (
    b'{"arrived_at":null,"by_system":null,"client":"0f13b50602460f1d753077b19536c7a025605d2ad4c95df2b02cf3'
    b'99a9399b23","code":"I","date":"2026-09-07","kind":"mark-amended","made_at":1788774000000000,"made_by'
    b'":"a1d06f97ce9b6aacd0c1470c03a366094cb7424921b7ac351d78638642ed85f4","nature":null,"nonce":"09ff0915'
    b'280a195b4a2c33c794ccb6c2","original_code":"N","pupil_no":7,"reason":"ff560f0a0ee54b5bb64110d183b93e2'
    b'ddceeaaa042c1e57da846c484935bf0e5","recorded_at":1788774001000250,"register":"6f2d0c0e-4c43-4f6e-9a5'
    b'5-0d6c7d5f3a11","seq":412,"session":"AM","source":"live","v":1,"version":2}'
)
GOLDEN_CHANGE = (
    b'{"body":"333b13ff02f57ae18049b82ca66f37592c5a3d8fd54e44e23ae5c7085c24fd2a","client":"0f13b50602460f1'
    b'd753077b19536c7a025605d2ad4c95df2b02cf399a9399b23","kind":"roll-changed","made_at":1788774000000000,'
    b'"made_by":null,"reason":null,"recorded_at":1788774001000250,"register":"6f2d0c0e-4c43-4f6e-9a55-0d6c'
    b'7d5f3a11","seq":3,"subject":"pupil:7","v":1}'
)


def test_the_leaf_of_an_amendment_is_the_golden_one() -> None:
    assert mark_bytes(MARK, KEY) == GOLDEN_MARK
    assert leaf_hash(GOLDEN_MARK).hex() == "b16205eec09df55711873e6a1d89a405d30ba09fc359129b401ced1dac10a4a2"


def test_the_leaf_of_a_change_is_the_golden_one() -> None:
    assert change_bytes(CHANGE) == GOLDEN_CHANGE
    assert leaf_hash(GOLDEN_CHANGE).hex() == "c9512782e2c7f86a6a411e57cce64816582a9a803ae324420e5f60ca8f6c985b"


@pytest.mark.parametrize("leaf", [mark_bytes(MARK, KEY), change_bytes(CHANGE)])
def test_a_leaf_is_canonical_json_of_strings_integers_and_null(leaf: bytes) -> None:
    read = json.loads(leaf)
    assert rfc8785.dumps(read) == leaf
    assert {type(value) for value in read.values()} <= {str, int, type(None)}


@given(
    st.integers(1, 2**53 - 1),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=4),
    st.times(),
    st.datetimes(datetime(2006, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
)
def test_any_leaf_is_what_an_independent_writer_makes_of_it(seq: int, code: str, at: time, made_at: datetime) -> None:
    leaf = mark_bytes(replace(MARK, seq=seq, code=code, arrived_at=at, made_at=made_at), KEY)
    assert rfc8785.dumps(json.loads(leaf)) == leaf


def test_the_first_entry_and_an_amendment_differ_in_kind() -> None:
    first = json.loads(mark_bytes(replace(MARK, version=1, original_code=None), KEY))
    assert first["kind"] == "mark-entered"
    assert json.loads(GOLDEN_MARK)["kind"] == "mark-amended"


def test_the_nonce_depends_on_the_key_and_on_the_position() -> None:
    assert len({nonce(KEY, 1), nonce(KEY, 2), nonce(bytes(32), 1)}) == 3
    assert len(bytes.fromhex(nonce(KEY, 1))) == 16


def test_no_text_or_person_stands_in_a_leaf() -> None:
    for words in (b"telephoned", b"Office", b"a-mis"):
        assert words not in GOLDEN_MARK


def test_a_seal_opens_with_its_own_salt_and_text_alone() -> None:
    sealed = seal("Parent telephoned")
    assert commitment(sealed.salt, sealed.text) == sealed.commitment
    assert commitment(sealed.salt, "Parent wrote") != sealed.commitment
    assert seal("Parent telephoned").commitment != sealed.commitment


def test_a_leaf_whose_key_has_been_destroyed_cannot_be_guessed_from_the_rest() -> None:
    guesses = {mark_bytes(replace(MARK, code=code), bytes(32)) for code in ("/", "I", "N", "O")}
    assert GOLDEN_MARK not in guesses
