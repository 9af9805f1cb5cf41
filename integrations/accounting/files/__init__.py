"""What all ledgers have in common to which a person carries files: the shelf, the file, the answer, and the adapter that only lacks its format."""

from integrations.accounting.files.ledger import FileLedger, FileOptions
from integrations.accounting.files.records import Answer, File, Illegible, Laid, Shelf

__all__ = ["Answer", "File", "FileLedger", "FileOptions", "Illegible", "Laid", "Shelf"]
