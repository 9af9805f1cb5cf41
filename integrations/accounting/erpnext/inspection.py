"""Looks at a connection to ERPNext, case by case: what is right, what is missing, and where to click there. Nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from integrations.accounting.base import Check, Masters
from integrations.accounting.erpnext import counting, entries, invoices, names, refusals
from integrations.accounting.erpnext.company import Company
from integrations.accounting.erpnext.line import Fault, Row
from integrations.errors import Misconfigured, Trouble

FIRST, LAST = 14, 16
_USER = "In ERPNext: User, open the connection's user, Roles"
_COMPANY = "In ERPNext: Company, Accounts"
_OURS = (invoices.DOCTYPE, entries.PAYMENT, entries.ENTRY, "Customer")


def look(company: Company, options: Masters, retail: Mapping[str, str]) -> Sequence[Check]:
    """One Check a case; the first that stops everything (address, key, version, company) is the last."""
    checks: list[Check] = []
    for name, step in (("address", _address), ("key", _key), ("version", _version), ("company", _company)):
        checks.append(_tried(name, lambda step=step: step(company)))  # type: ignore[misc]
        if not checks[-1].ok:
            return checks
    for name, several in (
        ("key field", _fields),
        ("accounts", _accounts),
        ("taxes", _taxes),
        ("item", _item),
        ("closed periods", _periods),
        ("rights", _rights),
    ):
        checks += _each(name, lambda several=several: list(several(company, options)))  # type: ignore[misc]
    checks += _each("stock", lambda: [_stock(company)]) if options.stock else []
    return [*checks, *_each("retail", lambda: list(_retail(company, retail)))]


def _tried(name: str, step: Callable[[], str]) -> Check:
    (found,) = _each(name, lambda: [Check(name=name, ok=True, words=step())])
    return found


def _each(name: str, step: Callable[[], list[Check]]) -> list[Check]:
    try:
        return step()
    except Trouble as error:
        return [Check(name=name, ok=False, words=error.words, fix=error.fix)]
    except Fault as fault:
        met = refusals.trouble(fault)
        return [Check(name=name, ok=False, words=met.words, fix=met.fix)]


def _address(company: Company) -> str:
    company.line.ask("ping")
    return "A Frappe site answers."


def _key(company: Company) -> str:
    return f"It lets us in as {company.line.ask('frappe.auth.get_logged_user')['message']}."


def _version(company: Company) -> str:
    try:
        apps = company.line.ask("frappe.utils.change_log.get_versions")["message"]
    except Fault as fault:
        if fault.name != "PermissionError":
            raise
        return "The user may not see which version it is."
    if "erpnext" not in apps:
        raise Misconfigured(
            "This site has no ERPNext on it.", fix="Enter the address of the site on which ERPNext is installed."
        )
    version = str(apps["erpnext"].get("version", ""))
    serie = version.partition(".")[0]
    if not serie.isdigit() or not FIRST <= int(serie) <= LAST:
        words = f"This is ERPNext {version}; ordersync speaks with ERPNext {FIRST} to {LAST}."
        raise Misconfigured(words, fix="Use the files for ERPNext (erpnext-import), or another version.")
    return f"ERPNext {version}."


def _company(company: Company) -> str:
    return f"{company.name} keeps its books in {company.currency}."


def _fields(company: Company, options: Masters) -> Iterator[Check]:
    """Without the field the key would be dropped without a word, and without Unique nothing would keep a second document away."""
    for doctype in _OURS:
        docs = company.line.ask("frappe.desk.form.load.getdoctype", doctype=doctype)["docs"]
        rows: dict[str, Row] = {
            row["fieldname"]: row for row in next(doc for doc in docs if doc["name"] == doctype)["fields"]
        }
        field = rows.get(names.KEY)
        wrong = (
            "is missing"
            if field is None
            else ""
            if field.get("unique") and field.get("no_copy")
            else "is there, but not ticked Unique and No Copy"
        )
        words = f"The field {names.KEY} of {doctype} {wrong or 'is there, unique and not copied'}."
        yield Check(name=f"key field of {doctype}", ok=not wrong, words=words, fix=refusals.FIELD if wrong else "")


def _accounts(company: Company, options: Masters) -> Iterator[Check]:
    facts = company.facts
    needed = {
        "cost_center": "Default Cost Center",
        "round_off_account": "Round Off Account",
        "round_off_cost_center": "Round Off Cost Center",
    }
    missing = [label for name, label in needed.items() if not facts.get(name)]
    words = (
        f"{company.name} has no {', no '.join(missing)}." if missing else "Cost center and rounding have their places."
    )
    yield Check(name="company's defaults", ok=not missing, words=words, fix=f"{_COMPANY}, name it." if missing else "")
    number = len(company.accounts)
    yield Check(
        name="accounts",
        ok=bool(number),
        words=f"{number} accounts can be booked on.",
        fix="" if number else "In ERPNext: Chart of Accounts, make the accounts.",
    )


def _taxes(company: Company, options: Masters) -> Iterator[Check]:
    place = "In ERPNext: Sales Taxes and Charges Template"
    number = len(company.taxes)
    fix = (
        ""
        if number
        else f"{place}, make one for each sales tax: type On Net Total, its account and rate, not included in the basic rate."
    )
    yield Check(name="taxes", ok=bool(number), words=f"{number} sales taxes can be used.", fix=fix)
    odd = sorted({tax.account for tax in company.taxes.values() if tax.account not in company.accounts})
    if odd:
        yield Check(
            name="tax accounts",
            ok=False,
            words=f"{', '.join(odd)} cannot be booked on.",
            fix=f"{place}, name an account that is not disabled and no group.",
        )


def _item(company: Company, options: Masters) -> Iterator[Check]:
    yield Check(name="item", ok=True, words=f"Lines without an item of their own stand on {company.item['name']}.")
    if options.items == "off":
        return
    found = _setting(company, "Selling Settings") or {}
    wanted = [
        label
        for name, label in (("so_required", "Sales Order"), ("dn_required", "Delivery Note"))
        if found.get(name) == "Yes"
    ]
    if wanted:
        words = f"ERPNext wants a {' and a '.join(wanted)} before an invoice of what is kept in stock."
        yield Check(
            name="selling settings",
            ok=False,
            words=words,
            fix="In ERPNext: Selling Settings, set both “Required” to No; or set the option items to off.",
        )


def _setting(company: Company, doctype: str) -> Row | None:
    """None where the user may not look, which is no fault of the set-up."""
    try:
        return company.line.get(doctype, doctype)
    except Fault as fault:
        if fault.name != "PermissionError":
            raise
        return None


def _periods(company: Company, options: Masters) -> Iterator[Check]:
    today = datetime.now(UTC).date().isoformat()
    years = company.line.find(
        "Fiscal Year",
        ["name"],
        [["year_start_date", "<=", today], ["year_end_date", ">=", today], ["disabled", "=", 0]],
    )
    words = f"Today is in the fiscal year {years[0]['name']}." if years else f"No fiscal year holds {today}."
    yield Check(name="fiscal year", ok=bool(years), words=words, fix="" if years else "In ERPNext: Fiscal Year, New.")
    frozen = company.facts.get("accounts_frozen_till_date") or (_setting(company, "Accounts Settings") or {}).get(
        "acc_frozen_upto"
    )
    is_open = not frozen or str(frozen) < today
    words = f"The accounts are frozen up to {frozen}." if frozen else "No day is frozen, or the user may not see which."
    fix = (
        ""
        if is_open
        else "In ERPNext: Accounts Settings (from 16 on Company), Accounts Frozen Till Date, open today, or nothing can be posted."
    )
    yield Check(name="frozen accounts", ok=is_open, words=words, fix=fix)


def _rights(company: Company, options: Masters) -> Iterator[Check]:
    """What is needed, and the rights that pass by the freeze or remake the site."""
    needed: list[tuple[str, tuple[str, ...], str]] = [
        (doctype, ("create", "submit", "delete"), "Accounts User") for doctype in _OURS[:3]
    ]
    needed += [("Customer", ("create",), "Sales User")]
    needed += [("Item", ("create",), "Item Manager")] if options.items == "make" else []
    for doctype, perms, role in needed:
        lacking = [perm for perm in perms if not _may(company, doctype, perm)]
        words = (
            f"The user may not {', not '.join(lacking)} a {doctype}."
            if lacking
            else f"The user may {', '.join(perms)} a {doctype}."
        )
        yield Check(
            name=f"right: {doctype}", ok=not lacking, words=words, fix=f"{_USER}: give it {role}." if lacking else ""
        )
    for doctype, what, role in (
        ("Custom Field", "change the site's forms", "System Manager"),
        ("Accounts Settings", "lift the freeze of the accounts", "Accounts Manager"),
    ):
        if _may(company, doctype, "write"):
            yield Check(
                name="too many rights", ok=False, words=f"The user may {what}.", fix=f"{_USER}: take {role} away."
            )


def _may(company: Company, doctype: str, perm: str) -> bool:
    told = company.line.ask("frappe.client.has_permission", doctype=doctype, docname="", perm_type=perm)["message"]
    return bool(told["has_permission"])


def _retail(company: Company, retail: Mapping[str, str]) -> Iterator[Check]:
    rows = company.line.find_in("Customer", ["name", "customer_name", "disabled"], "name", retail.values())
    there = {row["name"]: row["customer_name"] for row in rows if not row["disabled"]}
    for shop, id in sorted(retail.items()):
        words = (
            f"Private buyers of {shop} stand on {there[id]}."
            if id in there
            else f"ERPNext has no customer “{id}”, who should stand for the private buyers of {shop}."
        )
        fix = "" if id in there else "Correct the option retail: the customer's ID stands under its name in ERPNext."
        yield Check(name=f"retail customer of {shop}", ok=id in there, words=words, fix=fix)


def _stock(company: Company) -> Check:
    told = ", ".join(row["name"] for row in counting.warehouses(company))
    fix = "" if told else "In ERPNext: Warehouse, New; or set the option stock to no."
    words = f"Quantities are read from {told}." if told else "The company has no warehouse."
    return Check(name="stock", ok=bool(told), words=words, fix=fix)
