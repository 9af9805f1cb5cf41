"""Every code a finding may have: what it is called, how much it weighs, what it means, what helps, and whom it concerns. The admin and the papers read it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from orders.documents.problem import Problem
from orders.models import Severity

BLOCKING, WARNING, INFO = Severity.BLOCKING, Severity.WARNING, Severity.INFO


class Concerns(StrEnum):
    """Who can help."""

    OWNER = "order data owner"
    ACCOUNTANT = "accountant"
    IT = "IT lead"


@dataclass(frozen=True, slots=True)
class Code:
    """One code. `severity` is the usual one; a check may weigh a case of its own differently."""

    code: str
    title: str | Promise
    severity: Severity
    means: str | Promise
    fix: str | Promise
    concerns: Concerns = Concerns.OWNER


_TABLE = (
    # What the order adds up to
    Code("total_mismatch", _("Does not add up"), BLOCKING,
         _("The stated total differs from the sum of the lines, or of the header's amounts, by more than rounding explains."),
         _("Have the order corrected in the store, or name the difference by an adjustment with its reason.")),
    Code("rounding", _("Rounding difference"), WARNING,
         _("The stated total differs from the lines by no more than a minor unit per line, within the ledger's cap. The invoice takes it on an account of its own."),
         _("Nothing to do: approving accepts it.")),
    Code("identity_broken", _("The store's figures disagree"), INFO,
         _("The total holds, but another sum that the store states does not."),
         _("Nothing to do: documents are made of lines and total.")),
    Code("amount_too_fine", _("Amount below the minor unit"), BLOCKING,
         _("An amount has more decimals than its currency, so no document can carry it."),
         _("Book it by hand and reject it here.")),
    Code("no_lines", _("No lines"), BLOCKING,
         _("The order has no line, so there is nothing to invoice."),
         _("Have the store send the order again, or reject it.")),
    Code("date_missing", _("No date"), BLOCKING,
         _("It is not known when the order was placed, or the refund made, which dates its document."),
         _("Import it again with its date.")),
    # What the ledger must know
    Code("sku_unknown", _("SKU not mapped"), BLOCKING, _("No item of the ledger stands for this SKU."), _("Map it to an item of the ledger.")),
    Code("line_without_sku", _("Line without SKU"), WARNING,
         _("A line names neither SKU nor product; it is booked on the account of its kind."),
         _("Nothing to do, unless the ledger keeps stock: then correct the line's SKU.")),
    Code("line_kind_unknown", _("Unknown line"), BLOCKING, _("It is not known what a line stands for."), _("Choose the line's kind.")),
    Code("tax_unmapped", _("Tax not mapped"), BLOCKING,
         _("No tax code of the ledger stands for a tax."), _("Map it to a tax code of the ledger."), Concerns.ACCOUNTANT),
    Code("account_unmapped", _("Account not mapped"), BLOCKING,
         _("No account of the ledger takes such lines."), _("Map it to an account."), Concerns.ACCOUNTANT),
    Code("payment_unmapped", _("Payment method not mapped"), BLOCKING,
         _("No account of the ledger stands for a payment method."), _("Map it to an account."), Concerns.ACCOUNTANT),
    Code("mapping_gone", _("Mapped to what is gone"), BLOCKING,
         _("An account or tax code that is mapped is not in the ledger any more, or is closed there."), _("Map it anew."), Concerns.ACCOUNTANT),
    Code("item_gone", _("Item gone"), WARNING,
         _("The item that is mapped for a SKU is not in the ledger any more."), _("Map it to another item; else the line goes without one.")),
    Code("rate_missing", _("No exchange rate"), BLOCKING,
         _("The order is in another currency than the books, and no rate is known for its day."), _("Enter the rate."), Concerns.ACCOUNTANT),
    Code("period_closed", _("Period closed"), BLOCKING,
         _("The posting day lies in a closed period."), _("Post on the first open day, or reopen the period."), Concerns.ACCOUNTANT),
    Code("kind_unsupported", _("Ledger cannot take it"), BLOCKING,
         _("The connected ledger cannot take a document of this kind."),
         _("Book it there by hand and reject it here, or connect a ledger that can."), Concerns.IT),
    # Who and where
    Code("customer_unclear", _("Customer unclear"), WARNING,
         _("The order names no customer, no company and no e-mail."), _("Correct the customer's name, or approve it as a sale to a guest.")),
    Code("address_incomplete", _("Address incomplete"), WARNING,
         _("The address lacks what an invoice, or the tax treatment, needs."), _("Correct the address.")),
    Code("vat_id_missing", _("VAT id missing"), BLOCKING,
         _("Reverse charge needs the customer's VAT id."), _("Ask the customer for it and enter it, or correct the tax treatment.")),
    Code("vat_id_malformed", _("VAT id malformed"), WARNING,
         _("The VAT id does not have the shape of its country's numbers."), _("Correct the VAT id.")),
    Code("duplicate", _("Possible duplicate"), WARNING,
         _("Another order has the same customer, total and lines within a day, or the same number."),
         _("Compare both, and reject the one that is too many.")),
    # Taxes
    Code("treatment_contradicts_tax", _("Treatment contradicts tax"), BLOCKING,
         _("The order was charged a tax that its tax treatment does not allow, or none where it asks for one."),
         _("Correct the tax treatment, or name an adjustment per tax."), Concerns.ACCOUNTANT),
    Code("tax_derived", _("Tax divided by us"), WARNING,
         _("The source states tax, or discount, for the whole order; ordersync divided it among the lines."),
         _("Approve it if the division is right, or fetch the order through the store's API.")),
    # Currencies and money
    Code("foreign_currency", _("Foreign currency"), INFO, _("The order is in another currency than the books."), _("Nothing to do.")),
    Code("currency_mismatch", _("Currencies differ"), WARNING,
         _("The order is not in the currency of its shop, the refund not in that of its order, or a rate is missing."), _("Look at it in the store.")),
    Code("payment_currency", _("Payment in another currency"), BLOCKING,
         _("A payment is in another currency than its order, so it cannot be set against it."), _("Book the payment by hand and reject it here.")),
    Code("paid_differs", _("Paid differs"), WARNING,
         _("The payments make more than is due, or less although the store says paid."), _("Look at the payments in the store.")),
    # Where it stands
    Code("test_order", _("Test order"), BLOCKING, _("The store marks it as a test, which never goes into the books."), _("Reject it as a test.")),
    Code("draft_order", _("Draft"), BLOCKING, _("The store calls it a draft."), _("Wait until it is placed, or reject it.")),
    Code("cancelled", _("Cancelled"), BLOCKING,
         _("The store cancelled it. Unpaid, it is rejected; paid, it is invoiced, and the refund is credited."), _("Reject it as cancelled.")),
    Code("changed_since_approval", _("Changed since approval"), WARNING,
         _("It changed after it was approved, before its invoice was sent."), _("Look at what changed, and approve again.")),
    Code("changed_after_posting", _("Changed after posting"), WARNING,
         _("The order changed after its invoice was sent. Approving credits that invoice and signs a new one."),
         _("Look at what changed, and approve again.")),
    Code("edited_after_refund", _("Changed after a refund"), BLOCKING,
         _("The store changed the order after a refund of its invoice was signed."),
         _("Settle the change by hand in the ledger, or have the store take it back.")),
    Code("correction_conflict", _("Correction against the store"), BLOCKING,
         _("The store now says something else than when a person corrected it."),
         _("Correct it again to keep our value, or drop the correction to take the store's.")),
    Code("invoice_changed_in_ledger", _("Changed in the ledger"), WARNING,
         _("A document was voided, deleted or edited in the ledger after it was booked."), _("Put it right in the ledger."), Concerns.ACCOUNTANT),
    Code("posting_failed", _("Posting failed"), WARNING,
         _("The ledger refused a document, or sending it failed."), _("Put right what the ledger named, and send it again.")),
    # Refunds
    Code("order_not_approved", _("Order not approved"), BLOCKING,
         _("A refund waits for its order: only what was invoiced can be credited."), _("Approve the order first.")),
    Code("refund_without_lines", _("Refund without lines"), BLOCKING,
         _("The store gave back an amount without saying for what."), _("Name what it was for by an adjustment with account, tax and reason.")),
    Code("refund_beyond_invoice", _("Refund beyond invoice"), BLOCKING,
         _("The refunds give back more than was invoiced."), _("Name what goes beyond by an adjustment with its reason.")),
    Code("refund_difference", _("Refund differs from its lines"), BLOCKING,
         _("The money given back is not what the refunded lines make."), _("Name the difference by an adjustment with its reason.")),
    Code("invoice_missing", _("No invoice to credit"), BLOCKING,
         _("The order is approved, but its invoice is not due yet, so that the refund has nothing to take back."),
         _("Wait until the invoice is signed.")),
    Code("refund_payment_pending", _("Money on its way"), INFO,
         _("The store has not confirmed the payment yet; it is booked when it does."), _("Nothing to do.")),
    # Payouts
    Code("payout_remainder", _("Payout does not add up"), BLOCKING,
         _("The amount paid to the bank is not what its movements less fees make."),
         _("Fetch the payout again, or name the difference by an adjustment."), Concerns.ACCOUNTANT),
    Code("payout_without_lines", _("Payout without movements"), BLOCKING,
         _("It is known what came to the bank, not for which payments."),
         _("Import the gateway's list of transactions, or name what it was for by an adjustment."), Concerns.ACCOUNTANT),
    Code("payout_unmatched", _("Payments not found"), BLOCKING,
         _("Movements of the payout belong to no payment that is known here, so they lie on no clearing account."),
         _("Import the orders they belong to, or name by an adjustment on which account that money lies."), Concerns.ACCOUNTANT),
    Code("payout_ambiguous", _("Several payments fit"), BLOCKING,
         _("A movement names no payment, and several of its order have its amount."),
         _("Name by an adjustment on which account that money lies."), Concerns.ACCOUNTANT),
    Code("payout_taken", _("Payment in another payout"), BLOCKING,
         _("A payment lies in another payout already, and money reaches the bank once."),
         _("Reject the payout that tells the same money again."), Concerns.ACCOUNTANT),
    Code("payout_payment_open", _("Payment not approved"), BLOCKING,
         _("A payment of the payout is not signed yet, so nothing of it lies on the clearing account."),
         _("Approve its order or refund first.")),
    Code("payout_amount_differs", _("Payment differs from the payout"), BLOCKING,
         _("A payment has another amount in the books than in the payout."),
         _("Have the store send the order again, or have the gateway correct the payout."), Concerns.ACCOUNTANT),
    Code("payout_currency", _("Payout in another currency"), BLOCKING,
         _("The payout is in another currency than a payment was booked in, so it cannot empty that account."),
         _("Book it by hand and reject it here."), Concerns.ACCOUNTANT),
)  # fmt: skip

CODES: dict[str, Code] = {entry.code: entry for entry in _TABLE}


def problem(
    code: str,
    words: str,
    *,
    fix: str = "",
    field: str = "",
    cause: str = "",
    severity: Severity | None = None,
    difference: Decimal | None = None,
) -> Problem:
    """A problem with what its code says by itself: severity and fix. Raises KeyError for a code that the table does not have."""
    entry = CODES[code]
    return Problem(
        code=code, words=words, fix=fix or str(entry.fix), field=field, cause=cause,
        severity=severity or entry.severity, difference=difference,
    )  # fmt: skip
