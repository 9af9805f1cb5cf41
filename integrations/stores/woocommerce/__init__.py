"""WooCommerce: its order JSON (REST v3 and webhooks), and the order tables (CSV) of its export plugins."""
