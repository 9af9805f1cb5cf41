"""What Odoo's refusals mean: which error they are here, what is wrong in which document and line, and where to click; unknown texts are shown whole."""

from __future__ import annotations

import re
from collections.abc import Sequence

from integrations.accounting.odoo.line import Fault
from integrations.errors import Conflict, Misconfigured, Refused, Trouble, Unavailable

RACE = "could not serialize access"
IN_DRAFT = "must be in draft"
RECONCILED = ("already reconciled", "nothing left to pay")

# A part of Odoo's text: the error, what it means ({said} is Odoo's own text, {document} the reference), and the fix.
_MEANINGS: Sequence[tuple[str, type[Refused] | type[Misconfigured], str, str]] = (
    (
        "is required, please complete it to validate",
        Refused,
        "{document}: Odoo wants a customer on it.",
        "Name a retail customer for the shop in the connection, or correct the order's customer.",
    ),
    (
        "You need to add a line before posting",
        Refused,
        "{document}: it has no line.",
        "Reject the order, or set the ledger to make no document of a total of zero.",
    ),
    (
        "negative total",
        Refused,
        "{document}: its total is negative, which Odoo takes as a credit note only.",
        "Correct the order: what goes back is a refund.",
    ),
    (
        "inactive currency",
        Misconfigured,
        "{document}: {said}",
        "In Odoo: Accounting > Configuration > Currencies, switch the currency on; then resume the connection.",
    ),
    (
        "Missing required account on accountable line",
        Misconfigured,
        "{document}: a line has no account in Odoo.",
        "In Odoo: Accounting > Configuration > Journals, give the sales journal a default income account.",
    ),
    (
        "account_tax_rel_account_tax_id_fkey",
        Refused,
        "{document}: a tax of it is not there any more. Odoo says misleadingly: {said}",
        "Choose “Fetch again” at the ledger's tax codes and map the tax anew.",
    ),
    (
        "Another entry with the same name",
        Conflict,
        "{document}: Odoo has that number already.",
        "Look for the number in Odoo, then retry: the document is looked up first.",
    ),
    (
        "cannot add/modify entries prior to and inclusive of the lock date",
        Refused,
        "{document}: {said}",
        "Post it on the first open day, or have the lock date changed: Accounting > Accounting > Lock Dates.",
    ),
    (
        "is not balanced",
        Refused,
        "{document}: {said}",
        "Report it, with these words: debit and credit should be equal.",
    ),
    (
        "found record of different model",
        Conflict,
        "{document}: {said}",
        "In Odoo: Settings > Technical > External Identifiers, look who uses our name.",
    ),
    (
        "No matching record found",
        Refused,
        "{document}: something that it names is not in Odoo any more. Odoo says: {said}",
        "Fetch the ledger's accounts and taxes again, and map anew what is gone.",
    ),
    (
        "Record does not exist or has been deleted",
        Refused,
        "{document}: something that it names was deleted in Odoo. Odoo says: {said}",
        "Fetch the ledger's accounts and taxes again, and map anew what is gone.",
    ),
    ("archived", Refused, "{document}: {said}", "In Odoo: unarchive it, or map to another."),
)


_CAUSES = {  # what of ours is to be put right, by a part of Odoo's text
    "is required, please complete it to validate": "party:",
    "negative total": "amounts:",
    "prior to and inclusive of the lock date": "period:",
}


def trouble(fault: Fault, document: str = "") -> Trouble:
    """The Trouble that Odoo's exception stands for; the call that it ended was rolled back."""
    name, said = fault.name, fault.message
    document = document or fault.place
    if name.endswith("SerializationFailure") or RACE in said:
        return Unavailable(
            "Odoo was busy with the same records and took this back.", fix="It is sent again by itself.", retry_after=2
        )
    if name.endswith("AccessDenied"):
        return Misconfigured(
            "Odoo does not accept the key any more.",
            fix="In Odoo, as the connection's user: Preferences > Account Security > New API Key; then connect again with it.",
        )
    if name.endswith("AccessError"):
        return Misconfigured(f"The connection's user may not do this in Odoo. {_flat(said)}", fix=_RIGHTS)
    if name.endswith("OperationalError"):
        return Misconfigured(
            f"Odoo has no such database: {_flat(said)}",
            fix="Correct the option database: its name stands on Odoo's login page under “Manage databases”.",
        )
    if name in ("builtins.AttributeError",) or "doesn't exist" in said or "Invalid field" in said:
        return Misconfigured(
            f"This Odoo does not know what it was asked ({fault.place}): {_flat(said)}",
            fix="See that the module Invoicing is installed; else report it, with these words and Odoo's version.",
        )
    return _meant(said, document)


def _meant(said: str, document: str) -> Trouble:
    for part, kind, words, fix in _MEANINGS:
        if part in said:
            cause = next((cause for text, cause in _CAUSES.items() if text in said), "")
            return kind(words.format(document=document, said=_flat(said)), fix=fix, cause=cause)
    return Refused(
        f"{document}: Odoo says: {_flat(said)}",
        fix="Put right in Odoo or in the order what it names, then approve again.",
        untranslated=said,
    )


def _flat(text: str) -> str:
    """On one line, and bounded: Odoo's texts hold lists of groups and records."""
    return re.sub(r"\s+", " ", text).strip()[:600]


_RIGHTS = "In Odoo: Settings > Users, give it Invoicing: Billing; for new customers also Extra Rights: Contact Creation, and for new items Sales: Administrator."
