"""Questions to a person, sets approved together, and causes given to a person."""

import django.db.models.deletion
import orders.models.checks
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0013_order_amount"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AssignedCause",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("cause", models.CharField(max_length=300)),
                ("at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "ledger",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="assigned_causes", to="orders.ledger"
                    ),
                ),
                (
                    "to",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="assigned_causes",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "assigned cause",
                "verbose_name_plural": "assigned causes",
                "constraints": [models.UniqueConstraint(fields=("ledger", "cause"), name="one_person_per_cause")],
            },
        ),
        migrations.CreateModel(
            name="Bulk",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=20)),
                ("query", models.CharField(blank=True, max_length=1000)),
                ("records", models.JSONField(default=list)),
                ("sums", models.JSONField(blank=True, default=dict)),
                ("left_out", models.JSONField(blank=True, default=list)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("shown", "not confirmed yet"),
                            ("running", "being approved"),
                            ("done", "done"),
                            ("refused", "refused: the set had changed"),
                            ("cancelled", "stopped"),
                        ],
                        default="shown",
                        max_length=10,
                    ),
                ),
                ("position", models.PositiveIntegerField(default=0)),
                ("approved", models.PositiveIntegerField(default=0)),
                ("made_at", models.DateTimeField()),
                ("confirmed_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "bulk approval",
                "verbose_name_plural": "bulk approvals",
                "ordering": ["-id"],
                "indexes": [models.Index(condition=models.Q(("state", "running")), fields=["id"], name="bulk_running")],
            },
        ),
        migrations.CreateModel(
            name="Question",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("words", models.CharField(max_length=500)),
                ("at", models.DateTimeField()),
                ("answer", models.CharField(blank=True, max_length=1000)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "answered_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "customer_change",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="%(class)ss",
                        to="orders.customerchange",
                    ),
                ),
                (
                    "of",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="questions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="%(class)ss",
                        to="orders.order",
                    ),
                ),
                (
                    "payout",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="%(class)ss",
                        to="orders.payout",
                    ),
                ),
                (
                    "refund",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="%(class)ss",
                        to="orders.refund",
                    ),
                ),
                (
                    "stock_adjustment",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="%(class)ss",
                        to="orders.stockadjustment",
                    ),
                ),
            ],
            options={
                "verbose_name": "question",
                "verbose_name_plural": "questions",
                "ordering": ["-id"],
                "indexes": [models.Index(condition=models.Q(("closed_at", None)), fields=["of"], name="question_open")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            orders.models.checks.NumNonNullsIsOne(
                                models.Func(
                                    "order",
                                    "refund",
                                    "payout",
                                    "stock_adjustment",
                                    "customer_change",
                                    function="num_nonnulls",
                                    output_field=models.IntegerField(),
                                )
                            )
                        ),
                        name="question_has_one_subject",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("closed_at", None)), fields=("order",), name="one_open_question_per_order"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("closed_at", None)), fields=("refund",), name="one_open_question_per_refund"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("closed_at", None)), fields=("payout",), name="one_open_question_per_payout"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("closed_at", None)),
                        fields=("stock_adjustment",),
                        name="one_open_question_per_stock_adjustment",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("closed_at", None)),
                        fields=("customer_change",),
                        name="one_open_question_per_customer_change",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("answer", ""), ("answered_by__isnull", False), _connector="OR"),
                        name="an_answer_has_its_person",
                    ),
                ],
            },
        ),
    ]
