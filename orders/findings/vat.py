"""The shapes of VAT ids, country by country. Whether a number exists is for the register to say; most wrong ones show in their shape."""

from __future__ import annotations

import re

# European Commission, "VIES: structure of VAT identification numbers"; GB, CH, NO and XI by their tax offices. Without the country's two letters.
_SHAPES = {
    "AT": r"U\d{8}",
    "BE": r"[01]\d{9}",
    "BG": r"\d{9,10}",
    "CH": r"E?\d{9}(MWST|TVA|IVA)?",
    "CY": r"\d{8}[A-Z]",
    "CZ": r"\d{8,10}",
    "DE": r"\d{9}",
    "DK": r"\d{8}",
    "EE": r"\d{9}",
    "EL": r"\d{9}",
    "ES": r"[A-Z0-9]\d{7}[A-Z0-9]",
    "FI": r"\d{8}",
    "FR": r"[A-HJ-NP-Z0-9]{2}\d{9}",
    "GB": r"(\d{9}|\d{12}|GD\d{3}|HA\d{3})",
    "HR": r"\d{11}",
    "HU": r"\d{8}",
    "IE": r"(\d{7}[A-W][A-I]?|\d[A-Z+*]\d{5}[A-W])",
    "IT": r"\d{11}",
    "LT": r"(\d{9}|\d{12})",
    "LU": r"\d{8}",
    "LV": r"\d{11}",
    "MT": r"\d{8}",
    "NL": r"[A-Z0-9+*]{10}\d{2}",
    "NO": r"\d{9}(MVA)?",
    "PL": r"\d{10}",
    "PT": r"\d{9}",
    "RO": r"\d{2,10}",
    "SE": r"\d{12}",
    "SI": r"\d{8}",
    "SK": r"\d{10}",
    "XI": r"(\d{9}|\d{12}|GD\d{3}|HA\d{3})",
}
_PREFIX = {"GR": "EL"}


def fits(vat_id: str, country: str = "") -> bool | None:
    """True or False if the number has its country's shape or not; None if its country is not in the table.

    The country is the number's own two letters, else `country` (ISO 3166-1). Spaces, dots and dashes are ignored.
    """
    plain = re.sub(r"[\s.\-/]", "", vat_id).upper()
    named = plain[:2] if plain[:2].isalpha() else ""
    prefix = _PREFIX.get(named or country, named or country)
    shape = _SHAPES.get(prefix)
    return None if shape is None else bool(re.fullmatch(shape, plain.removeprefix(named), re.ASCII))
