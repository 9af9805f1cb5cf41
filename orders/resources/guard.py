"""Keeps a text from being read as a formula by a spreadsheet program, and gives back exactly that text."""

from __future__ import annotations

# What begins a formula or, as white space, may stand before one; the full-width forms are read as the plain ones.
FORMULA = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
MARK = "'"
GUARDED = FORMULA | {MARK}


def guarded(text: str) -> str:
    """The text as it may stand in a cell: with a leading ' if it begins like a formula, or with a ' itself.

    Only for texts. Numbers and dates are cells of their own type, and a guard would make texts of them.
    """
    return MARK + text if text[:1] in GUARDED else text


def unguarded(text: str) -> str:
    """The text that was guarded; a text that nobody guarded ('t Hooft) stays as it is."""
    return text[1:] if text[:1] == MARK and text[1:2] in GUARDED else text
