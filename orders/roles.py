"""Who may do what in the admin: seven roles with the least rights each needs, and the one rule that an auditor never writes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Group, Permission, User
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, OuterRef, Q, Value
from django.db.models.functions import Concat
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.apps.registry import Apps


SALES = ["order", "refund", "shipment", "invoice", "document", "payout"]
GOODS = ["product", "stocklevel", "stockadjustment"]
MAPPINGS = ["itemmapping", "taxmapping", "accountmapping"]
BOOKS = [*MAPPINGS, "account", "taxcode", "period", "exchangerate", "numberseries", "ledger"]
CHANGES = ["stockadjustment", "customerchange"]
DECIDED = ["order", "refund", "payout", *CHANGES]
PEOPLE = ["shop", "appointment", "deputy"]
BROUGHT = ["importjob", "quarantine"]
HANDED_OUT = ["exportbatch"]
POST = ["connection", "message", "delivery", "attempt", "errand", "binding", "fileentry", "run"]
ENGINE = ["django_q.schedule", "django_q.ormq", "django_q.success", "django_q.failure"]
ACCESS = ["auth.user", "auth.group", "otp_totp.totpdevice", "axes.accessattempt"]


@dataclass(frozen=True, slots=True)
class Role:
    """A group: its sentence, and the models (of `orders` where no app is named) it may view, add and change."""

    name: str
    sentence: str | Promise
    view: list[str] = field(default_factory=list)
    add: list[str] = field(default_factory=list)
    change: list[str] = field(default_factory=list)


def _post(*names: str) -> list[str]:
    return [f"integrations.{name}" for name in names]


OWNER = Role(
    "order data owner",
    _(
        "Corrects, approves, holds and rejects the orders of the shops he or she owns, maps what is unmapped, and names deputies."
    ),
    view=[
        *SALES,
        *GOODS,
        *BOOKS,
        *PEOPLE,
        *BROUGHT,
        *HANDED_OUT,
        "customer",
        "customerchange",
        "event",
        *_post("delivery", "attempt", "run"),
    ],
    add=[*MAPPINGS, *CHANGES, "deputy", "correction"],
    change=[*DECIDED, *MAPPINGS, "deputy"],
)
DEPUTY = Role(
    "deputy",
    _("Decides for an owner, for the time and up to the amount named, and maps products."),
    view=[*SALES, *GOODS, *BOOKS, *PEOPLE, "customer", "customerchange", "event", *_post("delivery", "attempt", "run")],
    add=["itemmapping", *CHANGES, "correction"],
    change=[*DECIDED, "itemmapping"],
)
ACCOUNTANT = Role(
    "accountant",
    _(
        "Brings in files, corrects orders by spreadsheet, maps accounts, taxes and products, holds the month against the books, and closes periods."
    ),
    view=[
        *SALES,
        *GOODS,
        *BOOKS,
        *BROUGHT,
        *HANDED_OUT,
        "customer",
        "customerchange",
        "shop",
        "event",
        *_post("delivery", "fileentry", "run"),
    ],
    add=[
        *MAPPINGS,
        "account",
        "taxcode",
        "period",
        "exchangerate",
        "numberseries",
        "importjob",
        "correction",
        *CHANGES,
        *HANDED_OUT,
    ],
    change=[*BOOKS, "quarantine", *HANDED_OUT],
)
IT_LEAD = Role(
    "IT lead",
    _("Connects stores and ledgers, watches jobs, retries, and lets people in; approves nothing and sees no customer."),
    view=["shop", "ledger", "importjob", "quarantine", "event", *_post(*POST), *ENGINE, *ACCESS],
    add=[*_post("connection"), "auth.user", "otp_totp.totpdevice"],
    change=[*_post("connection", "message", "delivery"), "auth.user", "otp_totp.totpdevice", "axes.accessattempt"],
)
MARKETING = Role(
    "marketing manager",
    _("Looks up products, prices and stock; sees no customers and no orders."),
    view=["product", "stocklevel"],
)
ENTREPRENEUR = Role(
    "entrepreneur",
    _(
        "Sees what was ordered, posted, shipped and invoiced, and what holds things up; opens books and shops and appoints their owners."
    ),
    view=[
        *SALES,
        *GOODS,
        *BOOKS,
        *PEOPLE,
        *HANDED_OUT,
        "customer",
        "event",
        *_post("connection", "delivery", "run"),
    ],
    add=["shop", "appointment", "ledger"],
    change=["shop", "ledger"],
)
AUDITOR = Role(
    "auditor",
    _("Reads everything and changes nothing, whatever other roles he or she holds."),
    view=[
        *SALES,
        *GOODS,
        *BOOKS,
        *PEOPLE,
        *BROUGHT,
        *HANDED_OUT,
        "customer",
        "customerchange",
        "event",
        *_post(*POST),
        *ENGINE,
        *ACCESS,
    ],
)
ROLES = [OWNER, DEPUTY, ACCOUNTANT, IT_LEAD, MARKETING, ENTREPRENEUR, AUDITOR]
SENTENCES = {role.name: role.sentence for role in ROLES}


def is_auditor(user: Any) -> bool:
    """Whether the person holds the role auditor; asked of the database once per loaded user."""
    return AUDITOR.name in _names(user)


def takes_out(user: Any) -> bool:
    """Whether the person may take what he or she sees out as files: everybody but who is IT lead and nothing else."""
    return bool(user.is_superuser) or _names(user) != {IT_LEAD.name}


def _names(user: Any) -> set[str]:
    if not hasattr(user, "_role_names"):
        user._role_names = set(user.groups.values_list("name", flat=True)) if user.pk else set()
    found: set[str] = user._role_names
    return found


def may(user: Any, permission: str) -> bool:
    """Whether the person has this right ("orders.change_order"); an auditor has no right but to view, not even as a superuser."""
    if not permission.partition(".")[2].startswith("view_") and is_auditor(user):
        return False
    return bool(user.has_perm(permission))


class Backend(ModelBackend):
    """Django's own rights by groups, of which an auditor keeps those to view only; a session's person comes with all that a page asks of him in one statement."""

    def get_user(self, user_id: int) -> Any:
        rows = User.objects.annotate(
            role_names=ArraySubquery(Group.objects.filter(user=OuterRef("pk")).order_by().values("name")),
            own_rights=_rights_by("user"),
            group_rights=_rights_by("group__user"),
            devices=Count("totpdevice", filter=Q(totpdevice__confirmed=True))
            + Count("staticdevice", filter=Q(staticdevice__confirmed=True)),
            asked=Count("questions", filter=Q(questions__closed_at=None), distinct=True),
        )
        user: Any = rows.filter(pk=user_id).first()
        if user is None or not self.user_can_authenticate(user):
            return None
        user._role_names, user._has_device = set(user.role_names), user.devices > 0
        if not user.is_superuser:  # where Django's own backend keeps what it has read; a superuser's are all there are
            user._user_perm_cache, user._group_perm_cache = set(user.own_rights), set(user.group_rights)
        return user

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        held = super().get_all_permissions(user_obj, obj)
        if held and is_auditor(user_obj):
            return {name for name in held if name.partition(".")[2].startswith("view_")}
        return held


def _rights_by(way: str) -> ArraySubquery:
    """The rights ("orders.view_order") that the row's person has by that way."""
    rows = Permission.objects.filter(**{way: OuterRef("pk")}).order_by()
    return ArraySubquery(rows.values(right=Concat("content_type__app_label", Value("."), "codename")))


def settle(apps: Apps) -> None:
    """Make the seven groups, each with exactly its rights. For a migration; rights not yet made by Django are made here."""
    group = apps.get_model("auth", "Group")
    for role in ROLES:
        made, _created = group.objects.get_or_create(name=role.name)
        made.permissions.set([_permission(apps, *place) for place in _rights(role)])


def _rights(role: Role) -> Iterator[tuple[str, str, str]]:
    """Every right of the role as app, model, action."""
    for action in ("view", "add", "change"):
        for name in getattr(role, action):
            app, _dot, model = name.rpartition(".")
            yield app or "orders", model, action


def _permission(apps: Apps, app: str, model: str, action: str) -> Any:
    content_type, _created = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label=app, model=model
    )
    made, _created = apps.get_model("auth", "Permission").objects.get_or_create(
        content_type=content_type, codename=f"{action}_{model}", defaults={"name": f"Can {action} {model}"}
    )
    return made
