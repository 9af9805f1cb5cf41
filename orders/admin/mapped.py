"""What the lists and forms of all mappings say: how many waiting orders use one, and what a change leaves as it was signed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from orders import usage
from orders.admin.accountable import Accountable
from orders.admin.base import Setting


class Mapped(Accountable, Setting):
    """A mapping, with what rests on it: orders that wait draft by it, and documents signed by it stay as they were signed."""

    readonly_fields = ["rests_on_it"]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        changelist.result_list = list(changelist.result_list)
        counted = usage.waiting(changelist.result_list)
        for row in changelist.result_list:
            row.waiting = counted[row.pk]
        return changelist

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [name for name in super().get_fields(request, obj) if obj or name != "rests_on_it"]

    @admin.display(description=_("used by"))
    def used_by(self, row: Any) -> str:
        if not row.waiting:
            return "–"
        return ngettext("%(n)d waiting order", "%(n)d waiting orders", row.waiting) % {"n": row.waiting}

    @admin.display(description=_("used by"))
    def rests_on_it(self, row: Any) -> str:
        row.waiting = usage.waiting([row])[row.pk]
        told = str(_("No waiting order uses it."))
        if row.waiting:
            told = _("%s: a change drafts them anew.") % self.used_by(row)
        count, named = usage.signed(row)
        if not count:
            return told
        words = ngettext(
            "%(n)d signed document that is not sent yet stays as it was signed: %(named)s. Reopen its order to sign it anew.",
            "%(n)d signed documents that are not sent yet stay as they were signed: %(named)s. Reopen their orders to sign them anew.",
            count,
        ) % {"n": count, "named": ", ".join([*named, *(["…"] if count > len(named) else [])])}
        return f"{told} {words}"
