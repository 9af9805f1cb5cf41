"""Tryton's parties and products as our customers and items: known, else found by our code, else asked about, else made; never merged, never changed."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from integrations.accounting.base import Masters
from integrations.errors import Proposal, Refused, Undecided
from orders import incoming, outgoing
from orders.outgoing import Bound, DocumentKind

from .books import Books
from .invoices import Customer
from .refusals import clean
from .rpc import Said

_PARTY = ["code", "name", "rec_name", "addresses.party_name", "addresses.street", "addresses.city", "addresses.postal_code",
          "addresses.country.code"]  # fmt: skip
_ITEM = ["code", "rec_name", "default_uom", "template.account_category"]


@dataclass(slots=True)
class Parties:
    """Those of one batch: each asked for once."""

    books: Books
    options: Masters
    by_id: dict[int, dict[str, Any]] = field(default_factory=dict)
    by_code: dict[str, dict[str, Any]] = field(default_factory=dict)
    products: dict[int, dict[str, Any]] = field(default_factory=dict)

    def gather(self, documents: Sequence[outgoing.Document]) -> None:
        """Everything that is asked for by id or by code, in one call each; who is new is made."""
        self._gather_parties(documents)
        self._make_many(documents)
        if self.options.items != "off":
            self._gather_items(documents)

    def looked(self, document: outgoing.Document) -> dict[str, Any] | None:
        """The party that would stand on a document, None where one would be made. Raises Undecided as booking would."""
        self._gather_parties([document])
        name, known = ours(document), document.known
        if not known.customer and name and name not in self.by_code:
            if not known.make and (alike := self._alike(document.party)):
                raise Undecided(
                    f"{len(alike)} of Tryton's parties look like our customer {name}.",
                    noun="customer",
                    ours=name,
                    proposals=alike,
                )
            return None
        return self._row(document, name)

    def _gather_parties(self, documents: Sequence[outgoing.Document]) -> None:
        ids = {int(found) for row in documents if (found := row.known.customer).isdigit()}
        codes = {ours(row) for row in documents if not row.known.customer and ours(row)}
        domain = ["OR", ["id", "in", sorted(ids)], ["code", "in", sorted(codes)]]
        for row in self.books.client("model.party.party.search_read", domain, 0, None, None, _PARTY):
            self._keep(row)

    def _make_many(self, documents: Sequence[outgoing.Document]) -> None:
        """Those who are new and look like nobody, all in one call; whoever is left is made, asked about or refused by himself."""
        new = {
            ours(row): row
            for row in documents
            if not row.known.customer and ours(row) and ours(row) not in self.by_code
        }
        looks = [row for row in new.values() if not row.known.make]
        clauses = [clause for row in looks for clause in _clauses(row.party)]
        if len(new) < 2 or (clauses and self.books.client("model.party.party.search", [["OR", *clauses]], 0, 1, None)):
            return
        with contextlib.suppress(Said):
            values = [self._new(row.party, name) for name, row in new.items()]
            for row in self.books.client(
                "model.party.party.read", self.books.client("model.party.party.create", values), _PARTY
            ):
                self._keep(row)

    def _gather_items(self, documents: Sequence[outgoing.Document]) -> None:
        """Those that can be sold: Tryton takes no product without an account category on an invoice."""
        skus = {code for row in documents for line in row.lines if (code := clean(line.sku))}
        ids = {int(theirs) for row in documents for _sku, theirs in row.known.items if theirs.isdigit()}
        if skus:
            domain = ["OR", ["id", "in", sorted(ids)], ["code", "in", sorted(skus)]]
            rows = self.books.client("model.product.product.search_read", domain, 0, None, None, _ITEM)
            self.products |= {row["id"]: row for row in rows if row["template."]["account_category"]}

    def _keep(self, row: dict[str, Any]) -> None:
        self.by_id[row["id"]] = row
        if row["code"]:
            self.by_code[row["code"]] = row

    def customer(self, document: outgoing.Document) -> tuple[Customer, tuple[Bound, ...]]:
        """The party and address of a document. Raises Undecided where only a person can say who it is, Said where Tryton refuses to make one."""
        name = ours(document)
        row = self._row(document, name)
        if document.known.customer and row is not None:
            return self._addressed(row, document), ()
        row = row or self._make(document, name)
        return self._addressed(row, document), (Bound(noun="customer", ours=name, theirs=str(row["id"])),)

    def _row(self, document: outgoing.Document, name: str) -> dict[str, Any] | None:
        """The party that is known or carries our code. Raises Undecided for one that is gone, Refused for a document without a customer."""
        told = document.known.customer
        if told:
            row = self.by_id.get(int(told) if told.isdigit() else 0)
            if row is None:
                words = f"Tryton has no party {told} any more, which stood for our customer {name}."
                raise Undecided(words, noun="customer", ours=name, proposals=())
            return row
        if not name:
            raise Refused(
                f"{document.reference} names no customer, and Tryton wants one.", fix="Give the order a customer."
            )
        return self.by_code.get(name)

    def _make(self, document: outgoing.Document, name: str) -> dict[str, Any]:
        if not document.known.make and (alike := self._alike(document.party)):
            words = f"{len(alike)} of Tryton's parties look like our customer {name}."
            raise Undecided(words, noun="customer", ours=name, proposals=alike)
        made = self.books.client("model.party.party.create", [self._new(document.party, name)])
        (row,) = self.books.client("model.party.party.read", made, _PARTY)
        self._keep(row)
        return dict(row)

    def _alike(self, party: outgoing.Party) -> list[Proposal]:
        for clause in _clauses(party):
            rows = self.books.client("model.party.party.search_read", [clause], 0, 10, None, ["rec_name"])
            if rows:
                why = "the same VAT id" if clause[0].startswith("identifiers") else "the same e-mail"
                return [Proposal(id=str(row["id"]), label=row["rec_name"], why=why) for row in rows]
        return []

    def _new(self, party: outgoing.Party, name: str) -> dict[str, Any]:
        called = clean(party.company or party.name)
        made: dict[str, Any] = {"name": called, "code": name, "addresses": [["create", [self._address(party)]]]}
        if email := clean(party.email):
            made["contact_mechanisms"] = [["create", [{"type": "email", "value": email}]]]
        if vat := re.sub(r"\W", "", party.vat_id).upper():
            made["identifiers"] = [["create", [{"type": None, "code": vat}]]]
        return made

    def _address(self, party: outgoing.Party) -> dict[str, Any]:
        told = party.billing or party.shipping
        if told is None:
            return {"party_name": clean(party.name)}
        street = "street_unstructured" if self.books.client.version >= (8,) else "street"
        values = {"party_name": told.name, street: _street(told), "postal_code": told.postcode, "city": told.city}
        country = self._country(told.country)
        return {key: clean(text) for key, text in values.items()} | ({"country": country} if country else {})

    def _country(self, code: str) -> int | None:
        """None where Tryton's countries were not imported: the address then goes without."""
        return self.books.countries.get(code) if code else None

    def _addressed(self, row: dict[str, Any], document: outgoing.Document) -> Customer:
        """One of the party's addresses that says the same; a party of ours gets a new one where none does."""
        told = document.party.billing or document.party.shipping
        there = row["addresses."]
        fitting = [item["id"] for item in there if told is None or _same(item, told)]
        mine = row["code"] == ours(document)
        if not fitting and (mine or not there):
            values = self._address(document.party) | {"party": row["id"]}
            (made,) = self.books.client("model.party.address.create", [values])
            (fresh,) = self.books.client(
                "model.party.address.read", [made], [name.partition(".")[2] for name in _PARTY[3:]]
            )
            there.append(fresh)
            fitting = [made]
        return Customer(party=row["id"], address=(fitting or [item["id"] for item in there])[0])

    def items(self, document: outgoing.Document) -> tuple[dict[str, tuple[int, int]], tuple[Bound, ...]]:
        """Product and unit by SKU, and what was found or made. Raises Undecided where two carry the code."""
        found: dict[str, tuple[int, int]] = {}
        bound: list[Bound] = []
        if self.options.items == "off" or document.kind not in (DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE):
            return found, ()
        known = dict(document.known.items)
        for sku in dict.fromkeys(line.sku for line in document.lines if clean(line.sku)):
            row = self.products.get(int(known[sku])) if known.get(sku, "").isdigit() else self._product(sku, document)
            if row is not None:
                found[sku] = (row["id"], row["default_uom"])
                bound += [] if known.get(sku) else [Bound(noun="item", ours=sku, theirs=str(row["id"]))]
        return found, tuple(bound)

    def _product(self, sku: str, document: outgoing.Document) -> dict[str, Any] | None:
        fitting = [row for row in self.products.values() if row["code"] == clean(sku)]
        if len(fitting) > 1:
            proposals = [Proposal(id=str(row["id"]), label=row["rec_name"], why=f"the code {sku}") for row in fitting]
            words = f"{len(fitting)} of Tryton's products carry the code {sku}."
            raise Undecided(words, noun="item", ours=sku, proposals=proposals)
        if fitting or self.options.items != "make":
            return fitting[0] if fitting else None
        line = next(line for line in document.lines if line.sku == sku)
        unit = self.books.unit
        product = {"name": clean(line.text) or clean(sku), "type": "goods", "default_uom": unit, "list_price": None}
        product["account_category"] = self.books.category
        product["products"] = [["create", [{"suffix_code": clean(sku)}]]]
        made = self.books.client("model.product.template.create", [product])
        domain = [["template", "in", made]]
        (row,) = self.books.client("model.product.product.search_read", domain, 0, None, None, _ITEM)
        self.products[row["id"]] = row
        return dict(row)


def ours(document: outgoing.Document) -> str:
    """Our name for the customer, which is the party's code there."""
    return document.known.ours or document.party.id


def _clauses(party: outgoing.Party) -> list[list[str]]:
    """What a party that looks like ours has: the VAT id, else the e-mail."""
    told = (
        ("identifiers.code", re.sub(r"\W", "", party.vat_id).upper()),
        ("contact_mechanisms.value", clean(party.email)),
    )
    return [[path, "ilike", _escaped(value)] for path, value in told if value]


def _street(told: incoming.Address) -> str:
    return ", ".join(part for part in (told.street, told.street2) if part)


def _same(there: dict[str, Any], told: incoming.Address) -> bool:
    country = (there["country."] or {}).get("code") or ""
    stands = (there["party_name"], there["street"], there["postal_code"], there["city"])
    meant = (told.name, _street(told), told.postcode, told.city)
    return [_plain(text) for text in stands] == [_plain(text) for text in meant] and country in ("", told.country)


def _plain(text: str | None) -> str:
    return clean(text or "").casefold()


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
