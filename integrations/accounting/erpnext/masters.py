"""Customers and items as steps of booking: taken as known, found by our reference, made where allowed; one that merely looks alike is asked about.

MariaDB finds by letters without regard to case or accents, so what it finds is compared again here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from integrations.accounting.erpnext import names, refusals
from integrations.accounting.erpnext.company import Company
from integrations.accounting.erpnext.line import Fault, Row
from integrations.accounting.erpnext.names import KEY
from integrations.errors import Proposal, Refused, Undecided
from orders import outgoing
from orders.outgoing import Bound

_FIELDS = ["name", "customer_name", "disabled", "tax_id", "email_id", KEY]


def customer(document: outgoing.Document, company: Company) -> tuple[str, tuple[Bound, ...]]:
    """The name of the document's customer in ERPNext, and what was found or made for it. Raises Undecided where a person has to say."""
    found = look(document, company) or _make(document, company)
    bound = Bound(noun="customer", ours=names.ours(document), theirs=found)
    return found, () if document.known.customer else (bound,)


def look(document: outgoing.Document, company: Company) -> str:
    """The customer who is there, empty where one would be made. Raises Undecided where a person has to say."""
    if told := document.known.customer:
        rows = _rows(company, "name", told)
        if rows and not rows[0]["disabled"]:
            return told
        words = f"{document.reference}: the customer {told} that stands for it is not in ERPNext any more, or disabled."
        raise Undecided(words, noun="customer", ours=names.ours(document), proposals=())
    return _by_reference(document, company) or _alike(document, company)


def _rows(company: Company, field: str, value: str) -> list[Row]:
    rows = company.line.find("Customer", _FIELDS, [[field, "=", value]])
    return [row for row in rows if str(row[field] or "").casefold() == value.casefold()]


def _by_reference(document: outgoing.Document, company: Company) -> str:
    ours = names.ours(document)
    exact = [row for row in _rows(company, KEY, ours) if row[KEY] == ours]
    if exact and exact[0]["disabled"]:
        words = f"{document.reference}: the customer {exact[0]['name']} with our reference is disabled in ERPNext."
        raise Undecided(words, noun="customer", ours=ours, proposals=())
    return str(exact[0]["name"]) if exact else ""


def _alike(document: outgoing.Document, company: Company) -> str:
    """Who looks alike is for a person to decide, which is raised as Undecided; unless another process made it for us between the two looks."""
    if document.known.make:
        return ""
    ours, proposals = names.ours(document), dict[str, Proposal]()
    asked = (
        ("tax_id", document.party.vat_id, "the same VAT id"),
        ("email_id", document.party.email, "the same e-mail"),
    )
    for field, value, why in asked:
        for row in _rows(company, field, value.strip()) if value.strip() else []:
            if row[KEY] == ours:
                return str(row["name"])
            proposals.setdefault(row["name"], Proposal(id=row["name"], label=row["customer_name"], why=why))
    if proposals:
        first = next(iter(proposals.values()))
        words = f"{document.reference}: in ERPNext {first.label} has {first.why} as its customer, and may be the same or not."
        raise Undecided(words, noun="customer", ours=ours, proposals=list(proposals.values()))
    return ""


def _make(document: outgoing.Document, company: Company) -> str:
    """The unique field keeps a second one away: whoever comes second takes what the first one made."""
    try:
        return str(company.line.insert("Customer", _customer(document, company))["name"])
    except Fault as fault:
        if fault.name in refusals.TAKEN and (found := _by_reference(document, company)):
            return found
        raise refusals.trouble(fault, f"{document.reference}, a new customer") from fault


def _customer(document: outgoing.Document, company: Company) -> Row:
    """With the address in the same call, which ERPNext makes of it where town and country are there."""
    party, ours = document.party, names.ours(document)
    label = names.plain(party.company) or names.plain(party.name) or names.plain(party.email) or ours
    made = {"customer_name": label, "customer_type": "Company" if party.company.strip() else "Individual", KEY: ours}
    made |= {"tax_id": names.plain(party.vat_id)} if party.vat_id.strip() else {}
    made |= {"email_id": names.plain(party.email)} if party.email.strip() else {}
    return made | _address(document, company)


def _address(document: outgoing.Document, company: Company) -> Row:
    at = document.party.billing
    if at is None or not (at.street and at.city and at.country):
        return {}
    countries = company.line.find("Country", ["name"], [["code", "=", at.country.lower()]])
    if not countries:
        return {}
    place = {"address_line1": at.street, "city": at.city, "pincode": at.postcode, "country": countries[0]["name"]}
    return {name: names.plain(text) for name, text in place.items() if text}


def items(document: outgoing.Document, company: Company, mode: str) -> tuple[dict[int, str], tuple[Bound, ...]]:
    """The item of each line by its number, the one of the option `item` for every other line; and what was found or made on the way."""
    known = {sku: id for sku, id in document.known.items if id}
    wanted = {line.sku: line for line in document.lines if mode != "off" and line.sku and line.kind == "item"}
    fresh = [line for sku, line in wanted.items() if sku not in known]
    found = _there(company, [names.plain(line.item or line.sku) for line in fresh])
    bound: list[Bound] = []
    for line in fresh:
        code = names.plain(line.item or line.sku)
        if code not in found and mode == "make" and code:
            found[code] = _make_item(line, code, document, company)
        if code in found:
            known[line.sku] = found[code]
            bound.append(Bound(noun="item", ours=line.sku, theirs=found[code]))
    general = str(company.item["name"])
    return {line.n: known.get(line.sku, general) if line.sku in wanted else general for line in document.lines}, tuple(
        bound
    )


def _there(company: Company, codes: Sequence[str]) -> dict[str, str]:
    """Those that can be sold; a template of variants cannot."""
    asked: list[Any] = [["disabled", "=", 0], ["has_variants", "=", 0], ["is_sales_item", "=", 1]]
    rows = company.line.find_in("Item", ["name"], "name", filter(None, codes), asked)
    return {row["name"]: row["name"] for row in rows if row["name"] in codes}


def _make_item(line: outgoing.Line, code: str, document: outgoing.Document, company: Company) -> str:
    """As the general item is, and not kept in stock: ordersync moves none."""
    like = company.item
    body = {
        "item_code": code,
        "item_name": names.plain(line.text) or code,
        "item_group": like["item_group"],
        "stock_uom": like["stock_uom"],
        "is_stock_item": 0,
    }
    try:
        return str(company.line.insert("Item", body)["name"])
    except Fault as fault:
        if fault.name in refusals.TAKEN:
            words = f"{document.reference}, line {line.n}: ERPNext has an item {code} that cannot be sold, or one that differs in case only."
            raise Refused(
                words, fix="In ERPNext: Item, enable it or rename it; or name the other code in the item's mapping."
            ) from fault
        raise refusals.trouble(fault, f"{document.reference}, line {line.n}, a new item") from fault
