"""The numbered files that were handed out belong to the office (orders.ExportBatch); here nothing ever wrote one."""

from __future__ import annotations

from typing import Any

from django.db import migrations


def forget(apps: Any, schema_editor: Any) -> None:
    """The rights to the table that is gone."""
    content_types = apps.get_model("contenttypes", "ContentType").objects.using(schema_editor.connection.alias)
    content_types.filter(app_label="integrations", model="exportbatch").delete()


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0004_alerts"),
        ("orders", "0006_exportbatch_frozen"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [
        migrations.RunPython(forget, migrations.RunPython.noop),
        migrations.DeleteModel(name="ExportBatch"),
    ]
