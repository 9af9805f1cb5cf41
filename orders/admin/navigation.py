"""The way around the desk: pages grouped by task, each shown to those who may see it."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its title, the name of its address, and the right that opens it ("" for everybody)."""

    title: Words
    name: str
    permission: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """One entry of the navigation; its pages are tabs of each other. `key` follows "g"."""

    title: Words
    key: str
    pages: tuple[Page, ...]


def _list(title: Words, app: str, model: str) -> Page:
    return Page(title, f"{app}_{model}_changelist", f"{app}.view_{model}")


def _orders(title: Words, model: str) -> Page:
    return _list(title, "orders", model)


def _post(title: Words, model: str) -> Page:
    return _list(title, "integrations", model)


GROUPS: list[tuple[Words, list[Section]]] = [
    (
        _("Work"),
        [
            Section(_("Today"), "t", (Page(_("Today"), "index"),)),
            Section(_("Review"), "q", (Page(_("Review"), "review", "orders.view_order"),)),
            Section(_("Problems"), "p", (Page(_("Problems"), "problems", "orders.view_order"),)),
            Section(_("Shipments"), "s", (_orders(_("Shipments"), "shipment"),)),
        ],
    ),
    (
        _("Records"),
        [
            Section(_("Orders"), "o", (_orders(_("Orders"), "order"),)),
            Section(_("Refunds"), "r", (_orders(_("Refunds"), "refund"), _orders(_("Payouts"), "payout"))),
            Section(
                _("Customers"),
                "c",
                (_orders(_("Customers"), "customer"), _orders(_("Changes"), "customerchange")),
            ),
            Section(_("Products"), "d", (_orders(_("Products"), "product"),)),
            Section(
                _("Stock"),
                "k",
                (_orders(_("Stock"), "stocklevel"), _orders(_("Adjustments"), "stockadjustment")),
            ),
            Section(_("Invoices"), "v", (_orders(_("Invoices"), "invoice"),)),
        ],
    ),
    (
        _("Books"),
        [
            Section(
                _("Imports"),
                "i",
                (
                    _orders(_("Imports"), "importjob"),
                    _orders(_("Refused records"), "quarantine"),
                    Page(_("Bring in a file"), "upload", "orders.add_importjob"),
                ),
            ),
            Section(
                _("Mappings"),
                "m",
                (
                    _orders(_("Items"), "itemmapping"),
                    _orders(_("Taxes"), "taxmapping"),
                    _orders(_("Accounts by purpose"), "accountmapping"),
                    Page(_("Proposals"), "proposals", "orders.view_accountmapping"),
                    _orders(_("Accounts"), "account"),
                    _orders(_("Tax codes"), "taxcode"),
                    _orders(_("Exchange rates"), "exchangerate"),
                    _orders(_("Number series"), "numberseries"),
                ),
            ),
            Section(_("Proof"), "f", (Page(_("Proof"), "proof", "orders.view_document"),)),
            Section(_("Periods"), "y", (_orders(_("Periods"), "period"),)),
            Section(_("Documents"), "b", (_orders(_("Documents"), "document"),)),
            Section(
                _("Take out"),
                "a",
                (
                    Page(_("Take out"), "statements", "orders.view_exportbatch"),
                    _orders(_("Handed-out files"), "exportbatch"),
                    Page(_("Files for ledgers"), "files", "orders.view_exportbatch"),
                ),
            ),
        ],
    ),
    (
        _("System"),
        [
            Section(
                _("Connections"),
                "x",
                (
                    _post(_("Connections"), "connection"),
                    _orders(_("Shops"), "shop"),
                    _orders(_("Ledgers"), "ledger"),
                ),
            ),
            Section(
                _("Jobs"),
                "j",
                (
                    Page(_("Jobs"), "jobs", "integrations.view_run"),
                    _post(_("Runs"), "run"),
                    _post(_("Letters in"), "message"),
                    _post(_("Deliveries"), "delivery"),
                    _post(_("Attempts"), "attempt"),
                    Page(_("Unknown words"), "wording", "integrations.view_attempt"),
                    _post(_("Write-backs"), "errand"),
                    _post(_("Bindings"), "binding"),
                    _list(_("Clock"), "django_q", "schedule"),
                    _list(_("Doorbell"), "django_q", "ormq"),
                    _list(_("Rung"), "django_q", "success"),
                    _list(_("Rung in vain"), "django_q", "failure"),
                ),
            ),
            Section(_("Events"), "e", (_orders(_("Events"), "event"),)),
            Section(
                _("People"),
                "u",
                (
                    _list(_("People"), "auth", "user"),
                    _list(_("Roles"), "auth", "group"),
                    _orders(_("Owners"), "appointment"),
                    _orders(_("Deputies"), "deputy"),
                    Page(_("Going away"), "away", "orders.add_deputy"),
                    _list(_("Devices"), "otp_totp", "totpdevice"),
                    _list(_("Sign-in attempts"), "axes", "accessattempt"),
                ),
            ),
        ],
    ),
]


def groups(request: HttpRequest) -> list[dict[str, Any]]:
    """The navigation of this person on this page: groups with their sections, each with href, key, whether it is the current one, and its tabs."""
    found = []
    for title, sections in GROUPS:
        shown = [entry for section in sections if (entry := _section(request, section))]
        if shown:
            found.append({"title": title, "sections": shown})
    return found


def _section(request: HttpRequest, section: Section) -> dict[str, Any] | None:
    pages = list(_pages(request, section))
    if not pages:
        return None
    current = next((page for page in pages if page["current"]), None)
    return {
        "title": section.title,
        "key": f"g {section.key}",
        "href": pages[0]["href"],
        "current": bool(current),
        "tabs": pages if len(pages) > 1 else [],
    }


def _pages(request: HttpRequest, section: Section) -> Iterator[dict[str, Any]]:
    for page in section.pages:
        if page.permission and not request.user.has_perm(page.permission):
            continue
        if href := _address(page.name):
            yield {"title": page.title, "href": href, "current": _is_current(request.path, href, page.name)}


@functools.cache
def _address(name: str) -> str:
    """The page's address, "" where it is not installed; the same for everybody, and looked up on every page by all."""
    try:
        return reverse(f"admin:{name}")
    except NoReverseMatch:
        return ""


def _is_current(path: str, href: str, name: str) -> bool:
    return path == href if name == "index" else path.startswith(href)
