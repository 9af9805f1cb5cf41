"""Adapters and layouts are found by themselves, and their options are typed from texts."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest

from integrations import registry
from integrations.errors import Misconfigured


@pytest.fixture(autouse=True)
def shelves(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is gone after it."""
    monkeypatch.setattr(registry, "_adapters", dict(registry.adapters()))
    monkeypatch.setattr(registry, "_layouts", dict(registry.layouts()))


@pytest.fixture
def sample() -> type:
    """An adapter with an option of every type."""

    @registry.adapter("sample")
    class Sample:
        @dataclass(frozen=True, slots=True, kw_only=True)
        class Options:
            folder: Path
            title: str = "Books"
            port: int = 443
            limit: Decimal = Decimal("0.05")
            sandbox: bool = False
            company: int | None = None
            token: str = field(default="", metadata={"secret": True})

    return Sample


def test_every_decorated_class_in_a_file_of_its_folder_is_found() -> None:
    assert "beancount" in registry.adapters()
    assert list(registry.adapters()) == sorted(registry.adapters())
    assert registry.find("beancount") is registry.adapters()["beancount"]


def test_an_unknown_kind_is_refused_with_the_kinds_there_are() -> None:
    with pytest.raises(Misconfigured, match="no adapter “quickbucks”") as caught:
        registry.find("quickbucks")
    assert "beancount" in caught.value.fix


def test_texts_become_typed_options(sample: type) -> None:
    texts = {"folder": "/srv/books", "port": " 8069", "limit": "0.10", "sandbox": "Yes", "company": "3", "token": "x"}
    options = registry.options("sample", texts)
    assert (options.folder, options.title, options.port, options.limit) == (
        Path("/srv/books"),
        "Books",
        8069,
        Decimal("0.10"),
    )
    assert (options.sandbox, options.company, options.token) == (True, 3, "x")


def test_a_blank_option_counts_as_not_given(sample: type) -> None:
    assert registry.options("sample", {"folder": "/srv/books", "title": " ", "company": ""}).title == "Books"
    with pytest.raises(Misconfigured, match="needs the option “folder”"):
        registry.options("sample", {"folder": " "})


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("port", "https", "“https” is not a whole number"),
        ("limit", "a lot", "“a lot” is not a number"),
        ("limit", "NaN", "“NaN” is not a number"),
        ("sandbox", "maybe", "“maybe” is not yes or no"),
        ("colour", "red", "has no option “colour”"),
    ],
)
def test_an_option_that_does_not_fit_is_named_with_its_value(sample: type, name: str, text: str, words: str) -> None:
    with pytest.raises(Misconfigured, match=words) as caught:
        registry.options("sample", {"folder": "/srv/books", name: text})
    assert caught.value.fix


def test_secret_options_are_known(sample: type) -> None:
    assert registry.secret_names("sample") == {"token"}
    assert registry.secret_names("beancount") == frozenset()


def test_a_kind_belongs_to_one_class(sample: type) -> None:
    with pytest.raises(ValueError, match="registered twice"):
        registry.adapter("sample")(type("Other", (), {}))
    assert registry.adapter("sample")(sample) is sample


def test_a_layout_is_registered_under_its_name() -> None:
    @registry.layout
    class Sample:
        name = "sample-orders"

    assert registry.layouts()["sample-orders"] is Sample
