"""The office: keeps the records, lets the owner decide, and signs documents; it knows no network."""
