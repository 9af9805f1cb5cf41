"""A ledger behind HTTP that books as often as it is asked, its adapter, and the judge's sums. `python -m tests.lab.ledger FOLDER [PORT]` runs it as a process."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from integrations import http
from integrations.accounting.base import Booked, Bounds, Check, Idempotency
from integrations.errors import Conflict, Uncertain
from integrations.registry import adapter
from orders import incoming, outgoing
from tests.lab import crimes
from tests.lab.server import Answer, Request, Server

TOKEN = "token-of-the-lab"


class Ledger(Server):
    """`dialect`: what it does with an Idempotency-Key that it knows: books again (none), answers as before (replay), or says 409 (conflict).

    Calls are "find" and "book" by reference, "read" and "choices".
    """

    name = "ledger"

    def __init__(self, folder: Path, *, dialect: str = "none", **more: Any) -> None:
        super().__init__(folder, **more)
        self.dialect = dialect

    def call(self, request: Request) -> tuple[str, str]:
        match request.method, request.path:
            case "POST", "/documents":
                return "book", request.json["reference"]
            case "GET", "/documents":
                return "find", request.query.get("reference", [""])[0]
            case "GET", "/states":
                return "read", crimes.ANY
        return "choices", crimes.ANY

    def act(self, request: Request, crime: str) -> Answer:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Answer(401, {"message": "Who are you?"})
        match request.method, request.path:
            case "POST", "/documents":
                return self._book(request)
            case "GET", "/documents":
                key, revision = request.query["key"][0], int(request.query["revision"][0])
                return Answer(200, {"documents": self._standing(key=key, revision=revision)})
            case "GET", "/states":
                wanted = set(request.query.get("reference", []))
                return Answer(200, {"documents": [line for line in self._standing() if line["reference"] in wanted]})
        return Answer(200, {"accounts": [["Income:Goods", "Goods"]], "tax_codes": [["DE19", "19 %"]]})

    def twist(self, answer: Answer, crime: str) -> Answer:
        if crime == crimes.OTHER_TOTAL and "gross" in answer.data:
            more = str(Decimal(answer.data["gross"]) + Decimal("0.01"))
            return Answer(answer.status, {**answer.data, "gross": more, "net": more})
        if crime == crimes.OTHER_ID and "id" in answer.data:
            return Answer(answer.status, {**answer.data, "id": "L1"})
        return answer

    def pretend(self, request: Request) -> Answer:
        return Answer(201, {**request.json, "id": "L0"}) if request.method == "POST" else self.act(request, "")

    def void(self, reference: str) -> None:
        """A person over there makes all under this reference void."""
        self.judge.note("voided", reference=reference)

    def times(self) -> Counter[tuple[str, int]]:
        """How often each document took effect, by key and revision."""
        return Counter((line["key"], line["revision"]) for line in self.judge.lines("booked"))

    def times_booked(self) -> Counter[str]:
        """How often each reference stands in the judge's log; documents of several kinds may share one."""
        return Counter(line["reference"] for line in self.judge.lines("booked"))

    def sums(self) -> dict[tuple[str, str], tuple[Decimal, Decimal, Decimal]]:
        """Net, tax and gross by kind and currency, of everything that took effect."""
        return sums(self.judge.lines("booked"))

    def _book(self, request: Request) -> Answer:
        told, key = request.json, request.headers.get("Idempotency-Key", "")
        same = [line for line in self.judge.lines("booked") if line["idempotency_key"] == key]
        if same and self.dialect == "replay":
            return Answer(200, same[0])
        if same and self.dialect == "conflict":
            return Answer(409, {"message": "It is there already.", "id": same[0]["id"]})
        serial = len(self.judge.lines("booked")) + 1
        return Answer(201, self.judge.note("booked", **told, id=f"L{serial}", idempotency_key=key))

    def _standing(self, **wanted: Any) -> list[dict[str, Any]]:
        gone = {line["reference"] for line in self.judge.lines("voided")}
        return [
            {**line, "state": "voided" if line["reference"] in gone else "open"}
            for line in self.judge.lines("booked")
            if all(line[name] == value for name, value in wanted.items())
        ]


