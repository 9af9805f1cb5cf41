"""Connects stores and ledgers: the form follows the adapter's own options, secrets go in and never come out."""

from __future__ import annotations

import dataclasses
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from integrations import connections, handover, registry, rehearsal, tokens
from integrations.accounting.base import preview
from integrations.errors import Trouble
from integrations.models import Connection
from orders import mappings, roles
from orders.admin.base import Log, person
from orders.admin.desk import frame
from orders.models import Ledger, Order, Shop, State
from orders.resources import Listing
from orders.resources.listing import Column
from orders.templatetags import desk


class ConnectionForm(forms.Form):
    """Name and end of a connection, and the options of its adapter by their own names. A secret left empty stays as it is."""

    name = forms.SlugField(
        max_length=50, label=gettext_lazy("Name"), help_text=gettext_lazy("Letters, digits, hyphens.")
    )
    end = forms.ChoiceField(label=gettext_lazy("For"))

    def __init__(self, *args: Any, kind: str, connection: Connection | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind, self.connection = kind, connection
        ends: list[tuple[str, str]] = [(f"ledger:{row.code}", f"{row.name}") for row in Ledger.objects.all()]
        if not registry.find(kind).__module__.startswith("integrations.accounting"):
            ends = [(f"shop:{row.code}", row.name) for row in Shop.objects.all()]
        self.fields["end"].choices = ends  # type: ignore[attr-defined]
        if connection:
            self.fields["name"].disabled = self.fields["end"].disabled = True
            self.initial = {
                "name": connection.name,
                "end": f"ledger:{connection.ledger}" if connection.ledger else f"shop:{connection.shop}",
            }
        self._own_fields()

    def _own_fields(self) -> None:
        hidden = registry.secret_names(self.kind)
        held = self.connection.options if self.connection else {}
        for option in dataclasses.fields(registry.find(self.kind).Options):  # type: ignore[attr-defined]
            default = "" if option.default is dataclasses.MISSING else str(option.default)
            secret = option.name in hidden
            needed = option.default is dataclasses.MISSING and option.default_factory is dataclasses.MISSING
            self.fields[f"option_{option.name}"] = forms.CharField(
                label=option.name.replace("_", " "),
                required=needed and not (secret and self.connection),
                initial="" if secret else held.get(option.name, default),
                widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
                if secret
                else forms.TextInput(attrs={"autocomplete": "off"}),
                help_text=" ".join(
                    [
                        *([_(option.metadata["help"])] if option.metadata.get("help") else []),
                        *([_("Stored encrypted and never shown again. Empty: unchanged.")] if secret else []),
                    ]
                ),
            )

    def values(self, *, secret: bool) -> dict[str, str]:
        """The options that were typed, or the secrets."""
        hidden = registry.secret_names(self.kind)
        typed = {
            name.removeprefix("option_"): value
            for name, value in self.cleaned_data.items()
            if name.startswith("option_") and value != ""
        }
        return {name: value for name, value in typed.items() if (name in hidden) == secret}


@admin.register(Connection)
class ConnectionAdmin(Log):
    list_display = ["name", "kind", "end", "standing", "answered"]
    listing = Listing(
        "connections",
        Connection,
        Column("name", "name"),
        "kind",
        "shop__code",
        "ledger__code",
        "active",
        "paused_at",
        "paused_why",
        "paused_fix",
        "calls_per_minute",
        "last_success_at",
    )
    list_filter = ["active"]
    list_select_related = ["shop", "ledger"]
    ordering = ["name"]
    sortable_by = ()
    fields = [
        "name",
        "kind",
        "shop",
        "ledger",
        "options",
        "active",
        "paused_at",
        "paused_why",
        "paused_fix",
        "last_success_at",
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return roles.may(request.user, "integrations.add_connection")

    @admin.display(description=gettext_lazy("for"))
    def end(self, there: Connection) -> str:
        return str(there.ledger or there.shop)

    @admin.display(description=gettext_lazy("state"))
    def standing(self, there: Connection) -> SafeString:
        if not there.active:
            return format_html('<span class="chip">{}</span>', _("switched off"))
        if there.paused_at and there.on_since is None:
            return format_html('<span class="chip warn">{}</span>', _("not switched on yet"))
        if there.paused_at:
            return format_html('<span class="chip bad">{}: {}</span>', _("paused"), there.paused_why)
        return format_html('<span class="chip good">{}</span>', _("open"))

    @admin.display(description=gettext_lazy("answered"))
    def answered(self, there: Connection) -> str:
        return desk.age(there.last_success_at) or "–"

    def get_urls(self) -> list[URLPattern]:
        act = self.admin_site.admin_view(require_POST(self.act))
        first = self.admin_site.admin_view(self.first)
        return [
            path("<int:pk>/act/<slug:verb>/", act, name="integrations_connection_act"),
            path("<int:pk>/first/", first, name="integrations_connection_first"),
            *super().get_urls(),
        ]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        kind = request.GET.get("kind", "")
        if kind not in registry.adapters():
            kinds = [
                (name, (adapter.__doc__ or "").strip().partition("\n")[0])
                for name, adapter in registry.adapters().items()
            ]
            return frame.page(request, "admin/post/kinds.html", _("Connect"), adapters=kinds)
        return self._edit(request, kind, None)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if roles.may(request.user, "integrations.change_connection") and object_id.isdigit():
            there = get_object_or_404(Connection, pk=object_id)
            return self._edit(request, there.kind, there)
        return super().change_view(request, object_id, form_url, extra_context)

    def _edit(self, request: HttpRequest, kind: str, there: Connection | None) -> HttpResponse:
        form = ConnectionForm(request.POST or None, kind=kind, connection=there)
        if request.method == "POST" and form.is_valid():
            try:
                made = _connected(form, request)
            except Trouble as trouble:
                form.add_error(None, f"{trouble.words} {trouble.fix}".strip())
            else:
                messages.success(request, _("%s is connected.") % made)
                landing = "first" if made.on_since is None else "change"
                return HttpResponseRedirect(reverse(f"admin:integrations_connection_{landing}", args=[made.pk]))
        return frame.page(
            request,
            "admin/post/connection.html",
            _("Connection %s") % there if there else _("Connect"),
            form=form,
            kind=kind,
            connection=there,
            sees_files=request.user.has_perm("orders.view_exportbatch"),
            in_files=handover.counted(there) if there and connections.hands_out(there) else None,
        )

    def first(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What would be sent first, as the ledger would have it. Who it is for is shown to whoever may see customers."""
        frame.must(request, "integrations.view_connection")
        there = get_object_or_404(Connection.objects.select_related("ledger").exclude(ledger=None), pk=pk)
        try:
            previews, trouble = rehearsal.rehearse(there), None
        except Trouble as error:
            previews, trouble = [], error
        return frame.page(
            request,
            "admin/post/first.html",
            _("The first document for %s") % there,
            connection=there,
            previews=previews,
            trouble=trouble,
            customer=request.user.has_perm("orders.view_customer"),
            hidden=preview.CUSTOMER,
            waiting=Order.objects.filter(shop__ledger=there.ledger, state=State.PENDING, blockers__gt=0).count(),
            may_switch=roles.may(request.user, "integrations.change_connection"),
        )

    def act(self, request: HttpRequest, pk: int, verb: str) -> HttpResponse:
        """Check, pause, resume (which also switches on), or fetch the ledger's lists again."""
        if not roles.may(request.user, "integrations.change_connection"):
            raise PermissionDenied
        there = get_object_or_404(Connection, pk=pk)
        if verb == "check":
            for seen in connections.check(there):
                (messages.success if seen.ok else messages.error)(
                    request, f"{seen.name}: {seen.words} {seen.fix}".strip()
                )
        elif verb == "pause":
            connections.pause(
                there, request.POST.get("why") or _("Paused by hand."), _("Resume it on this page."), by=person(request)
            )
        elif verb == "resume":
            connections.resume(there, person(request))
        elif verb == "lists":
            _ask_again(request, there)
        else:
            raise Http404
        return HttpResponseRedirect(reverse("admin:integrations_connection_change", args=[pk]))


def _ask_again(request: HttpRequest, there: Connection) -> None:
    try:
        moved = connections.ask_again(there, by=person(request))
    except Trouble as trouble:
        messages.error(request, f"{trouble.words} {trouble.fix}".strip())
        return
    checked = mappings.moved(there.ledger) if moved and there.ledger else 0
    words = _("The lists are fetched.")
    again = _("Something has gone there or come back: %d open records were checked again.") % checked if moved else ""
    messages.success(request, f"{words} {again}".strip())


def _connected(form: ConnectionForm, request: HttpRequest) -> Connection:
    side, _colon, code = form.cleaned_data["end"].partition(":")
    end: dict[str, Any] = (
        {"ledger": Ledger.objects.get(code=code)} if side == "ledger" else {"shop": Shop.objects.get(code=code)}
    )
    kept = tokens.unseal(form.connection.secrets) if form.connection else {}
    secrets = {**kept, **form.values(secret=True)}
    name = form.cleaned_data["name"]
    return connections.connect(
        form.kind, name, options=form.values(secret=False), secrets=secrets, by=person(request), on=False, **end
    )
