"""The checks that recur: exactly one of several columns, and amounts down to the currency's minor unit and no further."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Func, Q


class CurrencyExponent(Func):
    """The database's own table of minor units (function `currency_exponent`)."""

    function = "currency_exponent"
    output_field = models.IntegerField()


class Round(Func):
    function = "round"
    output_field = models.DecimalField(max_digits=20, decimal_places=6)


def exact(name: str, *fields: str) -> models.CheckConstraint:
    """A constraint: these columns have no part below the minor unit of the row's `currency`."""
    condition = Q()
    for field in fields:
        condition &= Q(**{field: Round(F(field), CurrencyExponent("currency"))})
    return models.CheckConstraint(name=name, condition=condition)


def one_of(name: str, *fields: str) -> models.CheckConstraint:
    """A constraint: exactly one of these columns is set."""
    counted = Func(*fields, function="num_nonnulls", output_field=models.IntegerField())
    return models.CheckConstraint(name=name, condition=Q(NumNonNullsIsOne(counted)))


class NumNonNullsIsOne(Func):
    """`num_nonnulls(…) = 1` as a boolean expression."""

    template = "(%(expressions)s = 1)"
    output_field = models.BooleanField()
    conditional = True
