"""Takes signed JSON from any store, or from a script of your own: HMAC-SHA256 over the raw body, in the dialects of those who send it.

Sources: https://shopify.dev/docs/apps/build/webhooks/verify-deliveries, https://shopify.dev/docs/apps/build/webhooks/ignore-duplicates, and
WooCommerce 11.0.1's class-wc-webhook.php (generate_signature, get_new_delivery_id).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from integrations.errors import Misconfigured
from integrations.registry import adapter
from integrations.stores.base import Check, Letter

SHORTEST_SECRET = 16
_NO_TOPIC = re.compile(r"[^\w./-]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """In which headers the signature and the topic stand, and which name a delivery together (`ids`, the telling one last)."""

    signature: str
    topic: str
    ids: tuple[str, ...]


DIALECTS = {
    "ordersync": Dialect(signature="X-Ordersync-Signature", topic="X-Ordersync-Topic", ids=("X-Ordersync-Delivery",)),
    "shopify": Dialect(
        signature="X-Shopify-Hmac-Sha256",
        topic="X-Shopify-Topic",
        ids=("X-Shopify-Shop-Domain", "X-Shopify-Topic", "X-Shopify-Event-Id"),
    ),
    # Its own delivery id is the hash of webhook and second: two events of one second share it. Only the body tells them apart.
    "woocommerce": Dialect(
        signature="X-WC-Webhook-Signature",
        topic="X-WC-Webhook-Topic",
        ids=("X-WC-Webhook-ID", "X-WC-Webhook-Topic", ""),
    ),
}


@adapter("webhook")
class Webhook:
    """Signed JSON that a store or a script of your own sends to /webhooks/NAME/."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Options:
        """`old_secret` is honoured as well, while the store goes over to a new one; an empty `layout` is recognised."""

        secret: str = field(metadata={"secret": True})
        old_secret: str = field(default="", metadata={"secret": True})
        dialect: str = "ordersync"
        layout: str = ""

    def __init__(self, options: Options, session: object = None) -> None:
        if options.dialect not in DIALECTS:
            raise Misconfigured(
                f"There is no dialect “{options.dialect}”.", fix=f"Choose one of: {', '.join(DIALECTS)}."
            )
        if any(0 < len(secret) < SHORTEST_SECRET for secret in (options.secret, options.old_secret)):
            raise Misconfigured(
                f"A secret of fewer than {SHORTEST_SECRET} characters can be guessed.",
                fix="Give the store a longer one, and the same one here.",
            )
        self.options, self.dialect = options, DIALECTS[options.dialect]

    def letter(self, body: bytes, headers: Mapping[str, str]) -> Letter | None:
        """What this delivery is, or None if its signature fits neither secret."""
        if not self._genuine(body, headers.get(self.dialect.signature, "").encode()):
            return None
        topic = _NO_TOPIC.sub("", headers.get(self.dialect.topic, ""))[:60]
        return Letter(key=self._key(body, headers), topic=topic, layout=self.options.layout)

    def check(self) -> Sequence[Check]:
        """Which dialect is spoken, and how many secrets are honoured."""
        count = 2 if self.options.old_secret else 1
        words = f"Deliveries are awaited as {self.options.dialect} signs them ({self.dialect.signature}); secrets honoured: {count}."
        return [Check(name="deliveries", ok=True, words=words)]

    def _genuine(self, body: bytes, given: bytes) -> bool:
        """The same work whether there are one secret or two, and whichever fits; as base64 or as hex."""
        fits = False
        for secret in (self.options.secret, self.options.old_secret or self.options.secret):
            digest = hmac.digest(secret.encode(), body, "sha256")
            for form in (base64.b64encode(digest), digest.hex().encode()):
                fits |= hmac.compare_digest(form, given)
        return fits

    def _key(self, body: bytes, headers: Mapping[str, str]) -> str:
        """The ids that the store gave; where the telling one is missing, the body is it."""
        ids = [headers.get(name, "") for name in self.dialect.ids]
        telling = ids[-1] or hashlib.sha256(body).hexdigest()
        named = "\x1f".join([*ids[:-1], telling])
        return f"{self.options.dialect} {hashlib.sha256(named.encode()).hexdigest()}"
