"""Every role sees what it needs and no more, and an auditor finds no button that writes, whatever else he is."""

from __future__ import annotations

import re
from datetime import date

import pytest
from django.contrib.auth.models import Group, User
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test import Client
from django.urls import reverse

from integrations.models import Connection
from orders import models, ownership, roles
from orders.admin import navigation
from tests import factories
from tests.admin_company import desk, person

pytestmark = pytest.mark.django_db
PAGES = [page for _title, sections in navigation.GROUPS for section in sections for page in section.pages]


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def sendable(html: str) -> list[str]:
    """The forms of a page that a person can send to change something: all but the way out and a list's empty frame."""
    forms = re.findall(r"<form[^>]*method=\"post\".*?</form>", html, re.DOTALL)
    return [
        form for form in forms if 'id="logout-form"' not in form and re.search(r"<button|type=\"(submit|image)\"", form)
    ]


def address(page: navigation.Page) -> str:
    return reverse(f"admin:{page.name}")


@pytest.mark.parametrize("role", roles.ROLES, ids=lambda role: role.name)
def test_each_page_opens_for_the_roles_that_may_see_it_and_for_no_other(role: roles.Role) -> None:
    user = person(role.name)
    client = signed_in(user)
    expected = {page.name: 200 if not page.permission or user.has_perm(page.permission) else 403 for page in PAGES}
    assert {page.name: client.get(address(page)).status_code for page in PAGES} == expected


def test_an_auditor_finds_nothing_to_send_on_any_page() -> None:
    shop = desk(factories.user("kim"))
    auditor = person(*(role.name for role in roles.ROLES), username="everything")
    client = signed_in(auditor)
    order, refund = models.Order.objects.filter(shop=shop, blockers=0)[0], models.Refund.objects.get()
    records = [reverse("admin:record", args=[kind, pk]) for kind, pk in (("order", order.pk), ("refund", refund.pk))]
    period = models.Period.objects.create(ledger=shop.ledger, period=DateRange(date(2026, 9, 1), date(2026, 10, 1)))
    books = Connection.objects.create(name="books", kind="beancount", ledger=shop.ledger)
    details = [
        reverse("admin:orders_period_change", args=[period.pk]),
        reverse("admin:integrations_connection_change", args=[books.pk]),
        reverse("admin:orders_shop_change", args=[shop.pk]),
        reverse("admin:orders_ledger_change", args=[shop.ledger_id]),
        reverse("admin:auth_user_change", args=[auditor.pk]),
        f"{reverse('admin:review')}?tab=ready",
    ]
    for there in [*map(address, PAGES), *records, *details]:
        reply = client.get(there)
        html = reply.content.decode()
        assert reply.status_code in (200, 403), there
        assert sendable(html) == [], there
        assert "addlink" not in html, there
    assert (
        client.post(reverse("admin:act", args=["order", order.pk, "approve"]), {"version": order.version}).status_code
        == 403
    )


def test_a_marketing_manager_sees_products_and_stock_and_no_customer_or_order() -> None:
    client = signed_in(person("marketing manager"))
    shown = client.get(reverse("admin:index")).content.decode()
    assert "Products" in shown
    assert "Stock" in shown
    assert "<span>Customers</span>" not in shown
    assert "<span>Review</span>" not in shown
    for name in ("orders_customer_changelist", "orders_order_changelist", "review", "problems"):
        assert client.get(reverse(f"admin:{name}")).status_code == 403


def test_who_is_auditor_has_no_right_to_write_from_any_other_role() -> None:
    user = person(*(role.name for role in roles.ROLES), username="everything")
    rights = user.get_all_permissions()
    assert rights
    assert {right.partition(".")[2].partition("_")[0] for right in rights} == {"view"}


def test_every_role_together_without_auditor_adds_up() -> None:
    user = person(*(role.name for role in roles.ROLES if role is not roles.AUDITOR), username="entrepreneur-of-all")
    assert user.has_perms(
        ["orders.change_order", "integrations.change_connection", "orders.add_importjob", "orders.add_shop"]
    )


def test_a_superuser_who_is_auditor_sends_nothing() -> None:
    user = person(roles.AUDITOR.name)
    User.objects.filter(pk=user.pk).update(is_superuser=True)
    client = signed_in(User.objects.get(pk=user.pk))
    assert client.post(reverse("admin:orders_ledger_add"), {"code": "b", "name": "B"}).status_code == 403
    assert not roles.may(User.objects.get(pk=user.pk), "orders.change_order")


def test_an_auditor_who_was_appointed_owner_decides_nothing() -> None:
    user = person(roles.AUDITOR.name, roles.OWNER.name)
    shop = factories.shop(owner=user)
    with pytest.raises(ownership.NotAllowed, match="auditor"):
        ownership.authority(user, shop)


def test_an_auditor_may_change_his_own_password() -> None:
    client = signed_in(person(roles.AUDITOR.name))
    fields = {"old_password": "secret", "new_password1": "a-long-new-one-9", "new_password2": "a-long-new-one-9"}
    assert client.post(reverse("admin:password_change"), fields).status_code == 302


def test_the_it_lead_may_connect_but_neither_approve_nor_see_customers() -> None:
    user = person("IT lead")
    assert user.has_perm("integrations.change_connection")
    assert not any(
        user.has_perm(f"orders.{action}")
        for action in ("view_order", "change_order", "view_customer", "add_shop", "add_appointment")
    )


def test_the_it_lead_reads_an_orders_number_among_the_events_without_a_way_that_is_closed_to_him() -> None:
    shop = desk(factories.user("kim"))
    order = models.Order.objects.filter(shop=shop)[0]
    there = f"{reverse('admin:orders_event_changelist')}?noun=order&object_id={order.pk}"
    way = reverse("admin:record", args=["order", order.pk])
    told = signed_in(person("IT lead")).get(there).content.decode()
    assert order.number in told
    assert way not in told
    assert way in signed_in(person("accountant")).get(there).content.decode()


def test_every_role_has_a_sentence_and_exactly_its_rights() -> None:
    person("auditor")
    for role in roles.ROLES:
        held = set(Group.objects.get(name=role.name).permissions.values_list("codename", flat=True))
        wanted = {
            f"{action}_{name.rpartition('.')[2]}"
            for action in ("view", "add", "change")
            for name in getattr(role, action)
        }
        assert held == wanted
        assert str(role.sentence).endswith(".")


def test_nobody_may_delete_anything() -> None:
    assert not [right for role in roles.ROLES for right in role.view + role.add + role.change if "delete" in right]
