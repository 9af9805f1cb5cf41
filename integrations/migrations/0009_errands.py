"""What a store is told: which errand waits for which, when a delivery ended, access tokens that are renewed, and a clock for the job that carries it."""

import django.db.models.deletion
from django.db import migrations, models
from django.utils import timezone

NAME = "ordersync writeback"
TICK = "integrations.jobs.tick"


def make(apps, schema_editor):
    schema_editor.execute("SELECT pg_advisory_xact_lock(hashtext('ordersync.schedules'))")
    schedules = apps.get_model("django_q", "Schedule").objects.using(schema_editor.connection.alias)
    defaults = {"args": "'writeback',", "kwargs": "q_options={'save': False}", "schedule_type": "I", "minutes": 1, "repeats": -1, "next_run": timezone.now()}
    schedules.get_or_create(name=NAME, func=TICK, defaults=defaults)


def remove(apps, schema_editor):
    schedules = apps.get_model("django_q", "Schedule").objects.using(schema_editor.connection.alias)
    schedules.filter(name=NAME).delete()


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0008_imports'),
        ('orders', '0011_version_typed'),
    ]

    operations = [
        migrations.CreateModel(
            name='Token',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('seed', models.CharField(max_length=64)),
                ('sealed', models.TextField(blank=True, editable=False)),
                ('generation', models.PositiveIntegerField(default=0)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('refreshed_at', models.DateTimeField(blank=True, null=True)),
                ('leased_until', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'verbose_name': 'access token',
                'verbose_name_plural': 'access tokens',
            },
        ),
        migrations.AddField(
            model_name='errand',
            name='about',
            field=models.CharField(blank=True, max_length=300),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('state', 'booked')), fields=['ended_at'], name='delivery_ended'),
        ),
        migrations.AddIndex(
            model_name='errand',
            index=models.Index(fields=['connection', 'about'], name='errand_about'),
        ),
        migrations.AddField(
            model_name='token',
            name='connection',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='token', to='integrations.connection'),
        ),
        migrations.RunPython(make, remove),
    ]
