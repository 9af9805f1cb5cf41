"""The installation: settings, addresses, the embedded database; no business of its own."""
