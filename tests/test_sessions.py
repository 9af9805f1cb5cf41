"""A session ends eight hours after it began, and half an hour after the last page."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from ordersync_site.sessions import BEGAN_AT, FRESH_SECONDS, SEEN_AT
from tests.admin_company import desk, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(client: Client) -> Client:
    client.force_login(get_user_model().objects.create_superuser("ann", password="a long enough pass phrase"))
    return client


def age(client: Client, seconds: int) -> None:
    session = client.session
    session[BEGAN_AT] -= seconds
    session.save()


def test_a_busy_session_ends_eight_hours_after_it_began(signed_in: Client, settings) -> None:
    assert signed_in.get("/admin/").status_code == 200
    age(signed_in, settings.ORDERSYNC_SESSION_ABSOLUTE - 60)
    assert signed_in.get("/admin/").status_code == 200
    age(signed_in, 120)
    assert signed_in.get("/admin/").status_code == 302


def test_who_signs_in_again_begins_a_new_session(signed_in: Client, settings) -> None:
    signed_in.get("/admin/")
    age(signed_in, settings.ORDERSYNC_SESSION_ABSOLUTE + 60)
    signed_in.get("/admin/")
    signed_in.force_login(get_user_model().objects.get(username="ann"))
    assert signed_in.get("/admin/").status_code == 200


def test_a_session_ends_half_an_hour_after_the_last_page(signed_in: Client) -> None:
    signed_in.get("/admin/")
    assert signed_in.session.get_expiry_age() == 30 * 60


def test_five_wrong_passwords_lock_the_door_for_that_person_from_that_place(client: Client) -> None:
    get_user_model().objects.create_superuser("ann", password="a long enough pass phrase")
    wrong = {"username": "ann", "password": "wrong"}
    statuses = [client.post("/admin/login/", wrong).status_code for _ in range(6)]
    assert statuses == [200, 200, 200, 200, 429, 429]
    right = {"username": "ann", "password": "a long enough pass phrase"}
    assert client.post("/admin/login/", right).status_code == 429


def test_the_end_of_an_idle_session_is_put_off_once_a_minute_and_not_at_every_page(signed_in: Client) -> None:
    signed_in.get("/admin/")
    with CaptureQueriesContext(connection) as asked:
        signed_in.get("/admin/")
    assert not [query["sql"] for query in asked if query["sql"].startswith("UPDATE")]
    session = signed_in.session
    session[SEEN_AT] -= FRESH_SECONDS + 1
    session.save()
    with CaptureQueriesContext(connection) as asked:
        signed_in.get("/admin/")
    assert len([query["sql"] for query in asked if query["sql"].startswith("UPDATE")]) == 1


def test_the_queue_asks_the_database_ten_times_and_frame_and_person_are_three_of_them(client: Client) -> None:
    kim = person("order data owner", username="kim")
    desk(kim)
    client.force_login(kim)
    client.get("/admin/review/")
    with CaptureQueriesContext(connection) as asked:
        client.get("/admin/review/")
    assert len(asked) == 10
