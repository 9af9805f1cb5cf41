"""Orders are found by their amount."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0012_importjob_reason")]

    operations = [
        migrations.AddIndex(model_name="order", index=models.Index(fields=["total_due"], name="order_amount")),
    ]
