"""The lists of the admin stay fast, delete nothing, and write an event for every change of a setting."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.forms import ModelChoiceField
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from integrations.models import Connection
from orders import models, ownership, search
from orders.admin import paginator
from tests import factories
from tests.admin_company import desk, person, stored

pytestmark = pytest.mark.django_db
LARGE = {
    models.Order,
    models.OrderLine,
    models.Customer,
    models.Product,
    models.Account,
    models.TaxCode,
    models.Document,
    models.Event,
}


@pytest.fixture
def root() -> User:
    return factories.user("root", is_staff=True, is_superuser=True)


@pytest.fixture
def client(root: User) -> Client:
    signed_in = Client()
    signed_in.force_login(root)
    return signed_in


def words(reply: Any) -> str:
    return " ".join(str(message) for message in get_messages(reply.wsgi_request))


def as_root(user: User) -> HttpRequest:
    request = RequestFactory().get("/")
    request.user = user
    return request


def lists() -> list[type]:
    return sorted(admin.site._registry, key=lambda model: model._meta.label)


def test_every_list_takes_at_most_ten_queries_and_a_hundred_kilobytes(client: Client) -> None:
    desk(person("order data owner", username="kim"))
    session = 4  # read, and saved within a savepoint
    for model in lists():
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        with CaptureQueriesContext(connection) as asked:
            reply = client.get(address)
        assert reply.status_code == 200, address
        assert len(asked) <= 10 + session, address
        assert len(reply.content) < 100_000, address


def test_no_list_deletes_and_no_form_chooses_from_a_large_table(root: User) -> None:
    request = as_root(root)
    for model in lists():
        there = admin.site._registry[model]
        assert not there.has_delete_permission(request), model
        assert "delete_selected" not in there.get_actions(request), model
        if model is not Connection and there.has_add_permission(request):
            chosen = there.get_form(request)().fields.values()
            large = [field for field in chosen if isinstance(field, ModelChoiceField) and field.queryset.model in LARGE]
            assert all("autocomplete" in type(field.widget.widget).__name__.lower() for field in large), model


def test_no_filter_reads_the_whole_table_for_its_choices() -> None:
    for model in lists():
        for item in admin.site._registry[model].list_filter:
            name = item[0] if isinstance(item, tuple) else item
            if isinstance(name, str) and "__" not in name:
                field = model._meta.get_field(name)
                fixed = (
                    field.choices or field.is_relation or field.get_internal_type() in {"BooleanField", "DateTimeField"}
                )
                assert fixed, (model, name)


def test_a_long_list_is_estimated_and_a_filtered_one_counted_up_to_a_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = factories.shop()
    for n in range(5):
        stored(shop, str(n))
    rows = models.Order.objects.order_by("-id")
    assert paginator.QuickPaginator(rows, 2).count == 5
    monkeypatch.setattr(paginator, "COUNTED_UP_TO", 3)
    assert paginator.QuickPaginator(rows.filter(shop=shop), 2).count == 4
    monkeypatch.setattr(paginator, "_estimate", lambda table: 1_000_000)
    many = paginator.QuickPaginator(rows, 50)
    assert (many.count, many.num_pages) == (1_000_000, paginator.PAGES)


def test_a_whole_number_in_the_search_goes_straight_to_its_order(client: Client) -> None:
    order = stored(factories.shop(), "WEB-0042")
    search.index(order)  # as intake does
    reply = client.get(reverse("admin:orders_order_changelist"), {"q": "#WEB-0042"})
    assert reply.url == reverse("admin:record", args=["order", order.pk])


def test_a_changed_setting_says_who_from_what_to_what(client: Client, root: User) -> None:
    ledger = factories.ledger()
    account = factories.account(ledger, "Income:Goods")
    reply = client.post(
        reverse("admin:orders_account_change", args=[account.pk]), {"name": "Goods sold", "active": "on"}
    )
    assert reply.status_code == 302, reply.content
    event = models.Event.objects.get(noun="account")
    body = json.loads(event.body)
    assert (event.by, event.verb) == (root, "changed")
    assert (body["from"], body["to"]) == ({"name": "Income:Goods"}, {"name": "Goods sold"})


def test_saving_without_a_change_writes_no_event(client: Client) -> None:
    account = factories.account(factories.ledger(), "Income:Goods")
    client.post(reverse("admin:orders_account_change", args=[account.pk]), {"name": "Income:Goods", "active": "on"})
    assert not models.Event.objects.filter(noun="account").exists()


def test_rights_given_to_a_person_are_an_event_without_secrets_or_personal_values(client: Client) -> None:
    someone = person("marketing manager", username="mia")
    fields = {"username": "mia", "first_name": "Mia", "email": "mia@example.org", "is_active": "on", "is_staff": "on"}
    both = Group.objects.filter(name__in=["marketing manager", "accountant"]).values_list("pk", flat=True)
    dates = {
        "date_joined_0": someone.date_joined.date().isoformat(),
        "date_joined_1": someone.date_joined.time().isoformat(),
    }
    reply = client.post(reverse("admin:auth_user_change", args=[someone.pk]), {**fields, **dates, "groups": list(both)})
    assert reply.status_code == 302, reply.context["adminform"].form.errors
    event = models.Event.objects.get(noun="user", verb="changed")
    body = json.loads(event.body)
    assert body["to"]["groups"] == ["accountant", "marketing manager"]
    assert "mia@example.org" not in event.body
    assert "mia@example.org" in event.personal
    assert "password" not in event.body


def test_nobody_becomes_auditor_and_superuser_at_once(client: Client, root: User) -> None:
    person("auditor")
    auditor = Group.objects.get(name="auditor").pk
    dates = {"date_joined_0": "2026-01-01", "date_joined_1": "10:00:00"}
    fields = {
        "username": "root",
        "is_active": "on",
        "is_staff": "on",
        "is_superuser": "on",
        "groups": [auditor],
        **dates,
    }
    html = client.post(reverse("admin:auth_user_change", args=[root.pk]), fields).content.decode()
    assert "A superuser cannot be auditor" in html


def test_an_it_lead_raises_neither_himself_nor_a_superuser(root: User) -> None:
    lead = person("IT lead")
    signed_in = Client()
    signed_in.force_login(lead)
    own = signed_in.get(reverse("admin:auth_user_change", args=[lead.pk])).content.decode()
    assert 'name="groups"' not in own
    assert 'name="is_superuser"' not in own
    assert signed_in.post(reverse("admin:auth_user_change", args=[root.pk]), {"username": "root"}).status_code == 403


def test_the_owner_of_a_shop_cannot_be_deactivated_and_the_reason_is_said(client: Client) -> None:
    owner = person("order data owner", username="kim")
    factories.shop(owner=owner)
    dates = {"date_joined_0": "2026-01-01", "date_joined_1": "10:00:00"}
    reply = client.post(reverse("admin:auth_user_change", args=[owner.pk]), {"username": "kim", **dates})
    assert "appoint another owner first" in words(reply)
    owner.refresh_from_db()
    assert owner.is_active


def test_a_shop_is_opened_together_with_its_first_owner(client: Client) -> None:
    ledger, owner = factories.ledger(), person("order data owner", username="kim")
    fields = {
        "code": "uk", "name": "UK", "owner": owner.pk, "ledger": ledger.pk, "currency": "gbp", "time_zone": "Europe/London",
        "prefix": "UK", "recognise_on": "placed", "fees_by": "payment", "dimensions": "{}", "active": "on",
    }  # fmt: skip
    assert client.post(reverse("admin:orders_shop_add"), fields).status_code == 302
    shop = models.Shop.objects.get(code="uk")
    assert (ownership.owner(shop), shop.currency) == (owner, "GBP")
    html = client.post(
        reverse("admin:orders_shop_add"), {**fields, "code": "xx", "prefix": "X", "time_zone": "Mars"}
    ).content.decode()
    assert "“Mars” is not a time zone" in html


def test_an_appointment_in_the_past_is_refused_in_words(client: Client) -> None:
    shop, other = factories.shop(), factories.user("lee")
    add = reverse("admin:orders_appointment_add")
    reply = client.post(add, {"shop": shop.pk, "owner": other.pk, "since_0": "2020-01-01", "since_1": "00:00:00"})
    assert "cannot begin in the past" in words(reply)
    later = timezone.now() + timedelta(days=2)
    fields = {"shop": shop.pk, "owner": other.pk, "since_0": later.date().isoformat(), "since_1": "00:00:00"}
    assert client.post(add, fields).status_code == 302
    assert models.Appointment.objects.filter(shop=shop, owner=other).exists()


def test_a_period_is_closed_and_reopened_only_with_a_reason(client: Client) -> None:
    ledger = factories.ledger()
    fields = {"ledger": ledger.pk, "first_on": "2026-09-01", "last_on": "2026-09-30", "state": "closed"}
    assert client.post(reverse("admin:orders_period_add"), fields).status_code == 302
    period = models.Period.objects.get()
    assert (period.period.lower, period.period.upper) == (date(2026, 9, 1), date(2026, 10, 1))
    assert str(period) == "2026-09-01 – 2026-09-30"
    change = reverse("admin:orders_period_change", args=[period.pk])
    assert "Say why" in words(client.post(change, {"state": "open", "reason": ""}))
    client.post(change, {"state": "open", "reason": "an invoice came late"})
    period.refresh_from_db()
    assert period.state == models.PeriodState.OPEN


def test_a_connection_is_made_checked_and_paused_and_its_options_are_kept(client: Client, tmp_path: Path) -> None:
    factories.ledger("books")
    add = f"{reverse('admin:integrations_connection_add')}?kind=beancount"
    refused = client.post(
        add,
        {
            "name": "books",
            "end": "ledger:books",
            "option_folder": str(tmp_path / "gone" / "gone"),
            "option_title": "Books",
        },
    )
    assert refused.status_code in (200, 302)
    (tmp_path / "books").mkdir()
    fields = {"name": "books", "end": "ledger:books", "option_folder": str(tmp_path / "books"), "option_title": "Books"}
    assert client.post(add, fields).status_code == 302
    there = Connection.objects.get(name="books")
    assert there.options["folder"] == str(tmp_path / "books")
    page = client.get(reverse("admin:integrations_connection_change", args=[there.pk]))
    assert str(tmp_path / "books") in page.content.decode()
    assert there.paused_why == "It is not switched on yet."
    client.post(reverse("admin:integrations_connection_act", args=[there.pk, "resume"]))
    client.post(reverse("admin:integrations_connection_act", args=[there.pk, "pause"]), {"why": "the auditor is here"})
    there.refresh_from_db()
    assert there.paused_why == "the auditor is here"
    client.post(reverse("admin:integrations_connection_act", args=[there.pk, "resume"]))
    there.refresh_from_db()
    assert there.paused_at is None
    assert words(client.post(reverse("admin:integrations_connection_act", args=[there.pk, "check"])))


def test_an_uploaded_file_is_taken_in_and_what_became_of_it_is_shown(client: Client) -> None:
    shop = factories.shop()
    nonsense = SimpleUploadedFile("notes.txt", b"hello")
    reply = client.post(reverse("admin:upload"), {"shop": shop.pk, "file": nonsense})
    job = models.ImportJob.objects.get()
    assert reply.url == reverse("admin:import", args=[job.pk])
    assert job.state == models.ImportState.FAILED
    assert job.words in words(reply)
    assert client.get(reply.url).status_code == 200


def test_the_jobs_page_says_in_words_what_is_late(client: Client) -> None:
    html = client.get(reverse("admin:jobs")).content.decode()
    assert "Brings signed documents to the ledgers." in html
    assert "never ran" in html


def test_who_has_a_device_needs_a_code_and_who_may_approve_needs_a_device_where_the_setting_asks(settings: Any) -> None:
    owner = person("order data owner", username="kim")
    enter = {"username": "kim", "password": "secret"}
    login = reverse("admin:login")
    assert Client().post(login, enter).status_code == 302
    settings.ORDERSYNC_REQUIRE_OTP = True
    fresh = Client()
    assert fresh.post(login, enter).status_code == 302
    led = fresh.get(reverse("admin:index"), follow=True)
    assert led.redirect_chain[-1][0] == reverse("admin:access"), (
        "by password alone nobody who needs a code comes further"
    )
    device = TOTPDevice.objects.create(user=owner, name="phone", confirmed=True)
    assert "one-time code" in Client().post(login, enter).content.decode().lower()
    code = TOTP(device.bin_key, device.step, device.t0, device.digits).token()
    reply = Client().post(login, {**enter, "otp_device": device.persistent_id, "otp_token": f"{code:06d}"})
    assert reply.status_code == 302


def test_after_five_wrong_passwords_signing_in_is_locked_with_a_sentence() -> None:
    person("auditor", username="ann")
    for _n in range(settings.AXES_FAILURE_LIMIT):
        reply = Client().post(reverse("admin:login"), {"username": "ann", "password": "wrong"})
    assert reply.status_code == 429
    assert "Too many wrong passwords" in reply.content.decode()


def test_sheet_and_script_stay_small_and_no_page_has_any_inline() -> None:
    root = Path(settings.BASE_DIR)
    for name in ("desk.css", "desk.js"):
        assert (root / "orders" / "static" / "orders" / name).stat().st_size < 20_000
    for template in root.joinpath("templates").rglob("*.html"):
        text = template.read_text(encoding="utf-8")
        assert "<style" not in text, template
        assert "style=" not in text, template
        assert " onclick=" not in text, template
        assert "<script>" not in text, template
