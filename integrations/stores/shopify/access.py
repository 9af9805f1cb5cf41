"""Where a Shopify store is called, and how a token for it is had.

Sources: https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/client-credentials-grant,
and …/offline-access-tokens (refresh tokens that rotate).
"""

from __future__ import annotations

import re
from typing import Any

from integrations import http
from integrations.errors import Misconfigured

HEADER = "X-Shopify-Access-Token"


def address(options: Any) -> str:
    """https://NAME.myshopify.com; a whole address is taken as it is, for a store behind a gateway of one's own."""
    shop: str = options.shop.strip().rstrip("/")
    if re.fullmatch(r"https?://[^/]+", shop):
        return shop
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*\.myshopify\.com", shop):
        raise Misconfigured(f"“{shop}” is not a Shopify store.", fix="Enter it as NAME.myshopify.com.")
    return f"https://{shop}"


def grant(options: Any, base: str) -> http.Grant:
    """The client credentials grant of one's own app (a token for a day), or the refresh token of a public one (a token for an hour)."""
    if not (options.client_id and options.client_secret):
        words = "Shopify needs a token, or the app's client id and client secret."
        raise Misconfigured(words, fix="Enter them from the app's settings in the Dev Dashboard.")
    return http.Grant(
        url=f"{base}/admin/oauth/access_token",
        client_id=options.client_id,
        client_secret=options.client_secret,
        refresh_token=options.refresh_token,
        header=HEADER,
        scheme="",
    )
