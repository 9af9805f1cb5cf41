"""What Shopify's answers mean: its GraphQL says 200 to everything, and the errors stand inside.

Source: https://shopify.dev/docs/api/usage/rate-limits and https://shopify.dev/docs/api/usage/response-codes
"""

from __future__ import annotations

from typing import Any

from integrations.errors import Conflict, Misconfigured, Refused, Unavailable, Uncertain


def data(answer: Any) -> dict[str, Any]:
    """The data of an answer. Raises the Trouble that its errors stand for; Uncertain where it is no JSON."""
    try:
        told = answer.json()
    except ValueError as error:
        raise Uncertain("Shopify's answer is no JSON.", fix="It is looked for before it is told again.") from error
    check(told)
    return dict(told["data"])


def done(told: dict[str, Any]) -> None:
    """A mutation's userErrors: a count that changed meanwhile is a Conflict; any other is Refused, in Shopify's own words."""
    errors = told["userErrors"]
    if not errors:
        return
    words = "Shopify says: " + "; ".join(item["message"] for item in errors)
    if any(str(item.get("code", "")).endswith("_STALE") for item in errors):
        raise Conflict(words, fix="The store's count changed meanwhile: look at it, and make the change anew.")
    raise Refused(words, fix="Correct what it names, then retry.")


def check(told: dict[str, Any]) -> None:
    """What stands in `errors` though the status is 200."""
    errors = told.get("errors")
    if not errors:
        return
    if not isinstance(errors, list):
        raise Misconfigured(f"Shopify says: {errors}", fix="Renew the connection's token.")
    codes = {str((item.get("extensions") or {}).get("code", "")) for item in errors}
    words = "Shopify says: " + "; ".join(str(item.get("message", "")) for item in errors)
    if "THROTTLED" in codes:
        raise Unavailable(words, fix="It is sent again by itself.", retry_after=_restored(told))
    if "ACCESS_DENIED" in codes:
        raise Misconfigured(words, fix="Give the app the scope that it names.")
    if "INTERNAL_SERVER_ERROR" in codes:
        raise Uncertain(words, fix="It is looked for before it is told again.")
    raise Refused(words, fix="Report it, with these words.")


def _restored(told: dict[str, Any]) -> float:
    """Seconds until the points that were asked for are there again."""
    cost = (told.get("extensions") or {}).get("cost") or {}
    state = cost.get("throttleStatus") or {}
    lacking = float(cost.get("requestedQueryCost") or 0) - float(state.get("currentlyAvailable") or 0)
    return max(1.0, lacking / float(state.get("restoreRate") or 50))
