"""The example in docs/adding-an-adapter.md does what the page says."""

from __future__ import annotations

import importlib.util
import io
import re
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from integrations import registry
from integrations.stores.base import Setting
from orders import incoming

PAGE = Path(__file__).resolve().parent.parent / "docs" / "adding-an-adapter.md"
FILE = "Bon;Tag;Artikel;Summe\n17;20.11.2026;Tee;3,50\n18;20.11.2026;Mug;eight\n19;21.11.2026;Mug;8,00\n"


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> type:
    """The reader of the page, put into a file and registered for one test."""
    monkeypatch.setattr(registry, "_layouts", dict(registry.layouts()))
    path = tmp_path / "cornershop.py"
    path.write_text(re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)[0])
    spec = importlib.util.spec_from_file_location("cornershop", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "cornershop", module)
    spec.loader.exec_module(module)
    return registry.layouts()["cornershop-orders-csv"]


def test_the_reader_on_the_page_reads_its_file_and_refuses_a_row_in_words(example: type) -> None:
    reader = example()
    assert reader.recognises(FILE.encode(), "orders.csv")
    assert not reader.recognises(b"Name,Email,Total\n", "orders.csv")
    first, refused, last = reader.read(io.BytesIO(FILE.encode()), Setting(currency="EUR", time_zone="Europe/Berlin"))
    assert isinstance(first, incoming.Order)
    assert (first.number, first.totals.total, last.number) == ("17", Decimal("3.50"), "19")
    assert isinstance(refused, incoming.Refusal)
    assert (refused.number, refused.where) == ("18", "row 3")
    assert "“eight” is not a number" in refused.reason


@pytest.mark.parametrize("path", re.findall(r"`((?:tests|integrations|orders)/[\w/]+\.py)`", PAGE.read_text()))
def test_every_file_that_the_page_names_is_there(path: str) -> None:
    assert (PAGE.parent.parent / path).is_file()
