"""Rounding and allocating: to the currency's minor unit, half up, and never a cent lost."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders import money

CURRENCIES = st.sampled_from(["EUR", "USD", "JPY", "KWD", "CLF"])
AMOUNTS = st.decimals(min_value=-(10**9), max_value=10**9, places=6)
WEIGHTS = st.lists(st.decimals(min_value=0, max_value=10**6, places=4), min_size=1, max_size=30)


def exact(amount: Decimal, currency: str) -> Decimal:
    return money.rounded(amount, currency)


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("0.125", "EUR", "0.13"),
        ("-0.125", "EUR", "-0.13"),
        ("0.124999", "EUR", "0.12"),
        ("0.5", "JPY", "1"),
        ("1.0005", "KWD", "1.001"),
        ("0.00005", "CLF", "0.0001"),
    ],
)
def test_halves_are_rounded_away_from_zero(amount: str, currency: str, expected: str) -> None:
    assert money.rounded(Decimal(amount), currency) == Decimal(expected)


@given(AMOUNTS, CURRENCIES)
def test_rounding_moves_an_amount_by_at_most_half_a_unit_and_only_once(amount: Decimal, currency: str) -> None:
    rounded = money.rounded(amount, currency)
    assert abs(rounded - amount) <= money.minor_unit(currency) / 2
    assert money.rounded(rounded, currency) == rounded
    assert money.is_exact(rounded, currency)
    assert money.rounded(-amount, currency) == -rounded


@given(AMOUNTS, WEIGHTS, CURRENCIES)
def test_the_parts_make_the_whole_each_within_a_unit_of_its_share_and_none_turned(
    amount: Decimal, weights: list[Decimal], currency: str
) -> None:
    whole, unit = exact(amount, currency), money.minor_unit(currency)
    parts = money.allocate(whole, weights, currency)
    assert len(parts) == len(weights)
    assert money.total(parts) == whole
    for part, weight in zip(parts, weights, strict=True):
        assert money.is_exact(part, currency)
        assert part * whole >= 0, "a part has the sign of the whole"
        if sum(weights):
            assert abs(part - whole * weight / sum(weights)) < unit
            assert weight or not part, "nothing falls to what weighs nothing"


@given(AMOUNTS, WEIGHTS, CURRENCIES)
def test_a_loss_is_split_as_a_gain_is(amount: Decimal, weights: list[Decimal], currency: str) -> None:
    whole = exact(amount, currency)
    assert money.allocate(-whole, weights, currency) == [-part for part in money.allocate(whole, weights, currency)]


def test_the_earlier_part_wins_a_tie() -> None:
    assert money.allocate(Decimal("0.01"), [Decimal(1), Decimal(1)], "EUR") == [Decimal("0.01"), Decimal(0)]
    assert money.allocate(Decimal("10"), [Decimal(1)] * 3, "JPY") == [Decimal(4), Decimal(3), Decimal(3)]


def test_without_any_weight_the_first_part_takes_all() -> None:
    assert money.allocate(Decimal("5"), [Decimal(0), Decimal(0)], "EUR") == [Decimal(5), Decimal(0)]


def test_nothing_is_split_over_nothing_and_something_is_not() -> None:
    assert money.allocate(Decimal(0), [], "EUR") == []
    with pytest.raises(ValueError, match="over nothing"):
        money.allocate(Decimal(1), [], "EUR")


@pytest.mark.parametrize(("amount", "currency"), [("0.001", "EUR"), ("0.5", "JPY"), ("0.0001", "KWD")])
def test_an_amount_below_the_minor_unit_is_not_split(amount: str, currency: str) -> None:
    with pytest.raises(ValueError, match="cannot be split"):
        money.allocate(Decimal(amount), [Decimal(1)], currency)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=9))
def test_what_a_store_says_is_kept_to_six_decimals(amount: Decimal) -> None:
    kept = money.kept(amount)
    assert abs(kept - amount) <= Decimal("0.0000005")
    assert money.kept(kept) == kept


def test_what_a_store_says_is_kept_untouched_where_it_has_no_more_than_six_decimals() -> None:
    assert str(money.kept(Decimal("1.10"))) == "1.10"


def test_the_sum_of_nothing_is_a_decimal() -> None:
    assert isinstance(money.total([]), Decimal)
