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
    names = frozenset(item.name for item in dataclasses.fields(kind) if item.init)
    restored = [(name, how) for name in names if (how := _of(hints[name])) is not None]

    def made(data: Mapping[str, Any]) -> Any:
        values = {**data} if names.issuperset(data) else {name: data[name] for name in names if name in data}
        for name, how in restored:
            if (value := values.get(name)) is not None:
                values[name] = how(value)
        return kind(**values)

    return made


def _of(hint: Any) -> Restore | None:
    """How a value of this type is restored that is not None; None where it is what it is."""
    arguments = typing.get_args(hint)
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        return _of(next(item for item in arguments if item is not types.NoneType))
    if typing.get_origin(hint) is tuple:
        return _several(_of(arguments[0]))
    if typing.get_origin(hint) is dict:
        return None
    if dataclasses.is_dataclass(hint):
        return _of_class(typing.cast(type[Any], hint))
    if hint in (datetime, date):
        return typing.cast(Restore, hint.fromisoformat)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return {member.value: member for member in hint}.__getitem__
    return hint if hint is Decimal else None


def _several(how: Restore | None) -> Restore:
    return tuple if how is None else lambda values: tuple(map(how, values))
