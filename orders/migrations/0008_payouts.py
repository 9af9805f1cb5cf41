"""Payouts reach the books: a payment lies in one movement at most, and how it was found is kept."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# Of movements that held the same payment the first keeps it; the others are looked at again with the next file.
FREE = """
UPDATE orders_payoutline l SET payment_id = NULL WHERE payment_id IS NOT NULL
   AND EXISTS (SELECT 1 FROM orders_payoutline first WHERE first.payment_id = l.payment_id AND first.id < l.id)"""


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0007_right_to_correct'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='payoutline',
            options={'ordering': ['payout', 'position'], 'verbose_name': 'payout line', 'verbose_name_plural': 'payout lines'},
        ),
        migrations.AddField(
            model_name='payout',
            name='post_on_first_open_day',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='payoutline',
            name='match',
            field=models.CharField(blank=True, choices=[('', 'not found'), ('id', 'by its id'), ('number', 'by order number and amount'), ('several', 'several payments fit'), ('taken', 'its payment lies in another payout')], default='', max_length=10),
        ),
        migrations.AlterField(
            model_name='payoutline',
            name='payment',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='payout_lines', to='orders.payment'),
        ),
        migrations.AddIndex(
            model_name='payout',
            index=models.Index(fields=['state', 'progress', '-paid_on'], name='payout_queue'),
        ),
        migrations.AddIndex(
            model_name='payoutline',
            index=models.Index(condition=models.Q(('payment', None)), fields=['order_number'], name='payout_line_unmatched'),
        ),
        migrations.RunSQL(FREE, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name='payoutline',
            constraint=models.UniqueConstraint(fields=('payment',), name='one_payout_line_per_payment'),
        ),
    ]
