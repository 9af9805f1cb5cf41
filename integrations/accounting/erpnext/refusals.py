"""What ERPNext's refusals mean: which error they are here, what is wrong in which document, and where to click; unknown texts are shown whole."""

from __future__ import annotations

from collections.abc import Sequence

from integrations.accounting.erpnext.line import Fault
from integrations.accounting.erpnext.names import KEY
from integrations.errors import Conflict, Misconfigured, Refused, Trouble, Unavailable, Uncertain

TAKEN = ("UniqueValidationError", "DuplicateEntryError")
STALE = "TimestampMismatchError"
PAID_MEANWHILE = (
    "cannot be greater than outstanding amount",
    "has already been fully paid",
    "already been partly paid",
)
_BUSY = ("QueryDeadlockError", "QueryTimeoutError", "DocumentLockedError", "InReadOnlyMode", "TooManyWritesError")
_RIGHTS = "In ERPNext: User, open the connection's user, Roles: give it Accounts User, and Sales User for new customers; with items=make also Item Manager."
FIELD = (
    f"In ERPNext: Customize Form, choose the DocType, add a row: Label “Ordersync Key”, Type Data, Name {KEY}, and tick Unique and No Copy; "
    "do so for Sales Invoice, Payment Entry, Journal Entry and Customer."
)

# A part of what ERPNext says, in small letters: the error, what it means ({said} is ERPNext's own text, {document} the reference), and the fix.
_MEANINGS: Sequence[tuple[str, type[Trouble], str, str]] = (
    (
        "field not permitted in query",
        Misconfigured,
        f"ERPNext does not know a field that it was asked for ({{said}}): the field {KEY} has not been made, or a permission hides it.",
        FIELD,
    ),
    (
        "unknown column",
        Misconfigured,
        f"ERPNext does not know a field that it was asked for ({{said}}): the field {KEY} has not been made.",
        FIELD,
    ),
    (
        "not authorized to add or update entries before",
        Refused,
        "{document}: the accounts are frozen up to its day. ERPNext says: {said}",
        "Post it on the first open day, or have the freeze changed: in ERPNext, Accounts Settings (from 16 on Company), Accounts Frozen Till Date.",
    ),
    (
        "books have been closed till the period ending on",
        Refused,
        "{document}: its period is closed. ERPNext says: {said}",
        "Post it on the first open day, or have the Period Closing Voucher cancelled in ERPNext.",
    ),
    (
        "within the closed accounting period",
        Refused,
        "{document}: its period is closed. ERPNext says: {said}",
        "Post it on the first open day, or in ERPNext: Accounting Period, open it and take away the tick at its document type.",
    ),
    (
        "not in any active fiscal year",
        Refused,
        "{document}: ERPNext has no fiscal year for its day. ERPNext says: {said}",
        "In ERPNext: Fiscal Year, New, make the year and name the company; then approve again.",
    ),
    (
        "fiscal year not found",
        Refused,
        "{document}: ERPNext has no fiscal year for its day.",
        "In ERPNext: Fiscal Year, New, make the year and name the company; then approve again.",
    ),
    ("is frozen", Refused, "{document}: {said}", "In ERPNext: open what is frozen, take away the tick at Frozen, or map to another account."),
    ("is disabled", Refused, "{document}: {said}", "In ERPNext: open it and take away the tick at Disabled, or map to another."),
    ("credit limit has been crossed", Refused, "{document}: {said}",
     "In ERPNext: Customer, Credit Limit and Payment Terms, tick Bypass Credit Limit Check or raise it."),
    (
        "warehouse required for stock item",
        Refused,
        "{document}: {said}",
        "In ERPNext: Stock Settings, Default Warehouse, name one (no stock is moved), or set the connection's option items to off.",
    ),
    (
        "is mandatory for item",
        Refused,
        "{document}: ERPNext wants a sales order or a delivery note first. It says: {said}",
        "In ERPNext: Selling Settings, set “Is Sales Order Required” and “Is Delivery Note Required” to No, or the connection's option items to off.",
    ),
    ("exchange rate must be same as", Refused, "{document}: {said}", "Approve the credit note with the rate of its invoice."),
    ("posting timestamp must be after", Refused, "{document}: ERPNext takes no credit note of an earlier day than its invoice. It says: {said}",
     "Post it on the day of the invoice or later."),
    ("due date cannot be before", Refused, "{document}: it would be due before the day on which it is posted.",
     "Give the shop a longer time to pay, or issue it today."),
    ("round off account", Misconfigured, "{document}: {said}", "In ERPNext: Company, Accounts, name Round Off Account and Round Off Cost Center."),
    ("cost center is required", Misconfigured, "{document}: {said}", "In ERPNext: Company, Accounts, name the Default Cost Center."),
    ("customer group", Misconfigured, "A new customer: {said}", "In ERPNext: Selling Settings, name Default Customer Group and Default Territory."),
    ("territory", Misconfigured, "A new customer: {said}", "In ERPNext: Selling Settings, name Default Customer Group and Default Territory."),
    ("naming series", Misconfigured, "{document}: {said}", "Correct the option series, or in ERPNext: Document Naming Settings, add it for Sales Invoice."),
    ("could not find", Refused, "{document}: something that it names is not in ERPNext any more. ERPNext says: {said}",
     "Fetch the ledger's accounts and taxes again, and map anew what is gone."),
    ("already exists", Refused, "{document}: ERPNext's naming series counts to a number that is taken. It says: {said}",
     "In ERPNext: Document Naming Settings, Update Series Counter, set it to the last number; then approve again."),
    ("workflow", Misconfigured, "{document}: a workflow of ERPNext keeps it from being submitted. ERPNext says: {said}",
     "In ERPNext: Workflow, take Sales Invoice out of it, or let the connection's user pass."),
    ("accounting entry for", Refused, "{document}: the customer has entries in another currency. ERPNext says: {said}",
     "Answer with another customer, or map the receivable to an account in that currency."),
    ("cannot edit cancelled document", Conflict, "{document}: it was cancelled in ERPNext.", "Find out who cancelled it, and book what is right by hand."),
)  # fmt: skip


