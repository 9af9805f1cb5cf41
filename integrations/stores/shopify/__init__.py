"""Shopify: its exports of orders, customers, products, inventory and payouts (CSV) and its order JSON (REST and webhooks)."""
