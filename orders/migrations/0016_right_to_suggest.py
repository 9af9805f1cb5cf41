"""Who decides on orders, and the accountant, may suggest another count or another value of a customer."""

from __future__ import annotations

from typing import Any

from django.db import migrations

from orders import roles


def settle(apps: Any, schema_editor: Any) -> None:
    roles.settle(apps)


class Migration(migrations.Migration):
    dependencies = [("orders", "0015_order_open")]

    operations = [migrations.RunPython(settle, migrations.RunPython.noop)]
