"""The addresses at which machines speak to us: stores that deliver, and those who watch."""

from __future__ import annotations

from django.urls import URLPattern, path

from integrations import views

urlpatterns: list[URLPattern] = [
    path("webhooks/<slug:name>/", views.webhook, name="webhook"),
    path("healthz", views.healthz, name="healthz"),
    path("metrics", views.metrics, name="metrics"),
]
