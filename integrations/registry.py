"""Finds every adapter and file layout by itself: a decorated class in a file of `stores/` or `accounting/` is all it takes."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import pkgutil
import types
import typing
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from integrations.errors import Misconfigured

T = TypeVar("T", bound=type)
_PACKAGES = ("integrations.accounting", "integrations.stores")
_adapters: dict[str, type] = {}
_layouts: dict[str, type] = {}


def adapter(kind: str) -> Callable[[T], T]:
    """Register a ledger or store adapter under `kind`. It is made as `cls(options, session)`, its `Options` a frozen dataclass.

    Raises ValueError if another class holds the kind.
    """

    def register(cls: T) -> T:
        return _register(_adapters, kind, cls)

    return register


def layout(cls: T) -> T:
    """Register a reader (integrations.stores.base.Reader) under its `name`. Raises ValueError if another class holds the name."""
    return _register(_layouts, typing.cast(str, cls.name), cls)  # type: ignore[attr-defined]


def adapters() -> Mapping[str, type]:
    """Every registered adapter by kind, sorted."""
    _discover()
    return dict(sorted(_adapters.items()))


def layouts() -> Mapping[str, type]:
    """Every registered reader by name, sorted."""
    _discover()
    return dict(sorted(_layouts.items()))


def find(kind: str) -> type:
    """The adapter of that kind. Raises Misconfigured, naming the kinds there are."""
    known = adapters()
    if kind not in known:
        raise Misconfigured(f"There is no adapter “{kind}”.", fix=f"Choose one of: {', '.join(known)}.")
    return known[kind]


def options(kind: str, values: Mapping[str, str]) -> Any:
    """The typed options of an adapter from texts (form, shell, database); a blank one counts as not given.

    Raises Misconfigured naming the option, the value and what is expected.
    """
    shape = find(kind).Options  # type: ignore[attr-defined]
    hints = typing.get_type_hints(shape)
    fields = {item.name: item for item in dataclasses.fields(shape)}
    values = {name: text for name, text in values.items() if text.strip()}
    if unknown := sorted(set(values) - set(fields)):
        raise Misconfigured(f"“{kind}” has no option “{unknown[0]}”.", fix=f"Its options are: {', '.join(fields)}.")
    for name, item in fields.items():
        if name not in values and item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING:
            raise Misconfigured(f"“{kind}” needs the option “{name}”.", fix=f"Set it with --set {name}=…")
    return shape(**{name: _typed(kind, name, hints[name], text) for name, text in values.items()})


def secret_names(kind: str) -> frozenset[str]:
    """The options that are secrets: fields declared with `field(metadata={"secret": True})`; they are stored encrypted."""
    shape = find(kind).Options  # type: ignore[attr-defined]
    return frozenset(item.name for item in dataclasses.fields(shape) if item.metadata.get("secret"))


def _register(shelf: dict[str, type], name: str, cls: T) -> T:
    held = shelf.get(name)
    if held is not None and (held.__module__, held.__qualname__) != (cls.__module__, cls.__qualname__):
        both = " and ".join(f"{one.__module__}.{one.__qualname__}" for one in (held, cls))
        raise ValueError(f"“{name}” is registered twice: {both}")
    shelf[name] = cls
    return cls


@functools.cache
def _discover() -> None:
    for package in map(importlib.import_module, _PACKAGES):
        for found in pkgutil.walk_packages(package.__path__, prefix=package.__name__ + "."):
            importlib.import_module(found.name)


def _typed(kind: str, name: str, hint: Any, text: str) -> Any:
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        hint = next(part for part in typing.get_args(hint) if part is not type(None))
    make, expected = _TYPES[hint]
    try:
        return make(text.strip())
    except (KeyError, ValueError, ArithmeticError) as error:
        words = f"Option “{name}” of “{kind}”: “{text}” is not {expected}."
        raise Misconfigured(words, fix="Correct the value.") from error


def _decimal(text: str) -> Decimal:
    number = Decimal(text)
    if not number.is_finite():
        raise ValueError(text)
    return number


_YES_OR_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
_TYPES: dict[Any, tuple[Callable[[str], Any], str]] = {
    str: (str, "a text"),
    int: (int, "a whole number"),
    Decimal: (_decimal, "a number"),
    Path: (lambda text: Path(text).expanduser(), "a path"),
    bool: (lambda text: _YES_OR_NO[text.lower()], "yes or no"),
}
