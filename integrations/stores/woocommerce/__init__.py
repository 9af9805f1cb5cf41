"""WooCommerce: its order JSON (REST v3 and webhooks)."""
