"""Payment Entries and Journal Entries of the lying ERPNext: what may be set against what, and how much, as their controllers have it."""

from __future__ import annotations

from decimal import Decimal

from tests.lab.erpnext.selling import open_accounts, settle
from tests.lab.erpnext.tables import KEY, Row, Tables, flt, short_enough, throw
from tests.lab.judge import Judge

ZERO = Decimal(0)
PAYMENT = (
    "payment_type company posting_date party_type party paid_from paid_to paid_amount received_amount source_exchange_rate target_exchange_rate "
    f"reference_no reference_date cost_center custom_remarks remarks references deductions {KEY}"
).split()
ENTRY = f"voucher_type company posting_date multi_currency cheque_no cheque_date user_remark accounts {KEY}".split()


class Money:
    def __init__(self, tables: Tables, judge: Judge) -> None:
        self.tables, self.judge = tables, judge

    # Payment Entry

    def insert_payment(self, body: Row) -> Row:
        row = {name: body.get(name) for name in PAYMENT}
        short_enough(row)
        self.tables.unique("Payment Entry", row)
        row["paid_amount"], row["received_amount"] = flt(row["paid_amount"], 2), flt(row["received_amount"], 2)
        if not row["paid_amount"]:
            raise throw("Paid Amount is mandatory")
        self.tables.linked("Customer", row["party"], "Party")
        for label in ("paid_from", "paid_to"):
            account = self.tables.linked("Account", row[label], label) or {}
            if account["account_type"] == "Bank" and not (row["reference_no"] and row["reference_date"]):
                raise throw("Reference No and Reference Date is mandatory for Bank transaction")
        row["references"] = [
            dict(item, allocated_amount=flt(item["allocated_amount"], 2)) for item in row["references"] or []
        ]
        if not row["custom_remarks"]:
            row["remarks"] = f"Amount EUR {row['paid_amount']} received from {row['party']}"
        self._allocations(row)
        row |= {"base_paid_amount": row["paid_amount"], "base_received_amount": row["received_amount"]}
        return self.tables.add("Payment Entry", self.tables.next_name("ACC-PAY-2026-"), **row)

    def _allocations(self, row: Row) -> None:
        receivable = row["paid_from"] if row["payment_type"] == "Receive" else row["paid_to"]
        owed_back = ZERO
        for n, item in enumerate(row["references"], 1):
            there = self._reference(item["reference_name"])
            if row["party"] != there["customer"]:
                raise throw(f"Sales Invoice {there['name']} is not associated with Customer {row['party']}")
            if receivable != there["debit_to"]:
                raise throw(
                    f"Sales Invoice {there['name']} is associated with {there['debit_to']}, but Party Account is {receivable}"
                )
            if abs(item["allocated_amount"]) > abs(there["outstanding_amount"]):
                raise throw(f"Row #{n}: Allocated Amount cannot be greater than outstanding amount.")
            owed_back += min(there["outstanding_amount"], ZERO)
        if row["payment_type"] == "Pay" and not owed_back:
            raise throw("Cannot Pay to Customer without any negative outstanding invoice", "InvalidPaymentEntry")
        if row["payment_type"] == "Pay" and row["received_amount"] > -owed_back:
            raise throw(
                f"Paid Amount cannot be greater than total negative outstanding amount {-owed_back}",
                "InvalidPaymentEntry",
            )

    def submit_payment(self, row: Row) -> None:
        self._allocations(row)
        lines = [(row["paid_to"], row["received_amount"]), (row["paid_from"], -row["paid_amount"])]
        self._post("Payment Entry", row, row["reference_no"], lines)
        for item in row["references"]:
            self._settled(item["reference_name"], item["allocated_amount"])

    # Journal Entry

    def insert_entry(self, body: Row) -> Row:
        row = {name: body.get(name) for name in ENTRY}
        short_enough(row)
        self.tables.unique("Journal Entry", row)
        if row["cheque_no"] and not row["cheque_date"]:
            raise throw("Reference Date is mandatory if you entered Reference No")
        row["accounts"] = [self._line(n, dict(item)) for n, item in enumerate(row["accounts"] or [], 1)]
        if not row["accounts"]:
            raise throw("Accounts table cannot be blank.")
        row["total_debit"] = sum((item["debit"] for item in row["accounts"]), ZERO)
        difference = row["total_debit"] - sum((item["credit"] for item in row["accounts"]), ZERO)
        if difference:
            raise throw(f"Total Debit must be equal to Total Credit. The difference is {difference}")
        self._set_against(row)
        return self.tables.add("Journal Entry", self.tables.next_name("ACC-JV-2026-"), **row)

    def _line(self, n: int, item: Row) -> Row:
        account = self.tables.linked("Account", item["account"], f"Row #{n}: Account") or {}
        if account["account_type"] == "Receivable" and not item.get("party"):
            raise throw(f"Row {n}: Party Type and Party is required for Receivable / Payable account {account['name']}")
        if account["root_type"] in ("Income", "Expense") and not item.get("cost_center"):
            raise throw(f"Cost Center is required for 'Profit and Loss' account {account['name']}")
        rate = Decimal(1) if account["account_currency"] == "EUR" else flt(item.get("exchange_rate"))
        sides = {side: flt(flt(item.get(f"{side}_in_account_currency"), 2) * rate, 2) for side in ("debit", "credit")}
        if not any(sides.values()):
            raise throw(f"Row {n}: Both Debit and Credit values cannot be zero")
        return {**item, **sides}

    def _set_against(self, row: Row) -> None:
        for n, item in enumerate(row["accounts"], 1):
            if item.get("reference_name"):
                there = self._reference(item["reference_name"])
                if (there["customer"], there["debit_to"]) != (item["party"], item["account"]):
                    raise throw(
                        f"Row {n}: Party / Account does not match with Customer / Debit To in Sales Invoice {there['name']}"
                    )
                if item["credit"] > there["outstanding_amount"] and item["credit"]:
                    raise throw(
                        f"Payment against Sales Invoice {there['name']} cannot be greater than Outstanding Amount {there['outstanding_amount']}"
                    )

    def submit_entry(self, row: Row) -> None:
        self._set_against(row)
        self._post(
            "Journal Entry",
            row,
            row["cheque_no"],
            [(item["account"], item["debit"] - item["credit"]) for item in row["accounts"]],
        )
        for item in row["accounts"]:
            if item.get("reference_name"):
                self._settled(item["reference_name"], item["credit"] - item["debit"])

    # Both

    def _reference(self, name: str) -> Row:
        there = self.tables.linked("Sales Invoice", name, "Reference Name") or {}
        if there["docstatus"] != 1:
            raise throw(f"Sales Invoice {name} must be submitted")
        return there

    def _settled(self, name: str, amount: Decimal) -> None:
        there = self.tables.get("Sales Invoice", name)
        there["outstanding_amount"] -= amount
        settle(there)

    def _post(self, doctype: str, row: Row, ref: str, lines: list[tuple[str, Decimal]]) -> None:
        open_accounts(self.tables, row["posting_date"], doctype, [account for account, _amount in lines])
        row["docstatus"] = 1
        self.judge.note(
            "submitted",
            doctype=doctype,
            name=row["name"],
            key=row.get(KEY) or "",
            ref=ref,
            currency="EUR",
            day=row["posting_date"],
            lines=[(account, str(amount)) for account, amount in lines],
        )
