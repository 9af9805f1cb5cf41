"""The line to an ERPNext: the REST of Frappe, one transaction a call; what goes wrong comes back as a Fault of ERPNext's or a Trouble of the line.

A refusal is 417, 409, 404 or 403 with `exc_type`, and its text is JSON within JSON in `_server_messages`. A list has 20 rows unless it is told otherwise, and its
request line is bounded (gunicorn: 4094 signs), so that long lists of names go in parts.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from integrations import http
from integrations.errors import Misconfigured, Uncertain

Row = dict[str, Any]
Filter = Sequence[Any]
PART = 40  # names in one filter
_ANSWERS = frozenset((400, 401, 403, 404, 409, 417, 500, 508))
_ADDRESS = "Enter the address under which ERPNext's login page opens, without /app or /desk."


class Fault(Exception):
    """ERPNext's own exception: the name of its class, what it says, the status, and what was called. The call was rolled back unless the status is 500."""

    def __init__(self, name: str, message: str, status: int, place: str) -> None:
        super().__init__(message)
        self.name, self.message, self.status, self.place = name, message, status, place


class Line:
    """Reads and writes documents by DocType and name."""

    def __init__(self, session: http.Session) -> None:
        self._session = session

    def find(self, doctype: str, fields: Sequence[str], filters: Sequence[Filter], *, parent: str = "", limit: int = 0, order: str = "") -> list[Row]:  # fmt: skip
        """The rows that meet all the filters. Rows of a child table are told only to who names the `parent` DocType."""
        asked = {"fields": json.dumps(list(fields)), "filters": json.dumps(list(filters)), "limit_page_length": limit}
        asked |= {"parent": parent} if parent else {}
        asked |= {"order_by": order} if order else {}
        return list(self._call("GET", f"api/resource/{quote(doctype)}", f"list {doctype}", params=asked)["data"])

    def find_in(
        self, doctype: str, fields: Sequence[str], name: str, values: Iterable[str], filters: Sequence[Filter] = (),
        *, parent: str = "",
    ) -> list[Row]:  # fmt: skip
        """The rows whose field has one of the values, asked for in parts that fit into a request line."""
        wanted, found = sorted(set(values)), list[Row]()
        for start in range(0, len(wanted), PART):
            found += self.find(doctype, fields, [[name, "in", wanted[start : start + PART]], *filters], parent=parent)
        return found

    def get(self, doctype: str, name: str) -> Row | None:
        """The whole document with its rows, None where there surely is none."""
        try:
            return dict(self._call("GET", _place(doctype, name), f"read {doctype}")["data"])
        except Fault as fault:
            if fault.name == "DoesNotExistError":
                return None
            raise

    def insert(self, doctype: str, body: Mapping[str, Any]) -> Row:
        return dict(self._call("POST", f"api/resource/{quote(doctype)}", f"insert {doctype}", json=dict(body))["data"])

    def update(self, doctype: str, name: str, body: Mapping[str, Any]) -> Row:
        return dict(self._call("PUT", _place(doctype, name), f"update {doctype}", json=dict(body))["data"])

    def delete(self, doctype: str, name: str) -> None:
        self._call("DELETE", _place(doctype, name), f"delete {doctype}")

    def ask(self, method: str, **asked: str) -> Any:
        """What a method that only reads answers, whole."""
        return self._call("GET", f"api/method/{method}", method, params=asked)

    def _call(self, verb: str, path: str, place: str, **options: Any) -> dict[str, Any]:
        reply = self._session.request(verb, path, expect=_ANSWERS, **options)
        told = _json(reply)
        if reply.status_code < 300:
            if told is None:
                raise Uncertain("ERPNext's answer is no JSON.", fix="It is asked before anything is sent again.")
            return told
        if told is None or not told.get("exc_type"):
            if reply.status_code == 404:
                raise Misconfigured("There is no ERPNext at this address.", fix=_ADDRESS)
            raise http.answers.trouble(reply, self._session.secrets) or Uncertain("ERPNext's answer makes no sense.")
        raise Fault(str(told["exc_type"]), _said(told), reply.status_code, place)


def _place(doctype: str, name: str) -> str:
    return f"api/resource/{quote(doctype)}/{quote(name, safe='')}"


def _json(reply: Any) -> dict[str, Any] | None:
    try:
        told = reply.json()
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


def _said(told: Mapping[str, Any]) -> str:
    """What a person would have read: the messages in turn, without tags; where there are none, the exception's own text."""
    try:
        parts = [_message(item) for item in json.loads(told.get("_server_messages") or "[]")]
    except (ValueError, TypeError):
        parts = []
    text = " ".join(filter(None, parts)) or str(told.get("exception") or told["exc_type"])
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text)).split())[:600]


def _message(item: Any) -> str:
    try:
        told = json.loads(item)
    except (ValueError, TypeError):
        return str(item)
    return str(told.get("message", "")) if isinstance(told, dict) else str(told)
