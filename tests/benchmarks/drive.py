"""A person clears sixty orders by key in a real Chromium: `python -m tests.benchmarks.drive [CHROMIUM]`.

Forty-five are ready, six of these odd in a way that no rule knows; fifteen wait for two causes. The driver sees what stands within a window of 1360 x 860 without
scrolling, judges each order by that alone, approves with one key what looks right, and puts a question to what does not. It does not know which are odd.
"""

from __future__ import annotations

import os
import re
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.benchmarks import instruments
from tests.benchmarks.instruments import Bar

WINDOW = {"width": 1360, "height": 860}
READY, BY_SKU, BY_TAX = 45, 8, 7
ODD = {
    "3": "a hundred times the usual",
    "9": "abroad",
    "16": "price",
    "22": "given away",
    "31": "another's e-mail",
    "38": "again",
}
PRICE = Decimal("11.90")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-dev-shm-usage",
]
# The form stands at the field that it leaves open.
OPEN = "() => document.activeElement.matches('#id_item, .select2-selection')"
# What of the page lies in the window: every text whose own box is inside it, above the bar at the foot.
SEEN = """() => {
  const bar = document.querySelector(".bar")?.getBoundingClientRect().top ?? innerHeight;
  const inside = (node) => { const box = node.getBoundingClientRect(); return box.height > 0 && box.top >= 0 && box.bottom <= bar; };
  const text = (node) => node && inside(node) ? node.innerText.trim() : "";
  const rows = [...document.querySelectorAll(".split table")].filter((table) => table.tHead?.innerText.includes("Qty"))
    .flatMap((table) => [...table.tBodies[0].rows].map((row) => [...row.cells].map(text)));
  return { title: document.querySelector("h1")?.innerText.trim() ?? "", glance: text(document.querySelector("#glance")), lines: rows,
           findings: [...document.querySelectorAll(".finding")].map(text).filter(Boolean) };
}"""


class Timed:
    """A middleware that writes down how long the server took for each page and each thing sent."""

    took: list[tuple[str, float]] = []

    def __init__(self, reply: Any) -> None:
        self.reply = reply

    def __call__(self, request: Any) -> Any:
        start = time.perf_counter()
        try:
            return self.reply(request)
        finally:
            if request.path.startswith("/admin/"):
                self.took.append((request.method, 1000 * (time.perf_counter() - start)))


@dataclass(slots=True)
class Tally:
    """What each decision cost: keys, and milliseconds of the server (what was sent, and the page that came next)."""

    keys: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    server: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    doubted: dict[str, str] = field(default_factory=dict)


class Driver:
    """Presses keys and counts them; text is typed, and not counted."""

    def __init__(self, page: Any) -> None:
        self.page, self.keys, self.tally = page, 0, Tally()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.keys += 1

    def write(self, text: str) -> None:
        self.page.keyboard.type(text)

    def seen(self) -> dict[str, Any]:
        found: dict[str, Any] = self.page.evaluate(SEEN)
        return found

    @contextmanager
    def decision(self, kind: str) -> Iterator[None]:
        before, Timed.took = self.keys, []
        yield
        self.tally.keys[kind].append(self.keys - before)
        self.tally.server[kind].append(sum(took for _method, took in Timed.took))

    @contextmanager
    def leads_on(self) -> Iterator[None]:
        """What is done here brings another page."""
        with self.page.expect_navigation(wait_until="load"):
            yield


def main(chromium: str) -> None:
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "yes"  # Playwright keeps a loop in this thread
    with instruments.database("drive"):
        from django.conf import settings

        settings.MIDDLEWARE = [f"{__name__}.Timed", *settings.MIDDLEWARE]
        settings.ALLOWED_HOSTS = ["127.0.0.1"]
        Company().fill()
        with served() as address, window(chromium) as page:
            driver = Driver(page)
            signed_in(page, address)
            drive(driver, address)
        tell(driver.tally)


@contextmanager
def served() -> Iterator[str]:
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.test.testcases import LiveServerThread

    server = LiveServerThread("127.0.0.1", StaticFilesHandler)
    server.daemon = True
    server.start()
    server.is_ready.wait()
    if server.error:
        raise server.error
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.terminate()


