"""Reads the orders in a JSON file one after another, in bounded memory, and sees at its head what it holds."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, BinaryIO

from django.conf import settings

from integrations.formats import trace
from integrations.formats.node import Node, Unclear
from integrations.stores.base import Unreadable
from orders import incoming

CHUNK = 1 << 18
LARGEST = 64 << 20  # bytes of one order, or of a file that is not a plain list
_SPACE = re.compile(r"[ \t\r\n]*")
_OPENING = re.compile(r'\{\s*"(\w+)"\s*:\s*(?=\[)')
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s"{}\[\],:]+')


class _Broken(Exception):
    """The JSON cannot be read any further."""


def records(
    stream: BinaryIO, envelopes: Collection[str], make: Callable[[Node], incoming.Record]
) -> Iterator[incoming.Record]:
    """One record per JSON object in the file: alone, in a list, or in one of the envelopes (`{"orders": […]}`).

    What `make` finds Unclear becomes a Refusal, and so does the rest of a file that breaks off. Raises Unreadable if not even the first can be read.
    """
    where, noted = "", trace.current()
    try:
        for n, (where, value) in enumerate(_values(_Buffer(stream), envelopes), start=1):
            if noted:
                noted.read(n)
            yield _record(where, value, make)
    except _Broken as broken:
        if not where:
            raise Unreadable(f"The file cannot be read as JSON: {broken} Fetch it again from the store.") from broken
        reason = (
            f"After {where} the file cannot be read any further: {broken} Fetch the file again and import it once more."
        )
        yield incoming.Refusal(where=f"after {where}", reason=reason)


def _record(where: str, value: object, make: Callable[[Node], incoming.Record]) -> incoming.Record:
    raw = json.dumps(value, default=str)
    if not isinstance(value, Mapping):
        return incoming.Refusal(
            where=where, reason=f"An order was expected here, not “{raw[:60]}”.", value=raw[:200], raw=raw
        )
    node = Node(value)
    try:
        return make(node)
    except Unclear as unclear:
        number = node.text("name") or node.text("number") or node.text("id")
        return incoming.Refusal(
            where=f"order {number}" if number else where,
            reason=str(unclear),
            field=unclear.field,
            value=unclear.value,
            number=number,
            raw=raw,
        )


def picked(stream: BinaryIO, envelopes: Collection[str], wanted: Mapping[int, str]) -> Iterator[Any]:
    """The values at these places of the file, counted from 1, each with its `reason` in it."""
    with suppress(_Broken):  # what cannot be read at all is no record that could be handed back
        for n, (_where, value) in enumerate(_values(_Buffer(stream), envelopes), start=1):
            if n in wanted and isinstance(value, dict):
                yield {**value, "reason": wanted[n]}


class _Buffer:
    """Text of the stream from `at` on; what was read before it is dropped."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream, self.text, self.at = stream, "", 0
        self.decoder: codecs.IncrementalDecoder | None = None
        self.ended = False

    def more(self) -> None:
        """Read on; each time as much again as is there, so that a long order is not scanned too often."""
        rest = self.text[self.at :]
        if len(rest) > LARGEST:
            raise Unreadable("The file is one piece of more than 64 MB. Export fewer orders at a time.")
        chunk = self.stream.read(max(CHUNK, len(rest)))
        self.decoder = self.decoder or codecs.getincrementaldecoder(_charset(chunk))()
        try:
            self.text, self.at = rest + self.decoder.decode(chunk, not chunk), 0
        except UnicodeError as error:
            raise _Broken("it is not written in UTF-8.") from error
        self.ended = not chunk

    def next(self) -> str:
        """The next character that is no space; "" at the end."""
        while True:
            found = _SPACE.match(self.text, self.at)
            self.at = found.end() if found else self.at
            if self.at < len(self.text):
                return self.text[self.at]
            if self.ended:
                return ""
            self.more()

    def value(self) -> Any:
        """The JSON value that begins at the next character."""
        self.next()
        while True:
            try:
                found, end = _DECODER.raw_decode(self.text, self.at)
            except RecursionError as error:
                raise _Broken("it is nested too deeply.") from error
            except ValueError as error:
                if self.ended:
                    raise _Broken(f"{getattr(error, 'msg', error)}.") from error
                self.more()
                continue
            if end < len(self.text) or self.ended:  # a number at the very end may go on
                self.at = end
                _not_too_deep(found)
                return found
            self.more()


