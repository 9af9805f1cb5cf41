"""The only place that rounds and allocates: every amount that leaves ordersync obeys its currency's minor unit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

ZERO = Decimal(0)
STORE_PLACES = 6  # a store's amounts are kept as numeric(20,6), untouched

# ISO 4217, active codes whose minor unit is not two decimals. The SQL function `currency_exponent` holds the same table; a test compares them.
_EXPONENTS: dict[str, int] = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
    **dict.fromkeys(["CLF", "UYW"], 4),
}


def exponent(currency: str) -> int:
    """Number of decimals of the currency's minor unit: JPY 0, EUR 2, KWD 3."""
    return _EXPONENTS.get(currency, 2)


def unusual_exponents() -> dict[str, int]:
    """Every currency whose exponent is not 2, for the database function that must agree with this table."""
    return dict(_EXPONENTS)


def minor_unit(currency: str) -> Decimal:
    """The smallest amount of the currency: 0.01 for EUR, 1 for JPY."""
    return Decimal(1).scaleb(-exponent(currency))


def rounded(amount: Decimal, currency: str) -> Decimal:
    """The amount to the currency's exponent, half up (away from zero): 0.125 EUR becomes 0.13."""
    return amount.quantize(minor_unit(currency), ROUND_HALF_UP)


def kept(amount: Decimal) -> Decimal:
    """The amount to the six decimals that are kept of what a store says, half up; unchanged if it has no more."""
    return (
        amount
        if _decimals(amount) <= STORE_PLACES
        else amount.quantize(Decimal(1).scaleb(-STORE_PLACES), ROUND_HALF_UP)
    )


def is_exact(amount: Decimal, currency: str) -> bool:
    """True if the amount has no part below the currency's minor unit."""
    return rounded(amount, currency) == amount


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The sum as a Decimal, also of nothing."""
    return sum(amounts, ZERO)


def allocate(amount: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """Split `amount` in proportion to `weights`, exactly: the parts sum to `amount` (largest remainder, the earlier part on a tie).

    `amount` must be exact to the currency; weights are not negative. Weights that sum to zero give everything to the first part.
    Raises ValueError without weights (unless there is nothing to split) or for an amount below the minor unit.
    """
    if not is_exact(amount, currency):
        raise ValueError(f"{amount} {currency} cannot be split: it has more than {exponent(currency)} decimals")
    if not weights:
        if amount:
            raise ValueError(f"{amount} {currency} cannot be split over nothing")
        return []
    whole = total(weights)
    if not whole:
        return [amount, *[ZERO] * (len(weights) - 1)]
    unit = minor_unit(currency)
    exact = [amount * weight / whole for weight in weights]
    parts = [share.quantize(unit, ROUND_DOWN) for share in exact]
    left = int((amount - total(parts)) / unit)
    order = sorted(range(len(weights)), key=lambda i: (-abs(exact[i] - parts[i]), i))
    for i in order[: abs(left)]:
        parts[i] += unit.copy_sign(amount)
    return parts


def _decimals(amount: Decimal) -> int:
    places = amount.as_tuple().exponent
    return -places if isinstance(places, int) else 0
