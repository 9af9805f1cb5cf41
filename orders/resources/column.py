"""One column of a sheet: its stable title, what may stand in it, what it means, and what becomes of a changed cell."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from import_export.fields import Field

from orders.resources.widgets import Text

AMOUNT = _("Amounts change by a named adjustment with account and reason only: open the order and choose Adjust.")
QUANTITY = _("What was sold stands as the store says; change it there, or add a named adjustment to the order.")
STATE = _("What is decided and what is booked changes by approving, holding, rejecting and posting only.")
STORE = _("This is what the store says: change it in the store, and it comes with the next version.")
LEDGER = _("This is what the ledger says: change it there, and it is read back.")
OURS = _("This names the record: leave it as it was exported.")


class Column(Field):  # type: ignore[misc]
    """A django-import-export field with a meaning.

    `path` is where its value stands in the database ("billing__street"; "" where it is worked out). `target` and the column's `field` say how a changed cell is
    corrected (orders.corrections); without, the column is read-only for what is known already and `instead` says what to do. `once`: stands in the first row of a
    record only, so that sums over a column are right. `required` and `new` are about a row without id: whether it must or may say this.
    """

    title: str
    name: str = ""

    def __init__(
        self,
        meaning: str | Promise,
        widget: Text | None = None,
        *,
        title: str = "",
        path: str | None = None,
        target: str = "",
        field: str = "",
        instead: str | Promise = STORE,
        required: bool = False,
        new: bool = False,
        once: bool = True,
        control: bool = False,
    ) -> None:
        super().__init__(attribute=path, column_name=title or None, widget=widget or Text(), readonly=not target)
        self.meaning, self.target, self.field, self.instead = meaning, target, field, instead
        self.required, self.new, self.once, self.control = required, new or required, once, control
        self.path = path

    @property
    def kind(self) -> str:
        """What the cell is to a spreadsheet: "text", "number", "amount" (which is summed), "day" or "instant"."""
        found: str = self.widget.kind
        return found

    def read(self, text: str) -> Any:
        """The value of a cell's text, None for an empty one. Raises ValueError with a sentence."""
        return self.widget.clean(text)
