"""No secret reaches the log, in whatever form it is written there."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from ordersync_site.redaction import RedactionFilter, redact

SECRET = "Zm9vOmJhcg0123456789abc"


@pytest.mark.parametrize(
    "line",
    [
        f"Authorization: Bearer {SECRET}",
        f"authorization=Digest username=me, response={SECRET}",
        f"{{'Authorization': 'Basic {SECRET}', 'Accept': 'json'}}",
        f'{{"access_token": "{SECRET}", "expires_in": 3600}}',
        f"X-Shopify-Access-Token: shpat_{SECRET}",
        f"X-Shopify-Hmac-Sha256: {SECRET}",
        f"GET /orders?consumer_key=ck_1&consumer_secret={SECRET}&page=2",
        f"https://ck_1:{SECRET}@shop.example.com/wp-json",
        f"Cookie: theme=dark; __Host-sessionid={SECRET}",
        f"SECRET_KEY={SECRET}",
        f"password = '{SECRET}'",
        f"the shop sent shpss_{SECRET}",
        f"the shop sent cs_{SECRET}",
    ],
)
def test_a_secret_is_hidden_in_whatever_form(line: str) -> None:
    assert SECRET not in redact(line)


@pytest.mark.parametrize(
    "line",
    [
        "order 1001 was approved by ann",
        "GET /orders?page=2 200",
        "3 tokens were rotated",
        "key web:order:1001:invoice:1",
    ],
)
def test_what_is_no_secret_stays_readable(line: str) -> None:
    assert redact(line) == line


@pytest.fixture
def log() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    logger, written = logging.getLogger("ordersync.test"), io.StringIO()
    handler = logging.StreamHandler(written)
    handler.addFilter(RedactionFilter())
    logger.addHandler(handler)
    yield logger, written
    logger.removeHandler(handler)


def test_messages_arguments_and_tracebacks_are_redacted(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, written = log
    try:
        raise ValueError(f"token={SECRET}")
    except ValueError:
        logger.exception("sent %s", f"password={SECRET}", stack_info=True)
    assert SECRET not in written.getvalue()
    assert "ValueError" in written.getvalue()


def test_every_handler_of_the_installation_redacts(settings) -> None:
    assert all(handler["filters"][-1] == "redact" for handler in settings.LOGGING["handlers"].values())
