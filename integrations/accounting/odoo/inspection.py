"""Looks at a connection to Odoo, case by case: what is right, what is missing, and where to click there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from integrations.accounting.base import Check, Masters
from integrations.accounting.odoo import counting, refusals
from integrations.accounting.odoo.company import Company
from integrations.accounting.odoo.line import Fault
from integrations.errors import Trouble

SOON = timedelta(days=14)
_USER = "In Odoo: Settings > Users & Companies > Users, open the connection's user"


def look(company: Company, options: Masters, retail: Mapping[str, str]) -> Sequence[Check]:
    """One Check a case; the first that stops everything (address, version, key, company) is the last."""
    checks: list[Check] = []
    for name, step in (("address", _address), ("key", _key), ("company", _company)):
        checks.append(_tried(name, lambda step=step: step(company)))  # type: ignore[misc]
        if not checks[-1].ok:
            return checks
    checks.append(expiry(getattr(options, "key_expires_on", ""), company.line.serie))
    for name, several in (("journals", _journals), ("taxes", _taxes), ("lock dates", _locks), ("rights", _rights)):
        checks += _each(name, lambda several=several: list(several(company, options)))  # type: ignore[misc]
    return [
        *checks,
        *_each("payment accounts", lambda: [_methods(company)]),
        *_each("retail", lambda: list(_retail(company, retail))),
        *(_each("stock", lambda: [_stock(company)]) if options.stock else []),
    ]


def _tried(name: str, step: Callable[[], str]) -> Check:
    try:
        return Check(name=name, ok=True, words=step())
    except Trouble as error:
        return Check(name=name, ok=False, words=error.words, fix=error.fix)
    except Fault as fault:
        met = refusals.trouble(fault)
        return Check(name=name, ok=False, words=met.words, fix=met.fix)


def _each(name: str, step: Callable[[], list[Check]]) -> list[Check]:
    try:
        return step()
    except Trouble as error:
        return [Check(name=name, ok=False, words=error.words, fix=error.fix)]
    except Fault as fault:
        met = refusals.trouble(fault)
        return [Check(name=name, ok=False, words=met.words, fix=met.fix)]


def _today() -> date:
    return datetime.now(UTC).date()


def _address(company: Company) -> str:
    serie = company.line.serie
    return f"Odoo {serie} answers, over {'JSON-2' if serie >= 19 else 'JSON-RPC'}."


def _key(company: Company) -> str:
    return f"It lets us in as user {company.line.user}."


def _company(company: Company) -> str:
    ways = {"round_per_line": "line by line", "round_globally": "over the whole document"}
    rounds = ways.get(str(company.facts["tax_calculation_rounding_method"]), "in a way of its own")
    return f"{company.facts['name']} keeps its books in {company.currency} and rounds tax {rounds}."


def expiry(text: str, serie: int) -> Check:
    """From 18 on keys expire, by default after three months at the latest; Odoo tells nobody beforehand."""
    fix = "In Odoo, as the connection's user: Preferences > Account Security > New API Key; then connect again with it and its day."
    if not text:
        words = (
            "Keys do not expire."
            if serie < 18
            else "Keys expire in this version, and nobody has said when this one does."
        )
        return Check(
            name="key's end",
            ok=serie < 18,
            words=words,
            fix="" if serie < 18 else f"Set the option key_expires_on. {fix}",
        )
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return Check(name="key's end", ok=False, words=f"key_expires_on is “{text}”.", fix="Write it as YYYY-MM-DD.")
    return Check(
        name="key's end",
        ok=day - _today() > SOON,
        words=f"The key expires on {day}.",
        fix="" if day - _today() > SOON else fix,
    )


def _journals(company: Company, options: Masters) -> Iterator[Check]:
    for name, row in (("sales journal", company.sales), ("general journal", company.general)):
        hashed = row["restrict_mode_hash_table"]
        words = f"{row['name']} ({row['code']})" + (
            ", secured with a hash: what is posted cannot be taken back there." if hashed else "."
        )
        yield Check(name=name, ok=True, words=words)
    words = f"Unit prices have {company.decimals} decimals; a finer one goes over as one piece of the whole line."
    yield Check(name="unit prices", ok=True, words=words)


def _taxes(company: Company, options: Masters) -> Iterator[Check]:
    usable = [tax for tax in company.taxes.values() if not tax.included]
    place = "In Odoo: Accounting > Configuration > Taxes"
    yield Check(
        name="taxes",
        ok=bool(usable),
        words=f"{len(usable)} sales taxes can be used.",
        fix="" if usable else f"{place}, make the sales taxes that the shop charges, not included in price.",
    )
    if homeless := [tax.code for tax in usable if tax.rate and not tax.account]:
        yield Check(
            name="tax accounts",
            ok=False,
            words=f"No account takes the tax of {', '.join(homeless)}.",
            fix=f"{place}, open it, Definition: name the account in the line “of tax”.",
        )


def _locks(company: Company, options: Masters) -> Iterator[Check]:
    sales, taxed = company.locks()
    last = max((day for day in (sales, taxed) if day), default=None)
    today_is_open = last is None or last < _today()
    words = f"The books are locked up to {last}." if last else "No period is locked."
    yield Check(
        name="lock dates",
        ok=today_is_open,
        words=words,
        fix=""
        if today_is_open
        else "In Odoo: Accounting > Accounting > Lock Dates, open today, or nothing can be posted.",
    )


def _rights(company: Company, options: Masters) -> Iterator[Check]:
    """What is needed, and the right that makes lock dates void."""
    needed = [
        ("account.move", "invoices", "Invoicing: Billing"),
        ("account.payment", "payments", "Invoicing: Billing"),
        ("res.partner", "new customers", "Extra Rights: Contact Creation"),
    ]
    needed += [("product.product", "new items", "Sales: Administrator")] if options.items == "make" else []
    for model, what, group in needed:
        ok = _may(company, model)
        words = f"The user {'may' if ok else 'may not'} make {what}."
        yield Check(name=f"right: {what}", ok=ok, words=words, fix="" if ok else f"{_USER} and give it {group}.")
    if _may(company, "account.tax"):
        words = "The user is an administrator of accounting, whom the lock date for others does not stop: a closed month would be posted into."
        yield Check(name="too many rights", ok=False, words=words, fix=f"{_USER} and set Invoicing to Billing.")


def _may(company: Company, model: str) -> bool:
    if company.line.serie >= 18:
        return bool(company.line.call(model, "has_access", [], operation="create"))
    return bool(company.line.call(model, "check_access_rights", operation="create", raise_exception=False))


def _methods(company: Company) -> Check:
    named = sorted({f"{code} ({row['journal_id'][1]})" for (code, _kind), row in company.methods.items()})
    if named:
        return Check(
            name="payment accounts",
            ok=True,
            words=f"Payments without a fee become Odoo's payments on: {', '.join(named)}. Others become entries.",
        )
    words = "No payment method names an outstanding account, so every payment becomes a journal entry, which is right in the books all the same."
    return Check(name="payment accounts", ok=True, words=words)


def _stock(company: Company) -> Check:
    names = ", ".join(f"{row['name']} ({row['code']})" for row in counting.warehouses(company))
    if names:
        return Check(name="stock", ok=True, words=f"Quantities are read from {names}.")
    fix = "In Odoo: Inventory > Configuration > Warehouses, make one; or set the option stock to no."
    return Check(name="stock", ok=False, words="The company has no warehouse.", fix=fix)


def _retail(company: Company, retail: Mapping[str, str]) -> Iterator[Check]:
    ids = sorted({int(id) for id in retail.values() if id.isdigit()})
    rows = company.line.call("res.partner", "read", ids, fields=["name", "active"]) if ids else []
    there: dict[str, Any] = {str(row["id"]): row for row in rows if row["active"]}
    for shop, id in sorted(retail.items()):
        found = there.get(id)
        words = (
            f"Private buyers of {shop} stand on {found['name']}."
            if found
            else f"Odoo has no customer {id}, who should stand for the private buyers of {shop}."
        )
        yield Check(
            name=f"retail customer of {shop}",
            ok=bool(found),
            words=words,
            fix=""
            if found
            else "Correct the option retail: the customer's number stands at the end of its address in Odoo (…/res.partner/15).",
        )
