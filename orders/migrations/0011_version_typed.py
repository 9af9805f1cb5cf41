"""Versions that people typed are looked for when a store is to be told of their tracking numbers."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0010_importjob")]
    operations = [
        migrations.AddIndex(
            model_name="orderversion",
            index=models.Index(condition=models.Q(("fidelity__lte", 10)), fields=["received_at"], name="version_typed"),
        ),
    ]
