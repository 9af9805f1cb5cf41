"""Carries drafts through Odoo: load (which creates what is absent), compare, post, read back, settle; whoever comes after a crash may repeat each step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from integrations.accounting.base import Outcome
from integrations.accounting.odoo import forcing, refusals, standing
from integrations.accounting.odoo.company import Company
from integrations.accounting.odoo.drafts import MOVE, PAYMENT, Draft
from integrations.accounting.odoo.line import SAFE, Fault
from integrations.accounting.odoo.settling import settle
from integrations.accounting.odoo.standing import SALES, Move
from integrations.errors import Conflict, Refused, Trouble

Ids = dict[str, int]  # by external id


def carry(company: Company, drafts: Sequence[Draft]) -> dict[str, Outcome]:
    """What became of each, by external id; a bad one harms no good one. Raises what is said of all: a lost reply."""
    outcomes: dict[str, Outcome] = {}
    for group in _alike(drafts):
        ids = _loaded(company, group, outcomes)
        there = [draft for draft in group if draft.xid in ids]
        way = _payments if group[0].model == PAYMENT else _moves
        way(company, there, ids, outcomes)
    return outcomes


def _alike(drafts: Sequence[Draft]) -> Iterator[list[Draft]]:
    """Those that one call of `load` can carry: of the same model and columns."""
    groups: dict[tuple[str, tuple[str, ...]], list[Draft]] = {}
    for draft in drafts:
        groups.setdefault((draft.model, draft.columns), []).append(draft)
    yield from groups.values()


def _loaded(company: Company, drafts: Sequence[Draft], outcomes: dict[str, Outcome]) -> Ids:
    """The records' ids; all or nothing over there, so after a refusal each goes by itself."""
    first = drafts[0]
    rows = [[str(cell) for cell in row] for draft in drafts for row in draft.rows]  # as it was measured: texts
    try:
        told = company.line.call(first.model, "load", context=SAFE, fields=list(first.columns), data=rows)
        said = "; ".join(item["message"] for item in told["messages"])
        if not told["ids"] and refusals.RACE in said:  # another client made them at the same moment: now they are there
            told = company.line.call(first.model, "load", context=SAFE, fields=list(first.columns), data=rows)
            said = "; ".join(item["message"] for item in told["messages"])
        if told["ids"]:
            return {draft.xid: id for draft, id in zip(drafts, told["ids"], strict=True)}
        fault = Fault("load", said, f"{first.model}.load")
    except Fault as error:
        fault = error
    if len(drafts) > 1:
        return {xid: id for draft in drafts for xid, id in _loaded(company, [draft], outcomes).items()}
    outcomes[first.xid] = refusals.trouble(fault, first.document.reference)
    return {}


def _moves(company: Company, drafts: Sequence[Draft], ids: Ids, outcomes: dict[str, Outcome]) -> None:
    there = standing.moves(company.line, ids.values(), lines=True)
    fitted: dict[str, Move] = {}
    for draft in drafts:
        try:
            fitted[draft.xid] = _fitted(company, draft, there[ids[draft.xid]])
        except Trouble as error:
            outcomes[draft.xid] = error
    ready = [draft for draft in drafts if draft.xid in fitted]
    _post(company, MOVE, [draft for draft in ready if fitted[draft.xid].row["state"] == "draft"], ids, outcomes)
    ready = [draft for draft in ready if draft.xid not in outcomes]
    posted = standing.moves(company.line, [ids[draft.xid] for draft in ready], lines=False)
    for draft in ready:
        move = posted[ids[draft.xid]]
        move.lines = fitted[draft.xid].lines  # posting changes no line
        outcomes[draft.xid] = _booked(company, draft, move, ids[draft.xid])
    settle(
        company,
        [(draft, posted[ids[draft.xid]]) for draft in ready if draft.document.kind not in ("invoice", "credit_note")],
    )


