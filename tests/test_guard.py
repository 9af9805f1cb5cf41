"""No text becomes a formula in a spreadsheet, and every text comes back as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.resources.guard import FORMULA, guarded, unguarded

BEGINNINGS = st.text(alphabet="'=+-@\t\r\n\uff1d\uff0b\uff0d\uff20 aZ0", max_size=6)
TEXTS = st.text() | st.builds(str.__add__, BEGINNINGS, st.text())


@given(TEXTS)
def test_a_guarded_text_comes_back_as_it_was(text: str) -> None:
    assert unguarded(guarded(text)) == text


@given(TEXTS)
def test_no_guarded_text_begins_like_a_formula(text: str) -> None:
    assert guarded(text)[:1] not in FORMULA


@given(TEXTS, TEXTS)
def test_two_texts_are_never_guarded_into_one(one: str, other: str) -> None:
    assert (guarded(one) == guarded(other)) == (one == other)


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("'t Hooft", "''t Hooft"),
        ("=1+1", "'=1+1"),
        ("+44 20 7946 0000", "'+44 20 7946 0000"),
        ("-", "'-"),
        ("@home", "'@home"),
        ("\t=1", "'\t=1"),
        ("\uff1dSUM(A1)", "'\uff1dSUM(A1)"),
        ("'=1", "''=1"),
        ("'", "''"),
        ("000123", "000123"),
        ("", ""),
    ],
)
def test_what_stands_in_the_cell(text: str, cell: str) -> None:
    assert guarded(text) == cell


@pytest.mark.parametrize("typed", ["'t Hooft", "''", "plain", ""])
def test_a_text_that_somebody_typed_by_hand_stays_readable(typed: str) -> None:
    assert unguarded(typed) == {"''": "'"}.get(typed, typed)
