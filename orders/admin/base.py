"""What every list of the desk has in common: pages that stay fast, nothing that deletes, and an event for every change."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.widgets import AdminSplitDateTime
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.db.models import Field, ManyToManyField, Model
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from orders import events, mappings, ownership, periods, resources, roles, search
from orders.admin import takeout
from orders.admin.paginator import QuickPaginator
from orders.models import Customer, Order, Product
from orders.templatetags import desk


class Quick(admin.ModelAdmin):  # type: ignore[type-arg]
    """A list that stays fast over a million rows. Nothing here is ever deleted; an auditor finds no button that writes."""

    paginator = QuickPaginator
    list_per_page = 50
    list_max_show_all = 0
    show_facets = admin.ShowFacets.NEVER
    show_full_result_count = False
    actions = None
    view_on_site = False
    save_as = False
    change_list_template = "admin/list.html"
    listing: takeout.Source | None = None  # what the list is as a file, where resources does not say it

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not roles.is_auditor(request.user)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return super().has_change_permission(request, obj) and not roles.is_auditor(request.user)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_list_display(self, request: HttpRequest) -> Any:
        """The columns; whoever may not open an order reads its number without the way to it."""
        columns = super().get_list_display(request)
        if request.user.has_perm("orders.view_order"):
            return columns
        return [order_number if column is order_link else column for column in columns]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        title = capfirst(str(self.opts.verbose_name_plural))
        links = (
            takeout.links(request, f"{self.opts.app_label}_{self.opts.model_name}_takeout") if self._source() else []
        )
        return super().changelist_view(request, {"title": title, "takeout": links, **(extra_context or {})})

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_takeout"
        return [
            path("take-out/<slug:form>/", self.admin_site.admin_view(self.take_out), name=name),
            *super().get_urls(),
        ]

    def take_out(self, request: HttpRequest, form: str) -> HttpResponseBase:
        """The list as a file: what is filtered and searched on the screen, whole, in its order."""
        source = self._source()
        if source is None or not self.has_view_permission(request):
            raise PermissionDenied
        back = f"{reverse(f'admin:{self.opts.app_label}_{self.opts.model_name}_changelist')}?{request.GET.urlencode()}"
        try:
            found = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:
            return HttpResponseRedirect(back)
        return takeout.reply(request, source, found, form, back=back)

    def _source(self) -> takeout.Source | None:
        return self.listing or resources.source(self.model)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        if queryset.model in (Order, Customer, Product):
            return search.query(queryset, search_term), False
        return super().get_search_results(request, queryset, search_term)

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        """A moment's two inputs say which is which, also to whoever cannot see them."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(field.widget, AdminSplitDateTime):
            for widget, words in zip(field.widget.widgets, (_("%s, day"), _("%s, time")), strict=True):
                widget.attrs["aria-label"] = words % (field.label or db_field.verbose_name)
        return field

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """The events of the record, in place of Django's own log, which anybody could edit."""
        if not request.user.has_perm("orders.view_event"):
            raise PermissionDenied
        where = reverse("admin:orders_event_changelist")
        return HttpResponseRedirect(f"{where}?noun={self.opts.model_name}&object_id={object_id}")

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        return None

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        return None


