"""How a decision is refused: in words, with the fix."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from orders import corrections, ownership


class Refused(Exception):
    """Nothing was changed. `words` says why, `fix` what to do."""

    def __init__(self, words: str, fix: str = "") -> None:
        super().__init__(words)
        self.words, self.fix = words, fix


@contextmanager
def in_words() -> Iterator[None]:
    """The refusals of the parts that a decision rests on, as refusals of the decision."""
    try:
        yield
    except ownership.NotAllowed as error:
        raise Refused(error.words) from error
    except corrections.Refused as error:
        raise Refused(error.words, error.fix) from error
