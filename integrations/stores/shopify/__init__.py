"""Shopify: its order export (CSV) and its order JSON (REST and webhooks)."""
