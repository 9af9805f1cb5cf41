"""The line to an Odoo: one `call`, spoken as JSON-RPC to 17 and 18 and as JSON-2 to 19; what goes wrong comes back as a Fault of Odoo's or a Trouble of the line.

Each call is one transaction over there. JSON-RPC answers HTTP 200 whatever happened: only `error` in the body tells; a method that returns nothing has no `result`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integrations import http
from integrations.errors import Misconfigured, Uncertain

FIRST, LAST = 17, 19
JSON2 = 19  # from here on
SAFE = {
    "mode": "update",
    "noupdate": True,
}  # the only context in which `load` may be called: it creates what is absent and changes nothing
_ANSWERS = frozenset((400, 401, 403, 404, 409, 422, 500))


class Fault(Exception):
    """Odoo's own exception: the name of its class, its message, and what was called. The call was rolled back."""

    def __init__(self, name: str, message: str, place: str) -> None:
        super().__init__(message)
        self.name, self.place = name, place
        self.message = message.split("\n{", 1)[0].strip()  # a RedirectWarning ends with the dict of an action


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    database: str
    user: str
    key: str


class Line:
    """Calls methods of models. `serie` is Odoo's version, asked for once."""

    def __init__(self, session: http.Session, login: Login, company: int | None = None) -> None:
        self._session, self._login, self.company = session, login, company
        self._serie = self._uid = 0

    @property
    def serie(self) -> int:
        """17, 18 or 19. Raises Misconfigured for any other."""
        if not self._serie:
            self._serie = self._version()
        if not FIRST <= self._serie <= LAST:
            words = f"This is Odoo {self._serie}; ordersync speaks with Odoo {FIRST} to {LAST}."
            raise Misconfigured(words, fix="Use the files for Odoo (odoo-import), or another version.")
        return self._serie

    def call(
        self,
        model: str,
        method: str,
        ids: Sequence[int] | None = None,
        context: Mapping[str, Any] | None = None,
        **named: Any,
    ) -> Any:
        """The method's result, None where it has none. `ids` for a method of records, None for one of the model. Raises Fault, and the Troubles of the line."""
        told = {"lang": "en_US", **({"allowed_company_ids": [self.company]} if self.company else {}), **(context or {})}
        place = f"{model}.{method}"
        if self.serie >= JSON2:
            return self._json2(place, {**named, **({} if ids is None else {"ids": list(ids)}), "context": told})
        args = [] if ids is None else [list(ids)]
        login = self._login
        return self._rpc(
            place,
            "object",
            "execute_kw",
            [login.database, self.user, login.key, model, method, args, {**named, "context": told}],
        )

    @property
    def user(self) -> int:
        """The id of the user that we are. Raises Misconfigured for a wrong login or key."""
        if not self._uid:
            self._uid = self._json2_user() if self.serie >= JSON2 else self._authenticate()
        return self._uid

    def _json2_user(self) -> int:
        return int(self._json2("res.users.context_get", {})["uid"])

    def _authenticate(self) -> int:
        login = self._login
        found = self._rpc("authenticate", "common", "authenticate", [login.database, login.user, login.key, {}])
        if not found:
            words = f"Odoo does not let in “{login.user}” with this key (database {login.database})."
            raise Misconfigured(
                words,
                fix="In Odoo, as that user: Preferences > Account Security > New API Key; then connect again with it.",
            )
        return int(found)

    def _version(self) -> int:
        body = {
            "jsonrpc": "2.0",
            "method": "call",
            "id": 1,
            "params": {"service": "common", "method": "version", "args": []},
        }
        reply = self._session.request("POST", "jsonrpc", json=body, expect={404})
        if reply.status_code == 404:  # the old protocol is gone: a newer one says its version elsewhere
            reply = self._session.request("GET", "web/version")
        told = _json(reply)
        info = told.get("version_info") or told.get("result", {}).get("server_version_info")
        if not info:
            raise Misconfigured(
                "There is no Odoo at this address.", fix="Enter the address under which Odoo's login page opens."
            )
        return int(info[0])

    def _rpc(self, place: str, service: str, method: str, args: list[Any]) -> Any:
        body = {
            "jsonrpc": "2.0",
            "method": "call",
            "id": 1,
            "params": {"service": service, "method": method, "args": args},
        }
        told = _json(self._session.request("POST", "jsonrpc", json=body))
        if error := told.get("error"):
            data = error.get("data") or {}
            raise Fault(str(data.get("name", "")), str(data.get("message") or error.get("message", "")), place)
        return told.get("result")

    def _json2(self, place: str, body: Mapping[str, Any]) -> Any:
        model, _dot, method = place.rpartition(".")
        reply = self._session.request("POST", f"json/2/{model}/{method}", json=body, expect=_ANSWERS)
        if reply.status_code < 300:
            return _json(reply, whole=True)
        told = _json(reply) if "json" in reply.headers.get("Content-Type", "") else {}
        if not told.get("name"):
            trouble = http.answers.trouble(reply, self._session.secrets)
            raise trouble or Uncertain(f"Odoo answered {reply.status_code}.")
        raise Fault(str(told["name"]), str(told.get("message", "")), place)


def _json(reply: Any, whole: bool = False) -> Any:
    try:
        told = reply.json()
    except ValueError as error:
        raise Uncertain("Odoo's answer is no JSON.", fix="It is asked before anything is sent again.") from error
    if not whole and not isinstance(told, dict):
        raise Uncertain(
            "Odoo's answer is not what the protocol says.", fix="It is asked before anything is sent again."
        )
    return told
