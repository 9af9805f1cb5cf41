"""What is still open is counted and summed from an index alone, and what needs review is read in its order, however much lies beside it."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0014_desk")]

    operations = [
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(
                    ("state__in", ["pending", "held"]),
                    models.Q(("progress__in", ["", "waiting", "unknown", "failed"]), ("state", "approved")),
                    _connector="OR",
                ),
                fields=["state", "progress", "blockers"],
                include=("progress_at", "currency", "total_due"),
                name="order_open",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                models.F("placed_at").desc(),
                models.F("id").desc(),
                condition=models.Q(("blockers__gt", 0), ("state", "pending")),
                name="order_review",
            ),
        ),
    ]
