"""Whoever may correct orders has a right of its own for it, so that an accountant may without deciding on them."""

from __future__ import annotations

from typing import Any

from django.db import migrations

from orders import roles


def settle(apps: Any, schema_editor: Any) -> None:
    roles.settle(apps)


class Migration(migrations.Migration):
    dependencies = [("orders", "0006_exportbatch_frozen")]

    operations = [migrations.RunPython(settle, migrations.RunPython.noop)]
