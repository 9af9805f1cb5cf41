"""Frozen records at the price of open ones: a file of orders makes millions of them, and the standard library's cost three times as much to make."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")
_MISSING = dataclasses.MISSING
_CONSTRUCTOR = """
def __init__(self, *, {parameters}):
    opened(self, "__class__", Open)
    {fields}
    self.__class__ = Frozen
"""


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(dataclasses.field,))
def record(kind: type[T]) -> type[T]:
    """A frozen dataclass with slots, made by keywords alone.

    While it is being made, an object belongs to a subclass that lets its fields be set, instead of setting each of them past a guard.
    """
    frozen = dataclasses.dataclass(frozen=True, slots=True, kw_only=True)(kind)
    open_kind = type(kind.__name__, (frozen,), {"__slots__": (), "__setattr__": object.__setattr__})
    names: dict[str, Any] = {"Frozen": frozen, "Open": open_kind, "opened": object.__setattr__, "MISSING": _MISSING}
    exec(_constructor(frozen, names), names)  # noqa: S102  as the standard library does it
    frozen.__init__ = names["__init__"]  # type: ignore[method-assign]
    return frozen


def _constructor(kind: Any, names: dict[str, Any]) -> str:
    """Its text; `names` gets the defaults that it speaks of."""
    parameters, fields = [], []
    for item in dataclasses.fields(kind):
        value = item.name
        if item.default_factory is not _MISSING:
            names[f"new_{value}"] = item.default_factory
            parameters.append(f"{value}=MISSING")
            value = f"new_{value}() if {value} is MISSING else {value}"
        elif item.default is not _MISSING:
            names[f"default_{value}"] = item.default
            parameters.append(f"{value}=default_{value}")
        else:
            parameters.append(value)
        fields.append(f"self.{item.name} = {value}")
    return _CONSTRUCTOR.format(parameters=", ".join(parameters), fields="\n    ".join(fields))
