"""Records are frozen, compare by what they say, and are made with their defaults, as those of the standard library."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import pytest

from orders.frozen import record


@record
class Pair:
    first: str
    second: int = 2
    others: list[str] = dataclasses.field(default_factory=list)


def test_a_record_is_frozen_once_it_is_made() -> None:
    pair = Pair(first="a")
    assert type(pair) is Pair
    with pytest.raises(AttributeError):
        pair.first = "b"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        del pair.first  # type: ignore[misc]


def test_a_record_has_its_defaults_and_a_list_of_its_own() -> None:
    assert (Pair(first="a").second, Pair(first="a").others) == (2, [])
    assert Pair(first="a").others is not Pair(first="a").others


def test_what_is_missing_or_unknown_is_refused() -> None:
    with pytest.raises(TypeError, match="first"):
        Pair()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="third"):
        Pair(first="a", third=3)  # type: ignore[call-arg]


def test_records_are_copied_replaced_and_stored_as_data_classes_are() -> None:
    pair = Pair(first="a", second=3)
    assert dataclasses.replace(pair, second=4) == Pair(first="a", second=4)
    for same in (copy.deepcopy(pair), pickle.loads(pickle.dumps(pair))):  # noqa: S301
        assert same == pair
        assert type(same) is Pair
    assert repr(pair) == "Pair(first='a', second=3, others=[])"
