"""What a ledger's refusal asks to be put right here, so that the desk has a button for it."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0017_ledger_items")]

    operations = [
        migrations.AddField(
            "booking", "cause", models.CharField(blank=True, db_default="", default="", max_length=300)
        )
    ]
