"""The only place that rounds and allocates: every amount that leaves ordersync obeys its currency's minor unit."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

ZERO = Decimal(0)
STORE_PLACES = 6  # a store's amounts are kept as numeric(20,6), untouched

# ISO 4217, active codes whose minor unit is not two decimals. The SQL function `currency_exponent` holds the same table; a test compares them.
UNUSUAL_EXPONENTS: dict[str, int] = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0, "UYI": 0,
    "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
    "CLF": 4, "UYW": 4,
}  # fmt: skip


def exponent(currency: str) -> int:
    """Number of decimals of the currency's minor unit: JPY 0, EUR 2, KWD 3."""
    return UNUSUAL_EXPONENTS.get(currency, 2)


@functools.lru_cache(maxsize=512)
def minor_unit(currency: str) -> Decimal:
    """The smallest amount of the currency: 0.01 for EUR, 1 for JPY."""
    return Decimal(1).scaleb(-exponent(currency))


def rounded(amount: Decimal, currency: str) -> Decimal:
    """The amount to the currency's exponent, half up (away from zero): 0.125 EUR becomes 0.13."""
    unit = minor_unit(currency)
    return amount if amount.same_quantum(unit) else amount.quantize(unit, ROUND_HALF_UP)


def kept(amount: Decimal) -> Decimal:
    """The amount to the six decimals that are kept of what a store says, half up; unchanged if it has no more."""
    if _decimals(amount) <= STORE_PLACES:
        return amount
    return amount.quantize(Decimal(1).scaleb(-STORE_PLACES), ROUND_HALF_UP)


def figure(amount: Decimal | int) -> str:
    """The number without empty decimals, never in scientific notation: 1.000000 is “1”, as it is before it was ever stored."""
    return f"{Decimal(amount).normalize():f}"


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
    if not left:
        return parts
    order = sorted(range(len(weights)), key=lambda i: (-abs(exact[i] - parts[i]), i))
    for i in order[: abs(left)]:
        parts[i] += unit.copy_sign(amount)
    return parts


def _decimals(amount: Decimal) -> int:
    places = amount.as_tuple().exponent
    return -places if isinstance(places, int) else 0