def trouble(fault: Fault, document: str = "") -> Trouble:
    """The Trouble that ERPNext's exception stands for."""
    name, said, document = fault.name, fault.message, document or fault.place
    if name in _BUSY or fault.status == 508:
        return Unavailable(
            "ERPNext was busy with the same records and took this back.",
            fix="It is sent again by itself.",
            retry_after=2,
        )
    if name in ("AuthenticationError", "InvalidAuthorizationHeader", "InvalidAuthorizationToken"):
        return Misconfigured(
            "ERPNext does not let us in with this key and secret.",
            fix="In ERPNext: User, open the connection's user, Settings, API Access, Generate Keys; then connect again with both.",
        )
    if name == "PermissionError":
        return Misconfigured(f"The connection's user may not do this in ERPNext ({fault.place}). {said}", fix=_RIGHTS)
    if name == STALE:
        return Unavailable(
            f"{document}: somebody changed the draft in ERPNext meanwhile.",
            fix="It is looked at and sent again by itself.",
            retry_after=2,
        )
    return _meant(fault, document)


def _meant(fault: Fault, document: str) -> Trouble:
    for part, kind, words, fix in _MEANINGS:
        if part in fault.message.lower():
            return kind(words.format(document=document, said=fault.message), fix=fix)
    if fault.status == 500:
        return Uncertain(
            f"{document}: ERPNext broke down: {fault.message}", fix="It is asked before anything is sent again."
        )
    return Refused(
        f"{document}: ERPNext says: {fault.message}",
        fix="Put right in ERPNext or in the order what it names, then approve again.",
        untranslated=fault.message,
    )
