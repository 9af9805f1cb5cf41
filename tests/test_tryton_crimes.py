"""What happens to a real Tryton while we book in it: a lock that is not had, a session that grew old, other clients at the same moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest

from integrations.accounting.base import Booked, Outcome
from integrations.errors import Trouble, Unavailable
from orders import outgoing
from ordersync_site import embedded_tryton
from tests.contracts import documents
from tests.tryton_company import Ground

pytestmark = pytest.mark.tryton


@contextmanager
def numbers_locked(tryton: Ground) -> Iterator[None]:
    """Somebody else takes a number, and is not done."""
    with psycopg.connect(embedded_tryton.address(tryton.running.database)) as other:
        other.execute("SELECT id FROM ir_sequence_strict FOR UPDATE")
        yield
        other.rollback()


def standing(tryton: Ground) -> list[tuple[str, str, int]]:
    rows: list[tuple[str, str, int]] = tryton.sql(
        "SELECT reference, state, count(*)::int FROM account_invoice GROUP BY 1, 2 ORDER BY 1"
    )
    return rows


def test_a_lock_that_is_not_had_is_waited_for_and_the_document_is_sent_again(tryton: Ground) -> None:
    """Tryton answers 503 and has rolled back what it was asked; the draft of the call before is taken up."""
    adapter, document = tryton.adapter(), documents.invoice()
    with numbers_locked(tryton), pytest.raises(Unavailable):
        adapter.book(document)
    assert adapter.find(document) is None
    assert isinstance(adapter.book(document), Booked)
    assert standing(tryton) == [("WEB1001", "posted", 1)]


def test_a_session_that_grew_old_is_renewed_in_the_middle_of_a_booking(tryton: Ground) -> None:
    """After 300 idle seconds Tryton lets nobody post any more: it says 401, and the session is gone."""
    adapter, calls = tryton.adapter(), list[str]()
    adapter.book(documents.invoice("1001"))
    client = adapter.books.client
    post = client._post

    def aged(place: str, body: dict[str, object]) -> object:
        method = str(body["method"])
        if method.endswith("invoice.post") and "common.db.login" not in calls:
            tryton.sql(
                "UPDATE ir_session SET create_date = create_date - interval '1 hour', write_date = create_date - interval '1 hour'"
            )
        calls.append(method)
        return post(place, body)

    client._post = aged  # type: ignore[assignment,method-assign]
    try:
        assert isinstance(adapter.book(documents.invoice("1002")), Booked)
    finally:
        del client._post
    at = calls.index("model.account.invoice.post")
    assert calls[at : at + 3] == ["model.account.invoice.post", "common.db.login", "model.account.invoice.post"]
    assert standing(tryton) == [("WEB1001", "posted", 1), ("WEB1002", "posted", 1)]


def test_four_clients_at_once_book_each_document_once(tryton: Ground) -> None:
    """All four have the same documents, as after four restarts at once; each goes on until it has heard of every one."""
    made = [documents.invoice(str(1001 + n)) for n in range(4)]
    with ThreadPoolExecutor(4) as clients:
        told = list(clients.map(_until_told, [_client(tryton, made) for _one in range(4)]))
    assert standing(tryton) == [(document.reference, "posted", 1) for document in made]
    assert all(isinstance(outcome, Booked) for outcomes in told for outcome in outcomes)
    assert len({tuple(outcome.number for outcome in outcomes if isinstance(outcome, Booked)) for outcomes in told}) == 1


def _client(tryton: Ground, made: Sequence[outgoing.Document]) -> Callable[[], Sequence[Outcome]]:
    """One with a session of its own, which has logged in already."""
    adapter = tryton.adapter(url=tryton.running.url)
    assert adapter.books.id
    return lambda: adapter.book_many(made)


def _until_told(book: Callable[[], Sequence[Outcome]]) -> Sequence[Outcome]:
    for _attempt in range(20):
        try:
            outcomes = book()
        except Trouble:
            continue
        if all(isinstance(outcome, Booked) for outcome in outcomes):
            return outcomes
    raise AssertionError("It was never told of all of them.")
