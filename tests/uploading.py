"""What the tests of imports do all the time: a file in a store's layout, brought in by a person at the desk, page by page."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from orders import models
from tests import factories
from tests.admin_company import person

HEAD = {
    "Name": "#1001", "Email": "ann@example.org", "Financial Status": "paid", "Paid at": "2026-03-04 10:20:30 +0100", "Currency": "EUR", "Subtotal": "10.00",
    "Shipping": "0.00", "Taxes": "0.00", "Total": "10.00", "Created at": "2026-03-04 10:20:00 +0100", "Lineitem quantity": "1", "Lineitem name": "Mug",
    "Lineitem price": "10.00", "Lineitem sku": "MUG", "Billing Name": "Ann Li", "Billing Country": "DE", "Payment Method": "Card", "Id": "1",
}  # fmt: skip
TITLES = list(HEAD)
ACCOUNTANT = "accountant"


def order(n: int, **changed: str) -> dict[str, str]:
    """The one row of an order; columns are named with _ for blanks (Created_at)."""
    return {
        **HEAD,
        "Name": f"#{1000 + n}",
        "Id": str(n),
        **{name.replace("_", " "): text for name, text in changed.items()},
    }


def table(*rows: dict[str, str], titles: Sequence[str] = TITLES, between: str = ",") -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, titles, restval="", extrasaction="ignore", delimiter=between)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def orders(count: int, **changed: str) -> str:
    return table(*(order(n, **changed) for n in range(1, count + 1)))


class Uploader:
    """A person at the desk who brings files in, and reads what the pages say."""

    def __init__(self, *roles: str, shop: models.Shop | None = None, user: User | None = None) -> None:
        self.user = user or person(
            *(roles or (ACCOUNTANT,)), username="-".join(roles or (ACCOUNTANT,)).replace(" ", "-")
        )
        self.shop = shop or factories.shop("web")
        self.client = Client()
        self.client.force_login(self.user)

    def uploads(self, content: str | bytes, name: str = "orders.csv") -> models.ImportJob:
        body = content.encode() if isinstance(content, str) else content
        file = SimpleUploadedFile(name, body)
        reply = self.client.post(reverse("admin:upload"), {"shop": self.shop.pk, "file": file})
        assert reply.status_code == 302, reply.content
        return models.ImportJob.objects.order_by("-pk")[0]

    def does(self, verb: str, job: models.ImportJob, **data: str) -> models.ImportJob:
        reply = self.client.post(reverse("admin:import_act", args=[job.pk, verb]), data)
        assert reply.status_code == 302, reply.status_code
        job.refresh_from_db()
        return job

    def brings(self, content: str | bytes, name: str = "orders.csv") -> models.ImportJob:
        """Uploads the file and has it read, if it can be recognised."""
        job = self.uploads(content, name)
        return job if job.ended else self.does("read", job)

    def page(self, job: models.ImportJob) -> str:
        """What the import's page says, without its tags."""
        reply = self.client.get(reverse("admin:import", args=[job.pk]))
        assert reply.status_code == 200
        text = re.sub(r"<[^>]+>", " ", reply.content.decode().partition('id="content"')[2])
        return re.sub(r"\s+", " ", text).replace("&quot;", '"').replace("&#x27;", "'").replace("&amp;", "&")

    def refused_file(self, job: models.ImportJob) -> bytes:
        reply: Any = self.client.get(reverse("admin:import_refused", args=[job.pk]))
        assert reply.status_code == 200
        return b"".join(reply.streaming_content)