@contextmanager
def window(chromium: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser.new_context(viewport=WINDOW).new_page()
        browser.close()


def signed_in(page: Any, address: str) -> None:
    page.goto(f"{address}/")
    page.fill("#id_username", "kim")
    page.fill("#id_password", "secret")
    page.press("#id_password", "Enter")
    page.wait_for_selector("#side")


class Company:
    """A shop with two products and sixty orders: the n-th ready one is odd as ODD says, the rest wait for a SKU or for a tax."""

    def fill(self) -> None:
        from orders import intake, roles
        from tests import factories
        from tests.admin_company import person

        self.make = factories
        books = factories.ledger("books")
        shop = factories.shop("eu", ledger=books, owner=person(roles.OWNER.name, username="kim"))
        factories.item(books, "MUG")
        products = [
            factories.product("V1", price=PRICE),
            factories.product("V2", sku="APRON-L", title="Apron", price=PRICE),
        ]
        orders = [*map(self._ready, range(1, READY + 1)), *self._waiting()]
        refused = intake.receive(shop, [*products, *orders], source=factories.source()).refused
        if refused:
            raise SystemExit(f"The company could not be made: {refused[0]}")

    def _order(self, n: int, *lines: Any, name: str = "", email: str = "", **fields: Any) -> Any:
        first, last = FIRST[n % len(FIRST)], LAST[n // len(FIRST) % len(LAST)]
        name, email = name or f"{first} {last}", email or f"{first}.{last}@example.org".lower()
        at = fields.pop("placed_at", self.make.NOON - timedelta(hours=3 * n))
        return self.make.order(
            str(n), lines=lines, customer=self.make.customer(f"C{n}", name=name, email=email), email=email, placed_at=at,
            billing=self.make.address(name=name), **{"shipping": self.make.address(name=name), **fields},
            payments=(self.make.payment(str(sum(line.amount for line in lines)), id=f"P{n}"),),
        )  # fmt: skip

    def _line(
        self, quantity: int = 1, price: Decimal = PRICE, sku: str = "MUG", variant: str = "V1", **fields: Any
    ) -> Any:
        amount = quantity * price
        values = {"tax": f"{amount * 19 / 119:.2f}", **fields}
        return self.make.line(
            f"{values.pop('amount', amount):.2f}", sku=sku, variant_id=variant, quantity=Decimal(quantity), unit_price=price, **values
        )  # fmt: skip

    def _ready(self, n: int) -> Any:
        odd, usual = ODD.get(str(n)), 1 + n % 3
        if odd == "a hundred times the usual":
            return self._order(n, self._line(100 * usual))
        if odd == "abroad":
            there = self.make.address(
                name="Forwarding Desk 12", street="Dock 4", city="Newark", postcode="07114", country="US"
            )
            return self._order(n, self._line(usual), shipping=there)
        if odd == "price":
            return self._order(n, self._line(usual, Decimal("1.19")))
        if odd == "given away":
            free = self._line(usual, amount=Decimal(0), tax="0.00", discount=usual * PRICE)
            return self._order(n, free, self._line(1, Decimal("4.90"), "", "", kind=self._shipping(), id="L2"))
        if odd == "another's e-mail":
            return self._order(n, self._line(usual), name="Anna Keller", email="dmitri.volkov@example.org")
        if odd == "again":  # the same customer as the order before, four minutes later, with something else
            before = self._order(n + 1, self._line(1 + (n + 1) % 3))
            return self._order(
                n, self._line(1 + (n + 1) % 3 + 1), name=before.customer.name, email=before.email, placed_at=before.placed_at + timedelta(minutes=4)
            )  # fmt: skip
        return self._order(n, self._line(usual))

    def _shipping(self) -> Any:
        from orders.incoming import LineKind

        return LineKind.SHIPPING

    def _waiting(self) -> Iterator[Any]:
        for n in range(READY + 1, READY + BY_SKU + 1):
            yield self._order(n, self._line(1 + n % 2, sku="APRON-L", variant="V2"))
        for n in range(READY + BY_SKU + 1, READY + BY_SKU + BY_TAX + 1):
            yield self._order(n, self._line(1 + n % 2, title="TVA"))


FIRST = ["Finn", "Rosa", "Ben", "Dov", "Cara", "Lee", "Mia", "Ole", "Ida", "Nils", "Uma", "Zoe", "Kai"]
LAST = ["Sato", "Lind", "Okafor", "Rossi", "Meyer"]


def drive(driver: Driver, address: str) -> None:
    """First what waits, cause by cause from the orders themselves; then everything that is ready."""
    page = driver.page
    page.goto(f"{address}/admin/review/?tab=review")
    with driver.leads_on():
        driver.press("Enter")
    for _cause in range(2):
        fix(driver)
        page.goto(f"{address}/admin/review/?tab=review")
        if page.locator("tr[data-href]").count():
            with driver.leads_on():
                driver.press("Enter")
    page.goto(f"{address}/admin/review/?tab=ready")
    with driver.leads_on():
        driver.press("Enter")
    while page.locator("#glance").count():
        look(driver)


def fix(driver: Driver) -> None:
    """The form that the first finding leads to, begun at the field it leaves open; saved, it leads back, and every order that waited is released."""
    page = driver.page
    with driver.decision("fix"):
        with driver.leads_on():
            driver.press("m")
        page.wait_for_function(OPEN, timeout=5000)
        if "itemmapping" in page.url:
            driver.write("Apron")
        else:  # a picker: opened, searched, chosen
            driver.press("Enter")
            driver.write("DE19")
            page.wait_for_selector(".select2-results__option--highlighted:has-text('DE19')", timeout=5000)
            driver.press("Enter")
        with driver.leads_on():
            driver.press("Control+Enter")
    if "/review/order/" not in page.url:
        raise SystemExit(f"The fix did not lead back: {page.inner_text('#content')[:800]}")


def look(driver: Driver) -> None:
    """One order: what stands in the window decides."""
    seen = driver.seen()
    doubt = odd(seen)
    if not doubt:
        with driver.decision("approve"), driver.leads_on():
            driver.press("a")
        return
    driver.tally.doubted[re.findall(r"\d+", seen["title"])[0]] = doubt
    with driver.decision("ask"):
        driver.press("h")
        driver.write(f"Is this meant? {doubt}")
        with driver.leads_on():
            driver.press("Enter")


def odd(seen: dict[str, Any]) -> str:
    """What a careful person finds odd in what stands there; "" for nothing."""
    name, _dot, rest = seen["glance"].partition(" · ")
    if not rest:
        return "who bought it is not to be seen"
    if seen["findings"]:
        return str(seen["findings"][0])
    if "→" in rest:
        return "it goes to another country than its bill"
    if (since := re.search(r"order \S+ (\d+)\s(\w+) before", rest)) and since[2].startswith("minute"):
        return "the same customer minutes before"
    local = rest.partition("@")[0].lower()
    if not any(part in local for part in name.lower().split()):
        return "the e-mail is another's name"
    return next(filter(None, map(odd_line, seen["lines"])), "")


def odd_line(cells: list[str]) -> str:
    if len(cells) < 6 or not cells[1]:
        return "a line is not to be seen"
    price, discount, quantity = *map(figure, (cells[2].split("\n")[0], cells[3])), figure(cells[1])
    if quantity >= 50:
        return f"{quantity} of it"
    if (shop := re.search(r"in the shop ([\d.,]+)", cells[2])) and not 0.5 <= price / figure(shop[1]) <= 2:
        return "the price is far from the shop's"
    return "all of it is given away" if discount and discount >= price * quantity else ""


def figure(text: str) -> Decimal:
    return Decimal(re.sub(r"[^\d.]", "", text) or "0")


def tell(tally: Tally) -> None:
    from orders import models

    approved = set(models.Order.objects.filter(state="approved").values_list("number", flat=True))
    seeded = {str(1000 + int(n)): what for n, what in ODD.items()}
    rows = [
        (kind, len(keys), max(keys), statistics.median(tally.server[kind]), max(tally.server[kind]))
        for kind, keys in tally.keys.items()
    ]
    instruments.table(("decision", "times", "keys at most", "server ms, p50", "server ms, most"), rows)
    instruments.table(
        ("odd order", "seeded", "doubted for"), [(n, what, tally.doubted.get(n, "–")) for n, what in seeded.items()]
    )
    bars = [
        Bar("orders not driven through", 60 - len(approved) - len(tally.doubted), 0),
        Bar("keys per ready order", max(tally.keys["approve"]), 1),
        Bar("keys per fix that releases others", max(tally.keys["fix"]), 4),
        Bar("seeded oddities that were not seen", len(seeded.keys() - tally.doubted.keys()), 0),
        Bar("seeded oddities that were approved", len(seeded.keys() & approved), 0),
        Bar("orders doubted for nothing", len(tally.doubted.keys() - seeded.keys()), 0),
    ]
    figures: dict[str, object] = {
        kind: {"times": times, "keys": keys, "server_p50_ms": round(p50, 1), "server_max_ms": round(most, 1)}
        for kind, times, keys, p50, most in rows
    }
    instruments.tell("drive", figures, {}, bars)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("CHROMIUM", "/usr/bin/chromium"))
