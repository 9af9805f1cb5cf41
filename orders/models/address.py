"""A postal address: of a customer now, or of an order as at purchase."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Address(models.Model):
    """As the store wrote it; erasure empties everything but the country. An order's addresses are its own rows, never shared."""

    name = models.CharField(max_length=200, blank=True)
    company = models.CharField(max_length=200, blank=True)
    street = models.CharField(max_length=300, blank=True)
    street2 = models.CharField(max_length=300, blank=True)
    city = models.CharField(max_length=200, blank=True)
    region = models.CharField(max_length=100, blank=True)
    postcode = models.CharField(max_length=30, blank=True)
    country = models.CharField(max_length=60, blank=True)
    phone = models.CharField(max_length=60, blank=True)
    email = models.CharField(max_length=254, blank=True)

    class Meta:
        verbose_name = _("address")
        verbose_name_plural = _("addresses")

    def __str__(self) -> str:
        return ", ".join(part for part in (self.name, self.street, self.postcode, self.city, self.country) if part)