@adapter("lab")
class LabLedger:
    """Deliberately naive: `book` looks nowhere, so that only the outbox stands between a lost reply and a second booking."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Options:
        url: str
        networks: str = "127.0.0.1/32"
        token: str = field(default="", metadata={"secret": True})

    kinds: ClassVar[frozenset[str]] = frozenset(outgoing.DocumentKind.values)
    concurrency: ClassVar[int] = 4
    idempotency: ClassVar[Idempotency] = Idempotency.LOOK_UP
    bounds: ClassVar[Bounds] = Bounds()

    def __init__(self, options: Options, session: http.Session) -> None:
        self.session = session

    @staticmethod
    def dial(options: Options) -> http.Dial:
        headers = {"Authorization": f"Bearer {options.token}"}
        return http.Dial(base_url=options.url, networks=options.networks, headers=headers)

    def check(self) -> Sequence[Check]:
        self.session.request("GET", "choices")
        return [Check(name="books", ok=True, words="They answer.")]

    def choices(self) -> incoming.Choices:
        told = self._json(self.session.request("GET", "choices"))
        accounts = tuple(incoming.AccountChoice(code=code, name=name) for code, name in told["accounts"])
        codes = tuple(incoming.TaxCodeChoice(code=code, name=name) for code, name in told["tax_codes"])
        return incoming.Choices(accounts=accounts, tax_codes=codes)

    def find(self, document: outgoing.Document) -> Booked | None:
        wanted = {"key": document.key, "revision": str(document.revision), "reference": document.reference}
        found = self._json(self.session.request("GET", "documents", params=wanted))["documents"]
        if len(found) > 1 or any(line["hash"] != document.hash for line in found):
            words = f"{document.reference} stands there {len(found)} times or as another document."
            raise Conflict(words, fix="Look at it in the ledger.")
        return _booked(found[0]) if found else None

    def book(self, document: outgoing.Document) -> Booked:
        key = f"{document.key}/{document.revision}"
        answer = self.session.request("POST", "documents", json=_told(document), headers={"Idempotency-Key": key})
        return _booked(self._json(answer))

    def read(self, references: Sequence[str]) -> Sequence[incoming.InvoiceState]:
        found = self._json(self.session.request("GET", "states", params={"reference": list(references)}))["documents"]
        missing = set(references) - {line["reference"] for line in found}
        return [*map(_state, found), *map(_gone, sorted(missing))]

    def _json(self, answer: Any) -> Any:
        try:
            return answer.json()
        except ValueError as error:
            raise Uncertain("The answer is no JSON.", fix="It is asked before anything is sent again.") from error


def sums(lines: Sequence[dict[str, Any]]) -> dict[tuple[str, str], tuple[Decimal, Decimal, Decimal]]:
    """Net, tax and gross by kind and currency."""
    found: dict[tuple[str, str], tuple[Decimal, Decimal, Decimal]] = {}
    for line in lines:
        net, tax, gross = found.get((line["kind"], line["currency"]), (Decimal(0),) * 3)
        more = Decimal(line["net"]), Decimal(line["tax"]), Decimal(line["gross"])
        found[line["kind"], line["currency"]] = (net + more[0], tax + more[1], gross + more[2])
    return found


def _told(document: outgoing.Document) -> dict[str, Any]:
    names = ("key", "revision", "reference", "kind", "hash", "currency", "net", "tax", "gross", "number")
    return {name: value if isinstance(value := getattr(document, name), int) else str(value) for name in names} | {
        "taxes": [[code, str(amount)] for code, amount in _taxes(document)]
    }


def _taxes(document: outgoing.Document) -> list[tuple[str, Decimal]]:
    found: dict[str, Decimal] = {}
    for line in document.lines:
        if line.tax:
            found[line.tax_code] = found.get(line.tax_code, Decimal(0)) + line.tax
    return sorted(found.items())


def _booked(line: dict[str, Any]) -> Booked:
    return Booked(
        id=line["id"],
        number=line["number"] or line["id"],
        currency=line["currency"],
        net=Decimal(line["net"]),
        tax=Decimal(line["tax"]),
        gross=Decimal(line["gross"]),
        taxes=tuple((code, Decimal(amount)) for code, amount in line["taxes"]),
        balance=Decimal(line["gross"]),
    )


def _state(line: dict[str, Any]) -> incoming.InvoiceState:
    gross = Decimal(line["gross"])
    return incoming.InvoiceState(
        reference=line["reference"], number=line["number"] or line["id"], state=line["state"], net=Decimal(line["net"]),
        tax=Decimal(line["tax"]), total=gross, balance=gross, kind=line["kind"],
    )  # fmt: skip


def _gone(reference: str) -> incoming.InvoiceState:
    zero = Decimal(0)
    return incoming.InvoiceState(
        reference=reference, number="", state="deleted", net=zero, tax=zero, total=zero, balance=zero
    )


if __name__ == "__main__":
    with Ledger(Path(sys.argv[1]), port=int(sys.argv[2]) if len(sys.argv) > 2 else 0) as running:
        print(running.port, flush=True)
        threading.Event().wait()
