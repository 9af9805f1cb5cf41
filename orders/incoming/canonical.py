"""Records as canonical text: equal content always gives equal text, which is what hashes are made of."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from operator import attrgetter, itemgetter
from typing import Any

_encoded = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode
_text = json.encoder.encode_basestring


_AS_THEY_ARE = frozenset((str, int, bool, type(None)))


def plain(value: object) -> Any:
    """The record as JSON-ready data: amounts as normalised text, instants in ISO 8601; equal content always gives equal data."""
    if type(value) in _AS_THEY_ARE:
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, Decimal):
        return _amount(value)
    if isinstance(value, datetime):
        return _instant(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    return value


def canonical(value: object) -> str:
    """Canonical JSON: sorted keys, no spaces, UTF-8 text; what hashes are made of."""
    return _ways[type(value)](value)


def encoded(data: object) -> str:
    """The canonical JSON of what `plain` made, or of what was read from canonical JSON: the same text at a fraction of the time."""
    return _encoded(data)


def digest(value: object) -> str:
    """SHA-256 of the canonical JSON, in hex."""
    return hashed(canonical(value))


def hashed(text: str) -> str:
    """SHA-256 of canonical JSON, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


class _Ways(dict[type[Any], Callable[[Any], str]]):
    """How values of a type are written; each type is looked at once."""

    def __missing__(self, kind: type[Any]) -> Callable[[Any], str]:
        if dataclasses.is_dataclass(kind):
            self[kind] = _of_record(kind)
        else:
            self[kind] = next((way for known, way in _WAYS.items() if issubclass(kind, known)), _encoded)
        return self[kind]


_ways = _Ways()


def _of_record(kind: Any) -> Callable[[Any], str]:
    """Most fields are text: they are written in one go, unless something else lies in one of them."""
    names, values = _fields(kind)
    form = "{" + ",".join(f'"{name}":%s' for name in names) + "}"

    def way(record: Any) -> str:
        return form % tuple([_ways[type(value)](value) for value in values(record)])

    return _texts_first(kind, names, form, way)


def _texts_first(kind: Any, names: tuple[str, ...], form: str, way: Callable[[Any], str]) -> Callable[[Any], str]:
    declared = {item.name for item in dataclasses.fields(kind) if item.type in ("str", str)}
    texts, others = [name for name in names if name in declared], [name for name in names if name not in declared]
    if len(texts) < 2 or len(others) < 2:
        return way
    told, rest = attrgetter(*texts), attrgetter(*others)
    sorted_again = itemgetter(*map([*texts, *others].index, names))

    def quick(record: Any) -> str:
        try:
            written = [*map(_text, told(record)), *[_ways[type(value)](value) for value in rest(record)]]
        except TypeError:
            return way(record)
        text: str = form % sorted_again(written)
        return text

    return quick


def _fields(kind: Any) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    """Their names, sorted, and what fetches their values."""
    names = tuple(sorted(item.name for item in dataclasses.fields(kind)))
    if len(names) > 1:
        return names, attrgetter(*names)
    return names, lambda record: tuple(getattr(record, name) for name in names)


def _amount(value: Decimal) -> str:
    text = str(value.normalize()) if value else "0"
    return text if "E" not in text else format(value.normalize(), "f")


def _instant(value: datetime) -> str:
    return (value if value.tzinfo is None else value.astimezone(UTC)).isoformat()


def _by_name(value: dict[Any, Any]) -> str:
    by_name = {str(key): item for key, item in value.items()}
    return (
        "{" + ",".join([f"{_text(name)}:{_ways[type(by_name[name])](by_name[name])}" for name in sorted(by_name)]) + "}"
    )


def _list(value: tuple[Any, ...] | list[Any]) -> str:
    return "[" + ",".join([_ways[type(item)](item) for item in value]) + "]" if value else "[]"


_WAYS: dict[type, Callable[[Any], str]] = {
    str: _text,
    bool: lambda value: "true" if value else "false",
    type(None): lambda value: "null",
    Decimal: lambda value: f'"{_amount(value)}"',
    datetime: lambda value: f'"{_instant(value)}"',
    date: lambda value: f'"{value.isoformat()}"',
    dict: _by_name,
    tuple: _list,
    list: _list,
}
