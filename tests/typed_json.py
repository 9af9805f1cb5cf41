"""Builds typed dataclasses from JSON objects, so that a misspelt field or a bad value fails at once and names its place."""

from __future__ import annotations

import dataclasses
import types
import typing
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

_READ: dict[Any, Any] = {Decimal: Decimal, datetime: datetime.fromisoformat, date: date.fromisoformat}


def record(kind: type[Any], data: Any, place: str) -> Any:
    """The dataclass `kind` from a JSON object: every field by its name and type, none unknown, none missing.

    A field whose JSON name is no Python name says so in its metadata: `field(metadata={"name": "from"})`.
    Raises ValueError that names the place.
    """
    if not isinstance(data, dict):
        raise ValueError(f"{place}: {data!r} is not an object")
    hints = typing.get_type_hints(kind)
    fields = {item.metadata.get("name", item.name): item.name for item in dataclasses.fields(kind)}
    if unknown := sorted(data.keys() - fields.keys()):
        raise ValueError(f"{place}: {kind.__name__} has no field {', '.join(unknown)}")
    values = {fields[key]: value_of(hints[fields[key]], value, f"{place}.{key}") for key, value in data.items()}
    try:
        return kind(**values)
    except TypeError as error:
        raise ValueError(f"{place}: {error}") from error


def value_of(hint: Any, value: Any, place: str) -> Any:
    """The JSON value as the hinted type; only strings become amounts and instants, so that no float slips in."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        inner = [argument for argument in arguments if argument is not types.NoneType]
        return None if value is None else value_of(inner[0], value, place)
    if origin is tuple:
        return _tuple(arguments, value, place)
    if origin is dict:
        return {key: value_of(arguments[1], item, f"{place}.{key}") for key, item in value.items()}
    if dataclasses.is_dataclass(hint):
        return record(typing.cast(type[Any], hint), value, place)
    return _scalar(hint, value, place)


def _tuple(arguments: tuple[Any, ...], value: Any, place: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise ValueError(f"{place}: {value!r} is not a list")
    if arguments[-1] is Ellipsis:
        return tuple(value_of(arguments[0], item, f"{place}[{n}]") for n, item in enumerate(value))
    if len(arguments) != len(value):
        raise ValueError(f"{place}: {len(arguments)} values belong here, not {len(value)}")
    return tuple(
        value_of(hint, item, f"{place}[{n}]") for n, (hint, item) in enumerate(zip(arguments, value, strict=True))
    )


def _scalar(hint: Any, value: Any, place: str) -> Any:
    if hint in (str, bool, int):
        if type(value) is not hint:
            raise ValueError(f"{place}: {value!r} is no {hint.__name__}")
        return value
    if not isinstance(value, str):
        raise ValueError(f"{place}: {value!r} must be written as text")
    try:
        return _READ.get(hint, hint)(value)
    except (ValueError, InvalidOperation) as error:
        raise ValueError(f"{place}: {value!r} is no {hint.__name__}") from error
