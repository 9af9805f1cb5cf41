"""The line by which a document of ours is known in Tryton, which keeps no key for us."""

from __future__ import annotations

from dataclasses import dataclass

from orders import outgoing


def mark(document: outgoing.Document) -> str:
    """The line by which a document of ours is known in Tryton: kind, reference, revision, hash and key."""
    kind = str(document.kind).replace("_", "-")
    return f"{kind} {document.reference} r{document.revision} {document.hash} {document.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Such a line, read back."""

    kind: str
    reference: str
    revision: int
    hash: str
    key: str


def marked(text: str | None) -> Mark | None:
    """None where the text is not one of ours."""
    parts = (text or "").split(" ", 4)
    if len(parts) != 5 or not parts[2].startswith("r") or not parts[2][1:].isdigit():
        return None
    kind, reference, revision, digest, key = parts
    return Mark(kind=kind.replace("-", "_"), reference=reference, revision=int(revision[1:]), hash=digest, key=key)
