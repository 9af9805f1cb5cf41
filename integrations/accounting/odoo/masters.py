"""Customers and items as steps of booking: taken as known, found by our reference, made where allowed; one that merely looks alike is asked about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from integrations.accounting.base import Masters
from integrations.accounting.odoo import refusals, texts
from integrations.accounting.odoo.company import Company
from integrations.accounting.odoo.line import SAFE, Fault
from integrations.errors import Proposal, Refused, Trouble, Undecided
from orders import outgoing
from orders.outgoing import Bound

PARTNER = ("id", "name", "ref", "email", "vat", "is_company", "street", "city", "zip", "country_id/.id")


class Partners:
    """The customers of some documents, found in few calls for all. `of` gives each document's, or raises what was wrong with it."""

    def __init__(self, company: Company) -> None:
        self.company, self.line = company, company.line
        self._found: dict[str, int | Trouble] = {}
        self.bound: dict[str, Bound] = {}

    def of(self, document: outgoing.Document) -> int:
        found = self._found[ours(document)]
        if isinstance(found, Trouble):
            raise found
        return found

    def gather(self, documents: Sequence[outgoing.Document]) -> None:
        """Known, else by our reference, else made; those that look alike become Undecided. At most one call for each of these steps."""
        self._make(self.look(documents))

    def look(self, documents: Sequence[outgoing.Document]) -> list[outgoing.Document]:
        """All of it but the making; those whose customer would be made."""
        todo = {ours(document): document for document in documents}
        self._known([document for document in todo.values() if document.known.customer])
        fresh = [document for name, document in todo.items() if name not in self._found]
        if not fresh:
            return []
        self._by_reference(fresh)
        fresh = [document for document in fresh if ours(document) not in self._found]
        self._alike([document for document in fresh if not document.known.make])
        return [document for document in fresh if ours(document) not in self._found]

    def _known(self, documents: Sequence[outgoing.Document]) -> None:
        ids = sorted({int(row.known.customer) for row in documents if row.known.customer.isdigit()})
        rows = self.line.call("res.partner", "read", ids, fields=["active"]) if ids else []
        there = {row["id"] for row in rows if row["active"]}
        for document in documents:
            told = document.known.customer
            if told.isdigit() and int(told) in there:
                self._found[ours(document)] = int(told)
                continue
            words = (
                f"{document.reference}: the customer {told} that stands for it is not in Odoo any more, or archived."
            )
            self._found[ours(document)] = Undecided(words, noun="customer", ours=ours(document), proposals=())

    def _by_reference(self, documents: Sequence[outgoing.Document]) -> None:
        for name, rows in self._rows("ref", {ours(row): ours(row) for row in documents}).items():
            if len(rows) > 1:
                words = f"Odoo has {len(rows)} customers with the reference {name}."
                self._found[name] = Undecided(
                    words, noun="customer", ours=name, proposals=_proposals(rows, "our reference")
                )
            else:
                self._keep(name, rows[0]["id"])

    def _alike(self, documents: Sequence[outgoing.Document]) -> None:
        vats = {ours(row): row.party.vat_id.strip() for row in documents if row.party.vat_id.strip()}
        mails = {ours(row): row.party.email.strip().lower() for row in documents if row.party.email.strip()}
        alike: dict[str, list[Proposal]] = {}
        for field, wanted, why in (("vat", vats, "the same VAT id"), ("email_normalized", mails, "the same e-mail")):
            for name, rows in self._rows(field, wanted).items():
                alike.setdefault(name, []).extend(_proposals(rows, why))
        for document in documents:
            if found := _once(alike.get(ours(document), [])):
                words = f"{document.reference}: in Odoo {found[0].label} has {found[0].why} as its customer, and may be the same or not."
                self._found[ours(document)] = Undecided(words, noun="customer", ours=ours(document), proposals=found)

    def _rows(self, field: str, wanted: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
        """The commercial partners by our name; exact values only, for in a pattern `_` and `%` would match others."""
        if not wanted:
            return {}
        domain = [[field, "in", sorted(set(wanted.values()))], ["parent_id", "=", False]]
        rows = self.line.call("res.partner", "search_read", domain=domain, fields=["name", field])
        found = {name: [row for row in rows if row[field] == value] for name, value in wanted.items()}
        return {name: hits for name, hits in found.items() if hits}

    def _make(self, documents: Sequence[outgoing.Document]) -> None:
        if not documents:
            return
        countries = self._countries(documents)
        rows = [_partner(document, countries) for document in documents]
        try:
            told = self.line.call("res.partner", "load", context=SAFE, fields=list(PARTNER), data=rows)
        except Fault as fault:
            raise refusals.trouble(fault, "A new customer") from fault
        if told["ids"]:
            for document, id in zip(documents, told["ids"], strict=True):
                self._keep(ours(document), id)
        elif len(documents) > 1:
            for document in documents:
                self._make([document])
        else:
            said = " ".join(item["message"] for item in told["messages"])
            self._found[ours(documents[0])] = refusals.trouble(
                Fault("load", said, "res.partner.load"), documents[0].reference
            )

    def _countries(self, documents: Sequence[outgoing.Document]) -> dict[str, int]:
        codes = sorted(
            {row.party.billing.country for row in documents if row.party.billing and row.party.billing.country}
        )
        rows = (
            self.line.call("res.country", "search_read", domain=[["code", "in", codes]], fields=["code"])
            if codes
            else []
        )
        return {row["code"]: row["id"] for row in rows}

    def _keep(self, name: str, id: int) -> None:
        self._found[name] = id
        self.bound[name] = Bound(noun="customer", ours=name, theirs=str(id))


class Items:
    """The products of some documents' lines, by SKU."""

    def __init__(self, company: Company, options: Masters) -> None:
        self.company, self.line, self.mode = company, company.line, options.items
        self._found: dict[str, int] = {}
        self._twice: dict[str, list[dict[str, Any]]] = {}
        self.bound: dict[str, Bound] = {}

    def gather(self, documents: Sequence[outgoing.Document]) -> None:
        fresh = self.look(documents)
        if self.mode == "make":
            self._make(fresh)

    def look(self, documents: Sequence[outgoing.Document]) -> dict[str, outgoing.Line]:
        """All of it but the making; the lines, by SKU, whose item would be made."""
        if self.mode == "off":
            return {}
        known = {sku: id for document in documents for sku, id in document.known.items}
        wanted = {
            line.sku: line for document in documents for line in document.lines if line.sku and line.kind == "item"
        }
        self._found = {sku: int(id) for sku, id in known.items() if id.isdigit() and sku in wanted}
        fresh = {sku: line for sku, line in wanted.items() if sku not in self._found}
        codes = sorted({line.item or sku for sku, line in fresh.items()})
        rows = self._rows(codes) if codes else []
        for sku, line in fresh.items():
            hits = [row for row in rows if row["default_code"] == (line.item or sku)]
            if len(hits) == 1:
                self._keep(sku, hits[0]["id"])
            elif hits and sku not in known:
                self._twice[sku] = hits
        return {sku: line for sku, line in fresh.items() if sku not in self._found and sku not in self._twice}

    def of(self, document: outgoing.Document, line: outgoing.Line) -> int | None:
        """The product of a line, None for a line without. Raises Undecided for a code that several have."""
        if hits := self._twice.get(line.sku):
            words = f"{document.reference}, line {line.n}: Odoo has {len(hits)} products with the code {line.item or line.sku}."
            raise Undecided(words, noun="item", ours=line.sku, proposals=_proposals(hits, "the same code"))
        return self._found.get(line.sku)

    def _rows(self, codes: Sequence[str]) -> list[dict[str, Any]]:
        domain = [["default_code", "in", list(codes)]]
        return list(self.line.call("product.product", "search_read", domain=domain, fields=["name", "default_code"]))

    def _make(self, lines: Mapping[str, outgoing.Line]) -> None:
        if not lines:
            return
        rows = [
            [texts.external("item", sku), texts.plain(line.text) or sku, line.item or sku]
            for sku, line in lines.items()
        ]
        try:
            told = self.line.call(
                "product.product", "load", context=SAFE, fields=["id", "name", "default_code"], data=rows
            )
        except Fault as fault:
            raise refusals.trouble(fault, "A new item") from fault
        if not told["ids"]:
            said = " ".join(item["message"] for item in told["messages"])
            raise Refused(
                f"Odoo makes no item of these: {said}", fix="Make them in Odoo, or set the option items to link."
            )
        for sku, id in zip(lines, told["ids"], strict=True):
            self._keep(sku, id)

    def _keep(self, sku: str, id: int) -> None:
        self._found[sku] = id
        self.bound[sku] = Bound(noun="item", ours=sku, theirs=str(id))


def ours(document: outgoing.Document) -> str:
    """Our reference for the document's customer, which a partner carries in `ref`."""
    return document.known.ours or document.party.id or f"{document.shop}:{document.order_number}"


def _partner(document: outgoing.Document, countries: Mapping[str, int]) -> list[Any]:
    party, name = document.party, ours(document)
    at = party.billing
    place = [texts.plain(part) for part in (at.street, at.city, at.postcode)] if at else ["", "", ""]
    country = str(countries.get(at.country, "")) if at else ""
    firm = "true" if party.company.strip() else "false"  # load reads texts
    label = texts.plain(party.company) or texts.plain(party.name) or texts.plain(party.email) or name
    return [
        texts.external("customer", name),
        label,
        name,
        texts.plain(party.email),
        texts.plain(party.vat_id),
        firm,
        *place,
        country,
    ]


def _proposals(rows: Sequence[Mapping[str, Any]], why: str) -> list[Proposal]:
    return [Proposal(id=str(row["id"]), label=str(row["name"]), why=why) for row in rows]


def _once(proposals: Sequence[Proposal]) -> list[Proposal]:
    """Each record once, with its first reason, which is the stronger one."""
    return list({item.id: item for item in reversed(proposals)}.values())[::-1]
