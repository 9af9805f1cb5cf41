"""A document may wait for the word of a person who carries it in a file; and who may look at what lies in files."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models

from orders import roles


def settle(apps: Any, schema_editor: Any) -> None:
    roles.settle(apps)


class Migration(migrations.Migration):
    dependencies = [("orders", "0008_payouts")]
    operations = [
        migrations.AlterField(
            model_name="booking",
            name="outcome",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "waiting"),
                    ("booked", "booked"),
                    ("refused", "refused"),
                    ("stuck", "stuck"),
                    ("unknown", "unknown"),
                    ("handed_out", "waiting for acknowledgement"),
                ],
                default="",
                max_length=10,
            ),
        ),
        migrations.RunPython(settle, migrations.RunPython.noop),
    ]
