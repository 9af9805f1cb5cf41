"""An attempt that was opened and not sent says so."""

from django.db import migrations, models

OUTCOMES = [
    ("", "never closed"),
    ("booked", "booked"),
    ("found", "found"),
    ("handed_out", "waiting for acknowledgement"),
    ("absent", "not there"),
    ("refused", "refused"),
    ("conflict", "conflict"),
    ("unavailable", "unavailable"),
    ("misconfigured", "misconfigured"),
    ("unknown", "unknown"),
    ("bug", "bug"),
    ("unsent", "not sent"),
]


class Migration(migrations.Migration):
    dependencies = [("integrations", "0011_untranslated")]
    operations = [
        migrations.AlterField("attempt", "outcome", models.CharField(blank=True, choices=OUTCOMES, max_length=15)),
    ]
