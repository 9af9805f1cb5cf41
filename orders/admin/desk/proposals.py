"""What may stand for what is not mapped yet, ledger by ledger, with the reason; one click accepts one proposal."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from orders import proposals, roles
from orders.admin.base import person
from orders.admin.desk import frame
from orders.models import Ledger


def page(request: HttpRequest) -> HttpResponse:
    """The proposals of every ledger; buttons for whoever may map."""
    frame.must(request, "orders.view_accountmapping")
    return frame.page(
        request,
        "admin/desk/proposals.html",
        _("Proposals"),
        books=[(ledger, proposals.proposals(ledger)) for ledger in Ledger.objects.order_by("code")],
        may_tax=roles.may(request.user, "orders.add_taxmapping"),
        may_account=roles.may(request.user, "orders.add_accountmapping"),
    )


@require_POST
def accept(request: HttpRequest, pk: int) -> HttpResponse:
    """Accept one proposal."""
    cause = request.POST.get("cause", "")
    if not roles.may(request.user, f"orders.add_{'tax' if cause.startswith('tax:') else 'account'}mapping"):
        raise PermissionDenied
    ledger = get_object_or_404(Ledger, pk=pk)
    try:
        moved = proposals.accept(ledger, cause, request.POST.get("code", ""), by=person(request))
    except proposals.NotProposed as refused:
        messages.error(request, refused.words)
    else:
        ready = ngettext("%(n)d order moved to Ready.", "%(n)d orders moved to Ready.", moved.ready)
        messages.success(request, f"{_('It is mapped.')} {ready % {'n': moved.ready}}")
    return HttpResponseRedirect(reverse("admin:proposals"))