def _charset(beginning: bytes) -> str:
    return "utf-8-sig" if beginning[:1] in b"\xef" else json.detect_encoding(beginning[:4])


def _not_too_deep(value: Any) -> None:
    """Level by level, so that depth costs no stack. Raises _Broken beyond ORDERSYNC_FILE_DEPTH."""
    level = [value]
    for _depth in range(settings.ORDERSYNC_FILE_DEPTH + 1):
        level = (
            [
                inner
                for outer in level
                for inner in (outer.values() if isinstance(outer, dict) else outer)
                if isinstance(inner, dict | list)
            ]
            if any(isinstance(outer, dict | list) for outer in level)
            else []
        )
        if not level:
            return
    raise _Broken(f"it is nested too deeply: at most {settings.ORDERSYNC_FILE_DEPTH} levels are read.")


def _no_constant(word: str) -> Any:
    raise ValueError(f"“{word}” is no JSON value")


_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_no_constant)


def _values(buffer: _Buffer, envelopes: Collection[str]) -> Iterator[tuple[str, Any]]:
    first = buffer.next()
    opening = _OPENING.match(buffer.text, buffer.at)
    if opening and opening[1] in envelopes:
        buffer.at = opening.end()
        yield from _list(buffer, opening[1])
    elif first == "[":
        yield from _list(buffer, "orders")
    else:
        yield from _unwrapped(buffer.value(), envelopes)


def _list(buffer: _Buffer, name: str) -> Iterator[tuple[str, Any]]:
    buffer.at += 1
    for at in range(1 << 62):
        if buffer.next() == "]":
            return
        yield f"{name}[{at}]", buffer.value()
        if (after := buffer.next()) not in {",", "]"}:
            raise _Broken(f"“{after}” stands where a comma is needed." if after else "it ends in the middle of a list.")
        buffer.at += after == ","


def _unwrapped(value: Any, envelopes: Collection[str]) -> Iterator[tuple[str, Any]]:
    inner = next((value[key] for key in envelopes if isinstance(value, Mapping) and key in value), value)
    if isinstance(inner, list):
        yield from ((f"orders[{at}]", item) for at, item in enumerate(inner))
    else:
        yield "the order", inner


@dataclass(frozen=True, slots=True)
class Outline:
    """What stands at the head of a JSON text: which keys at which path; a list is the step "[]". `opens` is its first character."""

    opens: str
    keys: Mapping[tuple[str, ...], set[str]]

    def at(self, *path: str) -> set[str]:
        """The keys of the object at the path."""
        return self.keys.get(path, set())

    def record(self, *envelopes: str) -> set[str]:
        """The keys of the record: in one of the envelopes, or in a list, or at the top."""
        paths = [(key, *step) for key in envelopes for step in ((), ("[]",))]
        return next((found for path in [*paths, ("[]",)] if (found := self.at(*path))), self.at())


def outline(head: bytes) -> Outline | None:
    """The outline of a head that may break off anywhere; None if it is no JSON object or list."""
    text = head.decode("utf-8-sig", "ignore").lstrip()
    if not text.startswith(("{", "[")):
        return None
    keys: dict[tuple[str, ...], set[str]] = {}
    path: list[str] = []
    lists: list[bool] = []
    key, previous = "", ""
    for part in _TOKEN.findall(text):
        if part in "{[":
            if lists:
                path.append("[]" if lists[-1] else key)
            lists.append(part == "[")
        elif part in "}]":
            if not lists:
                break
            lists.pop()
            path = path[: max(len(lists) - 1, 0)]
        elif part == ":" and lists and not lists[-1] and previous.startswith('"'):
            key = previous[1:-1]
            if len(path) <= 3:
                keys.setdefault(tuple(path), set()).add(key)
        previous = part
    return Outline(text[0], keys)
