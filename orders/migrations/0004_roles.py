"""The seven roles as groups with their rights (orders/roles.py)."""

from __future__ import annotations

from typing import Any

from django.db import migrations

from orders import roles


def settle(apps: Any, schema_editor: Any) -> None:
    roles.settle(apps)


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0003_triggers"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(settle, migrations.RunPython.noop)]