class Log(Quick):
    """What was mirrored, signed or written down: read, never written here."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class Setting(Quick):
    """What people set. Each change is an event with the values before and after; `personal_fields` go where erasure reaches them."""

    personal_fields: frozenset[str] = frozenset()
    secret_fields: frozenset[str] = frozenset()

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: bool) -> None:
        request._before = snapshot(type(obj)._base_manager.get(pk=obj.pk)) if change else {}  # type: ignore[attr-defined]
        self.store(request, obj, form, change)

    def store(self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: bool) -> None:
        """Save the record itself; where a service does it, call it here."""
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: ModelForm[Any], formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if not self.keeps_own_events(change):
            record_change(
                form.instance,
                request._before,  # type: ignore[attr-defined]
                by=person(request),
                personal=self.personal_fields,
                secret=self.secret_fields,
            )
        if mappings.causes(form.instance) and (moved := mappings.settled(form.instance)).ready:
            messages.success(request, _released(request, moved))

    def response_post_save_add(self, request: HttpRequest, obj: Any) -> Any:
        return _back(request) or super().response_post_save_add(request, obj)

    def response_post_save_change(self, request: HttpRequest, obj: Any) -> Any:
        return _back(request) or super().response_post_save_change(request, obj)

    def keeps_own_events(self, change: bool) -> bool:
        """Whether the service that stores the record writes the event itself."""
        return False

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except (ownership.NotAllowed, periods.Refused) as refused:
            messages.error(request, refused.words)
        except IntegrityError as broken:
            messages.error(request, _in_words(broken))
        return HttpResponseRedirect(request.get_full_path())


def _released(request: HttpRequest, moved: mappings.Moved) -> str:
    """How many orders a fix made ready, with the way to approve just these."""
    from orders.admin.desk import bulk

    words = ngettext("%(n)d order moved to Ready.", "%(n)d orders moved to Ready.", moved.ready) % {"n": moved.ready}
    there = bulk.release(request, moved.orders)
    return format_html('{} <a href="{}">{}</a>', words, there, _("Approve them together")) if there else words


def _back(request: HttpRequest) -> HttpResponseRedirect | None:
    """The way back to the page that sent the person here to put something right."""
    there = request.GET.get("next", "")
    safe = url_has_allowed_host_and_scheme(there, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return HttpResponseRedirect(there) if there and safe else None


def _in_words(broken: IntegrityError) -> str:
    """The sentence with which a trigger of ours refused; anything else is a bug and is raised again."""
    diagnosis: Any = getattr(broken.__cause__, "diag", None)
    sentence = str(getattr(diagnosis, "message_primary", None) or "")
    if getattr(diagnosis, "sqlstate", "") != "23001" or not sentence:
        raise broken
    return f"{sentence[:1].upper()}{sentence[1:]}."


def person(request: HttpRequest) -> User:
    """Who sent the request; the desk opens for nobody else."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def snapshot(record: Model) -> dict[str, Any]:
    """The record's values by field, related records by id, many-to-many by the names of what is chosen."""
    found: dict[str, Any] = {}
    for field in record._meta.get_fields():
        if isinstance(field, ManyToManyField):
            found[field.name] = sorted(str(item) for item in field.value_from_object(record)) if record.pk else []
        elif isinstance(field, Field) and field.concrete:
            found[field.name] = _plain(field.value_from_object(record))
    return found


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | bool | type(None) | list | dict) else str(value)


def record_change(
    record: Model,
    before: dict[str, Any],
    *,
    by: User,
    personal: frozenset[str] = frozenset(),
    secret: frozenset[str] = frozenset(),
) -> None:
    """Write what differs from `before` as one event; nothing if nothing differs."""
    after = snapshot(type(record)._base_manager.get(pk=record.pk))
    changed = sorted(name for name in after if after[name] != before.get(name))
    if not changed:
        return
    shown = [name for name in changed if name not in personal | secret]
    verb = "changed" if before else "made"
    what = (
        f"{record._meta.verbose_name} {verb}: {', '.join(changed)}" if before else f"{record._meta.verbose_name} {verb}"
    )
    events.record(
        record,
        verb,
        by=by,
        before={name: before[name] for name in shown} if before else None,
        after={name: after[name] for name in shown},
        words=what[:500],
        personal={name: [before.get(name), after[name]] for name in changed if name in personal} or None,
    )


def amount(field: str, title: Any, currency: str = "currency") -> Any:
    """A column: an amount with its currency, right-aligned by its class."""

    @admin.display(description=title, ordering=field)
    def column(obj: Any) -> SafeString | str:
        value = getattr(obj, field)
        if value is None:
            return ""
        return format_html('<span class="num">{}</span>', desk.named(value, getattr(obj, currency)))

    return column


def moment(field: str, title: Any) -> Any:
    """A column: a moment, short."""

    @admin.display(description=title, ordering=field)
    def column(obj: Any) -> str:
        return desk.short(getattr(obj, field))

    return column


@admin.display(description=_("order"))
def order_number(obj: Any) -> str:
    """A column: the number of the record's order."""
    return str(obj.order.number) if obj.order_id else ""


@admin.display(description=_("order"), ordering="order")
def order_link(obj: Any) -> SafeString | str:
    """A column: the record's order, with the way to its page."""
    if not obj.order_id:
        return ""
    return format_html('<a href="{}">{}</a>', reverse("admin:record", args=["order", obj.order_id]), obj.order.number)
