"""Records as they were staged: what `plain` wrote becomes the same record again, by the types that its fields declare."""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

Restore = Callable[[Any], Any]


def restored(kind: type[Any], data: Mapping[str, Any]) -> Any:
    """The record of that class from its `plain` data; a field that is not there has its default. Raises TypeError for data of another class."""
    return _of_class(kind)(data)


_made: dict[type[Any], Restore] = {}


def _of_class(kind: type[Any]) -> Restore:
    return _made.get(kind) or _made.setdefault(kind, _maker(kind))


def _maker(kind: type[Any]) -> Restore:
    hints = typing.get_type_hints(kind)
    fields = [(item.name, _of(hints[item.name])) for item in dataclasses.fields(kind) if item.init]

    def made(data: Mapping[str, Any]) -> Any:
        return kind(**{name: data[name] if how is None else how(data[name]) for name, how in fields if name in data})

    return made


def _of(hint: Any) -> Restore | None:
    """How a value of this type is restored; None where it is what it is."""
    arguments = typing.get_args(hint)
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        return _optional(_of(next(item for item in arguments if item is not types.NoneType)))
    if typing.get_origin(hint) is tuple:
        return _several(_of(arguments[0]))
    if typing.get_origin(hint) is dict:
        return None
    if dataclasses.is_dataclass(hint):
        return _of_class(typing.cast(type[Any], hint))
    if hint in (datetime, date):
        return typing.cast(Restore, hint.fromisoformat)
    if isinstance(hint, type) and (issubclass(hint, enum.Enum) or hint is Decimal):
        return hint
    return None


def _optional(how: Restore | None) -> Restore | None:
    return None if how is None else lambda value: None if value is None else how(value)


def _several(how: Restore | None) -> Restore:
    return tuple if how is None else lambda values: tuple(how(value) for value in values)
