"""The words for kinds and states that records of every store are sorted by."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class LineKind(TextChoices):
    """What a line of an order or a refund stands for. A redeemed gift card is a Payment, never a line."""

    ITEM = "item", _("item")
    SHIPPING = "shipping", _("shipping")
    DISCOUNT = "discount", _("discount")
    FEE = "fee", _("fee")
    TIP = "tip", _("tip")
    GIFT_CARD = "gift_card", _("gift card sold, multi-purpose")
    GIFT_CARD_SINGLE = "gift_card_single", _("gift card sold, single-purpose")
    DUTY = "duty", _("duty")
    RESTOCKING_FEE = "restocking_fee", _("restocking fee")
    RETURN_SHIPPING = "return_shipping", _("return shipping")
    REFUND_DIFFERENCE = "refund_difference", _("refund difference")
    UNKNOWN = "unknown", _("unknown")


class Remitter(TextChoices):
    """Who pays a tax to the state."""

    US = "us", _("us")
    CHANNEL = "channel", _("the channel")


class PaymentKind(TextChoices):
    """What happened to money. Only sale, capture, refund, chargeback and reversal move any."""

    AUTHORIZATION = "authorization", _("authorization")
    SALE = "sale", _("sale")
    CAPTURE = "capture", _("capture")
    REFUND = "refund", _("refund")
    VOID = "void", _("void")
    CHARGEBACK = "chargeback", _("chargeback")
    REVERSAL = "reversal", _("chargeback won back")


class PaymentStatus(TextChoices):
    SUCCESS = "success", _("success")
    PENDING = "pending", _("pending")
    FAILED = "failed", _("failed")


class PaymentMethod(TextChoices):
    CARD = "card", _("card")
    GIFT_CARD = "gift_card", _("gift card")
    STORE_CREDIT = "store_credit", _("store credit")
    CASH_ON_DELIVERY = "cash_on_delivery", _("cash on delivery")
    BANK = "bank", _("bank transfer")
    OTHER = "other", _("other")


class PaymentState(TextChoices):
    """What the store says of the order's money."""

    UNKNOWN = "", _("unknown")
    PENDING = "pending", _("pending")
    AUTHORIZED = "authorized", _("authorized")
    PARTIALLY_PAID = "partially_paid", _("partially paid")
    PAID = "paid", _("paid")
    PARTIALLY_REFUNDED = "partially_refunded", _("partially refunded")
    REFUNDED = "refunded", _("refunded")
    VOIDED = "voided", _("voided")


class FulfilmentState(TextChoices):
    UNKNOWN = "", _("unknown")
    UNFULFILLED = "unfulfilled", _("unfulfilled")
    PARTIAL = "partial", _("partial")
    FULFILLED = "fulfilled", _("fulfilled")
    RETURNED = "returned", _("returned")


class TaxTreatment(TextChoices):
    """Why an order is taxed as it is."""

    DOMESTIC = "domestic", _("domestic")
    OSS = "oss", _("EU distance sale (OSS)")
    REVERSE_CHARGE = "reverse_charge", _("reverse charge")
    EXPORT = "export", _("export")
    EXEMPT = "exempt", _("exempt customer")
    MARKETPLACE = "marketplace", _("tax collected by the marketplace")
