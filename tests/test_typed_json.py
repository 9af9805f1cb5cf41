"""A scenario with a slip of the pen must fail by name, not be read as something else."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orders import incoming
from tests import typed_json


def test_a_misspelt_field_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="here: Address has no field town"):
        typed_json.record(incoming.Address, {"town": "Musterstadt"}, "here")


def test_an_amount_must_not_be_a_number_of_json() -> None:
    with pytest.raises(ValueError, match=r"here\.amount: 1\.5 must be written as text"):
        typed_json.record(incoming.Tax, {"title": "MwSt", "amount": 1.5}, "here")


def test_a_missing_field_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"here: .*'amount'"):
        typed_json.record(incoming.Tax, {"title": "MwSt"}, "here")


def test_an_empty_text_is_no_choice() -> None:
    with pytest.raises(ValueError, match=r"here\.kind: '' is no LineKind"):
        typed_json.record(incoming.Line, {"kind": "", "title": "Tea", "amount": "1.00"}, "here")


def test_optional_values_may_be_null() -> None:
    tax = typed_json.record(incoming.Tax, {"title": "MwSt", "amount": "1.60", "rate": None}, "here")
    assert tax == incoming.Tax(title="MwSt", amount=Decimal("1.60"))
