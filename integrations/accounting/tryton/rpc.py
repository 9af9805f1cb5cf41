"""Tryton's JSON-RPC: the login, the types it writes in its own way, and its answers told apart from its refusals. Source: trytond 8.2, protocols/jsonrpc.py."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import requests

from integrations import http
from integrations.errors import Misconfigured, Trouble, Uncertain

LET_IN_AGAIN = 401  # a session that lies idle for 300 seconds may not post any more
_KNOWN = frozenset({401, 403, 404, 405, 422})


class Said(Exception):
    """Tryton's own no, in its own words: nothing of the call was kept."""

    def __init__(self, kind: str, text: str, detail: str = "", name: str = "") -> None:
        super().__init__(text)
        self.kind, self.text, self.detail, self.name = kind, text, detail, name

    @property
    def whole(self) -> str:
        """Everything it said, on one line."""
        return " ".join(f"{self.text} {self.detail}".split())


class Client:
    """Calls methods of one database as one user; logs in when it must, once more where the session has grown old."""

    def __init__(self, session: http.Session, *, database: str, user: str, password: str) -> None:
        self._session, self.database, self._user, self._password = session, database, user, password
        self.user = 0
        self._place, self._context, self._narrowed = "", dict[str, Any](), dict[str, Any]()
        self._version: tuple[int, ...] = (7, 0)

    def __call__(self, method: str, *arguments: Any, **context: Any) -> Any:
        """The result of `model.name.method`. Raises Said for a refusal, the Troubles of http.Session, and Misconfigured for what is set up wrong."""
        self._enter()
        body = {
            "id": 1,
            "method": method,
            "params": encode([*arguments, {**self._context, **self._narrowed, **context}]),
        }
        reply = self._post(self._place, body)
        if reply.status_code == LET_IN_AGAIN:
            self._login()
            reply = self._post(self._place, body)
        return _answer(reply, self.database, method)

    @property
    def context(self) -> Mapping[str, Any]:
        """What the user prefers: company and language among others."""
        self._enter()
        return self._context

    @property
    def version(self) -> tuple[int, ...]:
        """The series of the server, as (8, 2); (7, 0) stands for every 7."""
        self._enter()
        return self._version

    def narrow(self, **context: Any) -> None:
        """From now on every call has this in its context too."""
        self._narrowed |= context

    def _enter(self) -> None:
        if not self._place:
            self._find_place()
            self._login()
            self._context = dict(self("model.res.user.get_preferences", True))

    def _find_place(self) -> None:
        """Tryton 8 is called at DATABASE/rpc/, Tryton 7 at DATABASE/."""
        told = self._post("rpc/", {"id": 0, "method": "common.server.version", "params": []})
        name = quote(self.database, safe="")
        if told.status_code == 200:
            self._version = tuple(int(part) for part in str(told.json()["result"]).split(".")[:2])
        self._place = f"{name}/rpc/" if told.status_code == 200 else f"{name}/"

    def _login(self) -> None:
        self._session.headers.pop("Authorization", None)
        parameters = {"password": self._password}
        body = {"id": 1, "method": "common.db.login", "params": [self._user, parameters, "en"]}
        reply = self._post(self._place, body)
        if reply.status_code in (401, 403):
            words = f"Tryton does not let the user “{self._user}” into the database “{self.database}”."
            raise Misconfigured(words, fix="Enter user and password again; in Tryton: Administration › Users.")
        identity, token = _answer(reply, self.database, "login")[:2]
        self.user = int(identity)
        sealed = base64.b64encode(f"{self._user}:{identity}:{token}".encode()).decode()
        self._session.secrets = (*self._session.secrets, token, sealed)
        self._session.headers["Authorization"] = f"Session {sealed}"

    def _post(self, place: str, body: Any) -> requests.Response:
        """A 503 says that a lock was not had and all was rolled back; the session makes Unavailable of it."""
        return self._session.request("POST", place, json=body, expect=_KNOWN)


def _answer(reply: requests.Response, database: str, method: str) -> Any:
    if reply.status_code != 200:
        raise _misfit(reply.status_code, database, method)
    try:
        data = reply.json(object_hook=decode)
    except ValueError as error:
        fix = "See that the address is Tryton's own."
        raise Uncertain("Tryton's answer is not JSON.", fix=fix) from error
    if "error" in data:
        raise _said(data["error"])
    return data.get("result")


def _misfit(status: int, database: str, method: str) -> Trouble:
    where = {
        401: ("did not let us in again", "Enter user and password again."),
        403: (f"does not offer {method}", "Use Tryton 7 or 8 with the module account_invoice."),
        404: (f"has no database “{database}”, or not the module of {method}", "Correct the name of the database."),
        405: ("is not called this way", "Use Tryton 7 or 8."),
        422: (f"did not understand {method}", "Report it: ordersync called it wrongly."),
    }
    words, fix = where[status]
    return Misconfigured(f"Tryton {words} ({status}).", fix=fix)


def _said(error: Any) -> Said:
    kind, told = (error[0], error[1]) if isinstance(error, list) and len(error) == 2 else (str(error), "")
    parts = [str(part) for part in (told if isinstance(told, list) else [told]) if part]
    if kind == "UserWarning" and len(parts) > 1:
        return Said(kind, parts[1], " ".join(parts[2:]), name=parts[0])
    if kind in ("UserError", "ConcurrencyException", "LoginException"):
        return Said(kind, parts[0] if parts else kind, parts[1] if len(parts) > 1 else "")
    return Said("fault", str(kind))


def encode(value: Any) -> Any:
    """The value as Tryton's JSON has it: money, days and instants carry their class."""
    match value:
        case Decimal():
            return {"__class__": "Decimal", "decimal": str(value)}
        case datetime():
            return {"__class__": "datetime", **{part: getattr(value, part) for part in _INSTANT}}
        case date():
            return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
        case dict():
            return {key: encode(item) for key, item in value.items()}
        case list() | tuple():
            return [encode(item) for item in value]
    return value


_INSTANT = ("year", "month", "day", "hour", "minute", "second", "microsecond")
_MADE: dict[str, Callable[[dict[str, Any]], Any]] = {
    "Decimal": lambda data: Decimal(data["decimal"]),
    "date": lambda data: date(data["year"], data["month"], data["day"]),
    "datetime": lambda data: datetime(*(data[part] for part in _INSTANT)),  # noqa: DTZ001  Tryton's are naive UTC
}


def decode(data: dict[str, Any]) -> Any:
    """The reverse of `encode`; what has another class stays as it is."""
    made = _MADE.get(data.get("__class__", ""))
    return made(data) if made else data
