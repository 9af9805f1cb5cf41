"""Removes, one at a time, each safeguard that the promises rest on, and sees that a test turns red: `python -m tests.mutants [WORD…]`.

Works on a copy of the tree with a database of its own, never in place. Prints the table; ends with 1 if a mutant survives. With words, only mutants whose name
has one of them. The uniqueness of every table is tried in the database itself, each dropped in a transaction that is taken back.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = (".git", ".venv", ".ordersync", ".mypy_cache", ".ruff_cache", ".hypothesis", "static", "__pycache__")
RED, GREEN = 1, 0


@dataclass(frozen=True)
class Mutant:
    """What is removed, where: `old` becomes `new`; and the tests of which at least one must turn red."""

    name: str
    file: str
    old: str
    new: str
    tests: str  # file, and after a blank the words of -k

    def places(self, root: Path) -> int:
        """How often what is removed stands there: once, or the table is out of date."""
        path = root / self.file
        return path.read_text(encoding="utf-8").count(self.old) if path.exists() else 0


MUTANTS = [
    Mutant(
        "the look-up before resend",
        "integrations/outbox/claims.py",
        "d.state = 'unknown' OR d.sent AS ask",
        "false AS ask",
        "tests/test_outbox.py whatever_the_ledger_says_after_it_booked",
    ),
    Mutant(
        "the fence",
        "integrations/booking/lease.py",
        "pk=lease.delivery_id, fence=lease.fence, state",
        "pk=lease.delivery_id, state",
        "tests/test_outbox.py no_answer_that_comes_after",
    ),
    Mutant(
        "the fence in statements about many",
        "integrations/booking/lease.py",
        "(d.id, d.fence) IN (SELECT * FROM unnest(%(ids)s::bigint[], %(fences)s::integer[]))",
        "d.id = ANY(%(ids)s) AND %(fences)s::integer[] IS NOT NULL",
        "tests/test_outbox.py lease",
    ),
    Mutant(
        "the poison isolation of what is written down together",
        "integrations/booking/aftermath.py",
        "        for answer in answers:\n            _together([answer])",
        "        raise",
        "tests/test_batches.py keeps_no_other_back",
    ),
    Mutant(
        "a document whose call went wrong goes by itself",
        "integrations/outbox/claims.py",
        "alone=ask or tries > 0",
        "alone=ask",
        "tests/test_batches.py each_is_looked_up",
    ),
    Mutant(
        "what was not sent is not said to be",
        "integrations/booking/attempts.py",
        "sent = d.sent AND d.id = ANY(%(asked)s)",
        "sent = d.sent",
        "tests/test_batches.py goes_back_as_it_was",
    ),
    Mutant(
        "the attempt before the call",
        "integrations/booking/attempts.py",
        "sent = d.sent OR NOT d.id = ANY(%(asked)s)",
        "sent = d.sent",
        "tests/test_outbox.py the_attempt_is_committed or key_is_stored or after_it_booked",
    ),
    Mutant(
        "SKIP LOCKED in the claim",
        "integrations/outbox/claims.py",
        "FOR UPDATE OF d SKIP LOCKED",
        "FOR UPDATE OF d",
        "tests/test_skip_locked.py a_claim",
    ),
    Mutant(
        "SKIP LOCKED in the recovery",
        "integrations/outbox/queue.py",
        "LIMIT 100 FOR UPDATE SKIP LOCKED",
        "LIMIT 100 FOR UPDATE",
        "tests/test_skip_locked.py a_recovery",
    ),
    Mutant(
        "SKIP LOCKED in the inbox",
        "integrations/inbox/letters.py",
        "LIMIT 1 FOR UPDATE SKIP LOCKED",
        "LIMIT 1 FOR UPDATE",
        "tests/test_skip_locked.py a_letter",
    ),
    Mutant(
        "the ledger's limit of workers",
        "integrations/outbox/claims.py",
        "least(%(lanes)s, %(concurrency)s - n)",
        "least(%(lanes)s, %(concurrency)s)",
        "tests/test_outbox.py no_more_workers",
    ),
    Mutant(
        "the halt of all lanes",
        "integrations/outbox/carrying.py",
        "if any(reply.halts for reply in replies):",
        "if False:",
        "tests/test_lanes.py got_no_answer",
    ),
    Mutant(
        "the hash check at take",
        "orders/documents/take.py",
        """    if not chain.intact(document):
        return _(""",
        """    if False:
        return _(""",
        "tests/test_documents.py tampered",
    ),
    Mutant(
        "the hash check of what was taken before",
        "orders/documents/stored.py",
        """    if not chain.intact(document):
        raise""",
        """    if False:
        raise""",
        "tests/test_outbox.py changed_between_two_attempts",
    ),
    Mutant(
        "the undo check",
        "orders/documents/take.py",
        "if booking.voided_at is not None:",
        "if False:",
        "tests/test_outbox.py undone_in_time",
    ),
    Mutant(
        "the erasure check at take",
        "orders/documents/take.py",
        "if not document.personal:",
        "if False:",
        "tests/test_documents.py erased",
    ),
    Mutant(
        "the period check at take",
        "orders/documents/take.py",
        "if calendars(document.ledger)(document.posting_on) == PeriodState.CLOSED:",
        "if False:",
        "tests/test_documents.py closed_after_the_approval",
    ),
    Mutant(
        "the order of documents",
        "integrations/outbox/queue.py",
        "WHERE a.document_id = d.document_id AND first.booked_at IS NULL",
        "WHERE false",
        "tests/test_outbox.py not_even_claimed",
    ),
    Mutant(
        "what was taken waits for no undo",
        "integrations/outbox/queue.py",
        "(b.taken_at IS NOT NULL OR b.not_before <= now())",
        "b.not_before <= now()",
        "tests/test_outbox.py clock_jumped_back",
    ),
    Mutant(
        "the wake-up",
        "integrations/views.py",
        '        jobs.ring("inbox")',
        "        pass",
        "tests/test_webhooks.py ring_one_bell",
    ),
    Mutant(
        "the poison isolation of the claim",
        "integrations/outbox/claims.py",
        "if len(ids) > 1:",
        "if False:",
        "tests/test_outbox.py stops_itself_only",
    ),
    Mutant(
        "the poison isolation of the call",
        "integrations/booking/calls.py",
        """    except Exception as error:
        return _said_of_all(""",
        """    except ZeroDivisionError as error:
        return _said_of_all(""",
        "tests/test_outbox.py a_bug_parks",
    ),
    Mutant(
        "the poison isolation of the inbox",
        "integrations/inbox/letters.py",
        "    except Exception as error:  # whatever is wrong with one letter",
        "    except ZeroDivisionError as error:  # whatever is wrong with one letter",
        "tests/test_inbox.py nobody_understands",
    ),
    Mutant(
        "constant-time comparison of signatures",
        "integrations/stores/webhook.py",
        "hmac.compare_digest(form, given)",
        "form == given",
        "tests/test_webhooks.py constant_time",
    ),
    Mutant(
        "constant-time comparison of the metrics' token",
        "integrations/views.py",
        "not hmac.compare_digest(",
        "not bytes.__eq__(",
        "tests/test_watching.py constant_time",
    ),
    Mutant(
        "the tail repair",
        "integrations/accounting/beancount/journal.py",
        """                if write:
                    self._repair()
""",
        "",
        "tests/test_beancount.py every_length_of_half",
    ),
    Mutant(
        "the comparison with what was signed",
        "integrations/booking/calls.py",
        "        _compare(document, outcome)",
        "        pass",
        "tests/test_outbox.py not_what_was_signed",
    ),
    Mutant(
        "no call inside a transaction",
        "integrations/booking/calls.py",
        "if connection.in_atomic_block:",
        "if False:",
        "tests/test_outbox.py inside_a_transaction",
    ),
    Mutant(
        "a letter counts once",
        "integrations/inbox/letters.py",
        "bulk_create([fresh], ignore_conflicts=True)",
        "bulk_create([fresh])",
        "tests/test_inbox.py kept_once",
    ),
    Mutant(
        "a letter's attempt is counted before it is opened",
        "integrations/inbox/letters.py",
        "SET attempts = attempts + 1, ",
        "SET attempts = attempts, ",
        "tests/test_inbox.py ends_the_process",
    ),
    Mutant(
        "the look before a store is told again",
        "integrations/writeback/claims.py",
        "d.state = 'unknown' OR d.sent AS ask",
        "false AS ask",
        "tests/test_writeback.py a_look_is_made",
    ),
    Mutant(
        "the row of errands about one thing",
        "integrations/writeback/claims.py",
        "other.id < e.id AND first.state IN",
        "false AND first.state IN",
        "tests/test_writeback.py not_even_claimed",
    ),
    Mutant(
        "the parking of an errand that cannot be written down",
        "integrations/writeback/__init__.py",
        "    except Exception as error:  # one that cannot be written down",
        "    except ZeroDivisionError as error:  # one that cannot be written down",
        "tests/test_writeback.py cannot_be_written_down",
    ),
    Mutant(
        "a sign of life is one that was not there before",
        "integrations/supervisor.py",
        "if sign != known or ago is None:",
        "if True:",
        "tests/test_jobs.py hides_no_silence",
    ),
    Mutant(
        "one turn of a job at a time",
        "integrations/jobs.py",
        "WHERE pg_try_advisory_lock(%s)",
        "WHERE pg_try_advisory_lock(%s) OR true",
        "tests/test_jobs.py under_way_elsewhere",
    ),
]


def main(words: Sequence[str]) -> int:
    chosen = [one for one in MUTANTS if not words or any(word in one.name for word in words)]
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copy = Path(folder) / "tree"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*LEFT_OUT))
        if lost := [one.name for one in chosen if one.places(copy) != 1]:
            print(f"No such place, or more than one: {', '.join(lost)}.")
            return 1
        if _run(copy, _together(chosen), fresh=True) != GREEN:
            print("The tests are not green without any mutant.")
            return 1
        survivors = [one.name for one in chosen if not _dies(copy, one)]
        if not words and _run(copy, _wanted("tests/test_uniqueness.py")) != GREEN:
            survivors.append("a uniqueness")
        elif not words:
            print("red       each uniqueness, dropped in the database (tests/test_uniqueness.py)")
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} mutants turned a test red.")
    return 1 if survivors else 0


def _dies(copy: Path, mutant: Mutant) -> bool:
    path = copy / mutant.file
    source = path.read_text(encoding="utf-8")
    path.write_text(source.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        red = _run(copy, _wanted(mutant.tests)) == RED
    finally:
        path.write_text(source, encoding="utf-8")
    print(f"{'red' if red else 'SURVIVES':9} {mutant.name} ({mutant.tests})", flush=True)
    return red


def _wanted(tests: str) -> list[str]:
    """What pytest is asked for."""
    file, _blank, words = tests.partition(" ")
    return [file, *(["-k", words] if words else [])]


def _together(mutants: Sequence[Mutant]) -> list[str]:
    """All of their tests, and a few more of the same files, in one run."""
    files, words = zip(*(one.tests.partition(" ")[::2] for one in mutants), strict=True)
    return [*sorted(set(files)), "-k", " or ".join(f"({one})" for one in sorted(set(words)))]


def _run(copy: Path, wanted: Sequence[str], *, fresh: bool = False) -> int:
    """How pytest ended: 0 green, 1 red, anything else a fault, which is shown."""
    base = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:randomly", *wanted]
    more = {"ORDERSYNC_TEST_DB": "test_mutants", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(copy)}
    ended = subprocess.run(
        [*base, "--create-db" if fresh else "--reuse-db"],
        cwd=copy,
        env={**os.environ, **_database(), **more},
        capture_output=True,
        text=True,
    )
    if ended.returncode not in (GREEN, RED) or (fresh and ended.returncode != GREEN):
        print(ended.stdout[-3000:], ended.stderr[-2000:])
    return ended.returncode


def _database() -> dict[str, str]:
    """The copy uses this tree's embedded server, with a database of its own."""
    here = os.environ.get("ORDERSYNC_POSTGRES_FOLDER", str(ROOT / ".ordersync" / "postgres"))
    return {} if "DATABASE_URL" in os.environ else {"ORDERSYNC_POSTGRES_FOLDER": here}


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
