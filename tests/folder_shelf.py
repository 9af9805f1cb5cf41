"""A shelf of files in a folder, for the contract: another process finds there what one laid, as it does in the tables."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from integrations.accounting.files import Answer, Laid
from orders import incoming, outgoing


class FolderShelf:
    """One JSON file a document; its name is its key and revision."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find(self, document: outgoing.Document) -> Laid | None:
        path = self._path(document)
        return _read(path) if path.exists() else None

    def lay(self, document: outgoing.Document) -> Laid:
        body = json.loads(incoming.canonical(outgoing.body(document)))
        kept = {"body": body, "party": incoming.plain(document.party), "hash": document.hash, "number": document.number}
        with self._path(document).open("x") as stream:
            json.dump({**kept, "n": len(list(self.folder.glob("*.json")))}, stream)
        return _read(self._path(document))

    def under(self, reference: str) -> Sequence[Laid]:
        return [laid for laid in self.all() if laid.document.reference == reference]

    def all(self) -> Iterator[Laid]:
        """Everything, as it was laid."""
        paths = sorted(self.folder.glob("*.json"), key=lambda path: json.loads(path.read_text())["n"])
        yield from map(_read, paths)

    def answer(self, document: outgoing.Document, **said: Any) -> None:
        """What the person says of a document who has carried it."""
        path = self._path(document)
        answer = incoming.plain(Answer(reference=document.reference, kind=document.kind, **said))
        path.write_text(json.dumps({**json.loads(path.read_text()), "answer": answer}))

    def _path(self, document: outgoing.Document) -> Path:
        name = hashlib.sha256(f"{document.key}\x1f{document.revision}".encode()).hexdigest()
        return self.folder / f"{name[:20]}.json"


def _read(path: Path) -> Laid:
    kept = json.loads(path.read_text())
    party = json.dumps(kept["party"])
    document = outgoing.restore(json.dumps(kept["body"]), party=party, hash=kept["hash"], number=kept["number"])
    said = kept.get("answer")
    answer = Answer(**{**said, **{name: _figure(said[name]) for name in ("total", "tax", "balance")}}) if said else None
    return Laid(document=document, batch="files 1" if answer else "", answer=answer)


def _figure(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