def _fitted(company: Company, draft: Draft, move: Move) -> Move:
    """The draft made to say what was signed; what cannot be is taken away again. Raises Trouble."""
    document, state = draft.document, move.row["state"]
    if state == "cancel":
        raise cancelled(draft.document.reference, str(move.row["name"]))
    if state != "draft":
        return move
    try:
        fitted = forcing.fit(document, move, company) if move.row["move_type"] in SALES else move
        standing.compare(document, fitted, company, forcing.adjustments(document, fitted, company))
    except Conflict as error:
        _take_away(company, MOVE, move.row["id"])
        raise Refused(
            f"{error.words} It was a draft, which was taken away.", fix="Correct what differs, then approve again."
        ) from error
    except Refused:
        _take_away(company, MOVE, move.row["id"])
        raise
    except Fault as fault:
        _take_away(company, MOVE, move.row["id"])
        raise refusals.trouble(fault, document.reference) from fault
    return fitted


def cancelled(reference: str, name: str) -> Conflict:
    words = f"{reference} was cancelled in Odoo ({name})."
    return Conflict(words, fix="In Odoo: open it and reset it to draft, or delete it there; then retry.")


def _take_away(company: Company, model: str, id: int) -> None:
    """A draft of ours that must not be posted by somebody by mistake. One that Odoo keeps is found again by its name."""
    try:
        company.line.call(model, "unlink", [id])
    except Fault:
        return


def _post(company: Company, model: str, drafts: Sequence[Draft], ids: Ids, outcomes: dict[str, Outcome]) -> None:
    """All or nothing over there: after a refusal each goes by itself, and one that somebody else has posted is posted."""
    if not drafts:
        return
    try:
        company.line.call(model, "action_post", [ids[draft.xid] for draft in drafts])
        return
    except Fault as fault:
        if len(drafts) == 1:
            if refusals.IN_DRAFT not in fault.message:
                outcomes[drafts[0].xid] = refused = refusals.trouble(fault, drafts[0].document.reference)
                if isinstance(refused, Refused):
                    _take_away(company, model, ids[drafts[0].xid])
            return
    for draft in drafts:
        _post(company, model, [draft], ids, outcomes)


def _booked(company: Company, draft: Draft, move: Move, id: int) -> Outcome:
    try:
        return read(company, draft, move, id)
    except Trouble as error:
        return error


def read(company: Company, draft: Draft, move: Move, id: int) -> Outcome:
    """The document as it stands after posting. Raises Conflict where Odoo made something else of it: above all another date."""
    if move.row["state"] == "draft":
        return Refused(
            f"{draft.document.reference}: Odoo did not post it and does not say why.",
            fix="In Odoo: open the draft and post it, then retry.",
        )
    extra = forcing.adjustments(draft.document, move, company)
    standing.compare(draft.document, move, company, extra)
    return standing.booked(draft.document, move, company, id, extra)


def _payments(company: Company, drafts: Sequence[Draft], ids: Ids, outcomes: dict[str, Outcome]) -> None:
    """Payments: posted where they are drafts, and the entry that each has made is what is compared."""
    if not drafts:
        return
    rows = {
        row["id"]: row
        for row in company.line.call(PAYMENT, "read", [ids[draft.xid] for draft in drafts], fields=["state"])
    }
    _post(company, PAYMENT, [draft for draft in drafts if rows[ids[draft.xid]]["state"] == "draft"], ids, outcomes)
    ready = [draft for draft in drafts if draft.xid not in outcomes]
    rows = {
        row["id"]: row
        for row in company.line.call(PAYMENT, "read", [ids[draft.xid] for draft in ready], fields=["state", "move_id"])
    }
    entries = standing.moves(company.line, [row["move_id"][0] for row in rows.values() if row["move_id"]], lines=True)
    done = []
    for draft in ready:
        row = rows[ids[draft.xid]]
        if not row["move_id"]:
            outcomes[draft.xid] = no_entry(draft.document.reference)
            continue
        move = entries[row["move_id"][0]]
        outcomes[draft.xid] = _booked(company, draft, move, ids[draft.xid])
        done.append((draft, move))
    settle(company, done)


def no_entry(reference: str) -> Conflict:
    words = f"{reference}: Odoo keeps the payment without an entry, so that nothing stands on the signed account."
    return Conflict(
        words,
        fix="In Odoo: Accounting > Configuration > Journals > Incoming Payments, set the method's Outstanding Account; then cancel that payment and retry.",
    )


__all__ = ["cancelled", "carry", "no_entry", "read"]
