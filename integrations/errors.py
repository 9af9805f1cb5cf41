"""What can go wrong outside, sorted by what to do about it; every adapter raises these and nothing else on purpose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

CAUSES = (
    "theirs:account:CODE",
    "theirs:tax:CODE",
    "period:YYYY-MM",
    "rate:CUR",
    "party:",
    "amounts:",
    "account:ledger:adjustment",
    "connection:",
)
"""A mapped account or tax, a closed month, a rate, the customer, the amounts, the ledger's own settings, the connection's."""


class Trouble(Exception):
    """Something outside went wrong. `words` is a sentence for a person, `fix` what that person can do.

    `cause` names what has to be put right on our side, so that the desk has a button for it: one of `CAUSES`, or "" where nothing of ours is.
    `untranslated`: the other side's own text, whole, where the adapter does not know what it means; such texts are collected, so that it learns them.
    """

    def __init__(self, words: str, *, fix: str = "", untranslated: str = "", cause: str = "") -> None:
        super().__init__(words)
        self.cause = cause
        self.words = words
        self.fix = fix
        self.untranslated = untranslated


class Unavailable(Trouble):
    """Nothing happened over there, and later it may work: refused connection, 429, 503. `retry_after` in seconds where the other side said so."""

    def __init__(self, words: str, *, fix: str = "", retry_after: float | None = None) -> None:
        super().__init__(words, fix=fix)
        self.retry_after = retry_after


class Refused(Trouble):
    """The other side said a definite no to this document: nothing was booked, and sending it again would not help."""


class Conflict(Refused):
    """Over there something stands under our reference that is not our document (other total, currency or date), or more than one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A record over there that may be ours: its id, how it is called there, and why it looks like ours."""

    id: str
    label: str
    why: str


class Undecided(Conflict):
    """Nothing was booked: records over there look like our customer or item, and only a person may say whether one of them is.

    `noun` is customer or item, `ours` our name for it, as in outgoing.Known. Whoever answers makes it a binding, and the document goes again.
    """

    def __init__(self, words: str, *, noun: str, ours: str, proposals: Sequence[Proposal], fix: str = "") -> None:
        super().__init__(words, fix=fix or "Open the delivery and say which one it is, or that it is none of them.")
        self.noun, self.ours, self.proposals = noun, ours, tuple(proposals)


class Returned(Refused):
    """A definite no, also when it was only asked for: what was handed out for this document came back, and nothing of it stands over there."""


class Misconfigured(Trouble):
    """No document of this connection can work until a person mends it: credentials, company, rights, a folder that is gone."""


class Uncertain(Trouble):
    """The call was sent and no trustworthy answer came: time-out, reset, 5xx, half a body. Ask before sending again."""
