"""Sees at a glance that a record can be kept exactly as it is, as nearly all can; `fit` looks closely at the others, and says what is wrong."""

from __future__ import annotations

import dataclasses
import functools
import types
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from operator import attrgetter, gt
from typing import Any, Union, get_args, get_origin, get_type_hints

from orders import money

Check = Callable[[Any], bool]
_SHORT = 8  # letters of a number that is surely not too large
Of = Callable[[Mapping[str, int], str], int | None]


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """What fields may hold, by their path: the longest text (None: any), and the places of ratios; every amount is below `largest`."""

    longest: Callable[[str], int | None]
    places: Callable[[str], int | None]
    largest: Decimal


def checker(kind: type, limits: Limits, path: str = "") -> Check:
    """A function that is True for a record of this type with nothing to cut or to refuse. It may doubt a good record, and never passes a bad one."""
    texts: dict[str, int] = {}
    checks: list[tuple[Callable[[Any], Any], Check]] = []
    for name, hint in get_type_hints(kind).items():
        where = f"{path}.{name}" if path else name
        if isinstance(hint, type) and issubclass(hint, str):
            texts[name] = limits.longest(where) or 1 << 62
        elif check := _check(hint, limits, where):
            checks.append((attrgetter(name), check))
    listed, longest = attrgetter(*texts) if len(texts) > 1 else _one(*texts), tuple(texts.values())

    def good(record: Any) -> bool:
        if texts and not _texts_fit(listed(record), longest):
            return False
        for get, check in checks:
            value = get(record)
            if value is not None and not check(value):
                return False
        return True

    return good


def _one(*names: str) -> Callable[[Any], tuple[Any, ...]]:
    return lambda record: tuple(getattr(record, name) for name in names)


def _texts_fit(texts: tuple[str, ...], longest: tuple[int, ...]) -> bool:
    if any(map(gt, map(len, texts), longest)):
        return False
    together = "".join(texts)
    return "\0" not in together and (together.isascii() or _can_be_stored(together))


def _can_be_stored(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check(hint: Any, limits: Limits, path: str) -> Check | None:
    """How a value that is no text is looked at; None for what needs no look. What is not known is doubted."""
    kinds = (
        [one for one in get_args(hint) if one is not type(None)]
        if get_origin(hint) in {Union, types.UnionType}
        else [hint]
    )
    kind = kinds[0]
    if get_origin(kind) is tuple:
        return _all(_check_item(get_args(kind)[0], limits, path))
    if kind is Decimal:
        return _number(limits.places(path), limits.largest)
    if kind is datetime:
        return lambda value: getattr(value, "tzinfo", None) is not None
    if dataclasses.is_dataclass(kind):
        return checker(kind, limits, path)  # type: ignore[arg-type]
    return None if kind is bool or not issubclass(kind, str) else _check_item(kind, limits, path)


def _check_item(kind: Any, limits: Limits, path: str) -> Check:
    if dataclasses.is_dataclass(kind):
        return checker(kind, limits, path)  # type: ignore[arg-type]
    longest = (limits.longest(path) or 1 << 62,)
    return lambda text: _texts_fit((text,), longest)


def _all(check: Check) -> Check:
    return lambda values: not values or all(map(check, values))


@functools.cache
def _number(places: int | None, largest: Decimal) -> Check:
    most = money.STORE_PLACES if places is None else places

    def good(value: Decimal) -> bool:
        text = str(value)
        if not value.is_finite() or "E" in text or (len(text) > _SHORT and abs(value) >= largest):
            return False
        return len(text.partition(".")[2]) <= most

    return good
