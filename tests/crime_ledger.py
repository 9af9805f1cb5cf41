"""A lying ledger behind the accounting contract. It books as often as it is asked, breaks its word as told, and keeps a log of its own that is the judge."""

from __future__ import annotations

import fcntl
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from integrations.accounting.base import Booked, Bounds, Check, Idempotency, Outcome
from integrations.errors import Conflict, Misconfigured, Refused, Trouble, Unavailable, Uncertain
from integrations.registry import adapter
from orders import incoming, outgoing

ANY = "*"


@adapter("crime")
class CrimeLedger:
    """Its crimes lie in `crimes.json`: for a reference, or any, what it does at the next calls, one after the other."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Options:
        folder: Path
        hang: Decimal = Decimal(0)
        at_once: int = 1
        several: int = 1
        latency: Decimal = Decimal(0)

    kinds: ClassVar[frozenset[str]] = frozenset(outgoing.DocumentKind.values)
    idempotency: ClassVar[Idempotency] = Idempotency.LOOK_UP
    bounds: ClassVar[Bounds] = Bounds()

    def __init__(self, options: Options, session: object = None) -> None:
        self.folder, self.hang, self.latency = options.folder, float(options.hang), float(options.latency)
        self.concurrency, self.batch = options.at_once, options.several

    def check(self) -> Sequence[Check]:
        return [Check(name="folder", ok=self.folder.is_dir(), words=f"The folder is {self.folder}.")]

    def choices(self) -> incoming.Choices:
        account = incoming.AccountChoice(code="Income:Goods", name="Goods")
        codes = (incoming.TaxCodeChoice(code="DE19", name="19 %"),)
        return incoming.Choices(accounts=(account,), tax_codes=codes, complete=False)

    def find(self, document: outgoing.Document) -> Booked | None:
        self._note("find", document)
        self._commit(self._next_crime("find", document.reference))
        hits = [
            line
            for line in read(self.folder, "booked")
            if (line["key"], line["revision"]) == (document.key, document.revision)
        ]
        if len(hits) > 1 or any(line["hash"] != document.hash for line in hits):
            raise Conflict(
                f"{document.reference} stands there {len(hits)} times or as another document.", fix="Look at it."
            )
        return answer(document, hits[0]["id"]) if hits else None

    def book(self, document: outgoing.Document) -> Booked:
        time.sleep(self.latency)
        return self._book(document)

    def book_many(self, documents: Sequence[outgoing.Document]) -> list[Outcome]:
        time.sleep(self.latency)
        append(self.folder, "together", {"references": [document.reference for document in documents]})
        crime = self._next_crime("book_many", ANY)
        if not crime.endswith("booked"):
            self._commit(crime)
        outcomes = [self._outcome(document) for document in documents]
        self._commit(crime)
        return outcomes[1:] if crime == "forgets one" else outcomes

    def _outcome(self, document: outgoing.Document) -> Outcome:
        try:
            return self._book(document)
        except Trouble as error:
            return error

    def _book(self, document: outgoing.Document) -> Booked:
        self._note("book", document)
        crime = self._next_crime("book", document.reference)
        if not crime.endswith("booked"):
            self._commit(crime)
        serial = self._serial(document)
        self._commit(crime)
        if crime == "books another total":
            return answer(document, f"C{serial}", more=Decimal("0.01"))
        return answer(document, "C1" if crime == "names another" else f"C{serial}")

    def read(self, references: Sequence[str]) -> Sequence[incoming.InvoiceState]:
        known = read(self.folder, "booked")
        return [
            state
            for name in references
            for state in [_state(line) for line in known if line["reference"] == name] or [_gone(name)]
        ]

    def _serial(self, document: outgoing.Document) -> int:
        """Written into the log; how many stand there now."""
        with _locked(self.folder):
            serial = len(read(self.folder, "booked")) + 1
            line = {
                "key": document.key,
                "revision": document.revision,
                "hash": document.hash,
                "kind": str(document.kind),
                "reference": document.reference,
                "id": f"C{serial}",
                "sums": [str(document.net), str(document.tax), str(document.gross)],
                "texts": [item.text for item in document.lines],
            }
            append(self.folder, "booked", line)
        return serial

    def _commit(self, crime: str) -> None:
        match crime.removesuffix(", though booked"):
            case "loses the reply":
                raise Uncertain("The connection was reset.")
            case "refuses":
                raise Refused("Account 1200 is closed.", fix="Map it to another account.")
            case "is busy":
                raise Unavailable("Too many requests.", retry_after=60)
            case "is down":
                raise Unavailable("Connection refused.")
            case "locks us out":
                raise Misconfigured("The password is wrong.", fix="Connect again.")
            case "has a bug":
                raise KeyError("invoice_id")
            case "hangs":
                time.sleep(self.hang)

    def _next_crime(self, call: str, reference: str) -> str:
        with _locked(self.folder):
            path = self.folder / "crimes.json"
            crimes = json.loads(path.read_text()) if path.exists() else {}
            planned = crimes.get(f"{call} {reference}") or crimes.get(f"{call} {ANY}") or []
            crime = planned.pop(0) if planned else ""
            path.write_text(json.dumps(crimes))
        return str(crime)

    def _note(self, call: str, document: outgoing.Document) -> None:
        append(self.folder, "calls", {"call": call, "reference": document.reference, "at": time.monotonic()})


def plan(folder: Path, call: str, *crimes: str, reference: str = ANY) -> None:
    """The next calls (find or book) of that reference, or of any, go like this; "" is an honest one."""
    path = folder / "crimes.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**known, f"{call} {reference}": list(crimes)}))


def times_booked(folder: Path) -> Counter[str]:
    """How often each reference stands in the judge's log."""
    return Counter(line["reference"] for line in read(folder, "booked"))


def calls(folder: Path) -> list[str]:
    """Every call there was, in order: "find WEB1"."""
    return [f"{line['call']} {line['reference']}" for line in read(folder, "calls")]


def together(folder: Path) -> list[list[str]]:
    """What came in one call, call by call."""
    return [line["references"] for line in read(folder, "together")]


def append(folder: Path, name: str, line: dict[str, Any]) -> None:
    with (folder / f"{name}.log").open("a") as stream:
        stream.write(json.dumps(line) + "\n")


def read(folder: Path, name: str) -> list[dict[str, Any]]:
    path = folder / f"{name}.log"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _state(line: dict[str, Any]) -> incoming.InvoiceState:
    net, tax, total = map(Decimal, line["sums"])
    return incoming.InvoiceState(
        reference=line["reference"],
        number=line["reference"],
        state="open",
        net=net,
        tax=tax,
        total=total,
        balance=total,
        kind=outgoing.DocumentKind(line["kind"]),
    )


def _gone(reference: str) -> incoming.InvoiceState:
    zero = Decimal(0)
    return incoming.InvoiceState(
        reference=reference, number=reference, state="deleted", net=zero, tax=zero, total=zero, balance=zero
    )


def answer(document: outgoing.Document, id: str, more: Decimal = Decimal(0)) -> Booked:
    taxes: Counter[str] = Counter()
    for line in document.lines:
        if line.tax:
            taxes[line.tax_code] += line.tax  # type: ignore[assignment]
    return Booked(
        id=id,
        number=document.number or document.reference,
        currency=document.currency,
        net=document.net + more,
        tax=document.tax,
        gross=document.gross + more,
        taxes=tuple(taxes.items()),
        balance=document.gross,  # type: ignore[arg-type]
    )


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
