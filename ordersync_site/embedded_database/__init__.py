"""A Django database backend: PostgreSQL whose server starts with the first connection."""
