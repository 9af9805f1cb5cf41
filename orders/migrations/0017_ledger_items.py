"""The ledger's items are kept for the picker of item mappings, and of each account whether money may lie on it."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0016_right_to_suggest")]

    operations = [
        migrations.AddField(
            model_name="account",
            name="takes_money",
            field=models.BooleanField(
                blank=True,
                help_text="Whether the ledger says that money may lie on it; empty: it does not say.",
                null=True,
            ),
        ),
        migrations.CreateModel(
            name="LedgerItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("their_id", models.CharField(max_length=200)),
                ("code", models.CharField(blank=True, max_length=200)),
                ("name", models.CharField(blank=True, max_length=200)),
                ("active", models.BooleanField(default=True)),
                (
                    "ledger",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="items", to="orders.ledger"
                    ),
                ),
            ],
            options={
                "verbose_name": "ledger's item",
                "verbose_name_plural": "ledger's items",
                "ordering": ["code", "their_id"],
                "indexes": [models.Index(fields=["ledger", "code"], name="ledger_item_code")],
                "constraints": [models.UniqueConstraint(fields=("ledger", "their_id"), name="one_ledger_item_per_id")],
            },
        ),
    ]
