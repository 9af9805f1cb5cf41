"""Proves that what the stores said, what was approved and what the ledgers hold are the same to the cent, or names every difference."""

from orders.reconciliation.prove import proof
from orders.reconciliation.rows import Difference, Proof, Row, Waiting

__all__ = ["Difference", "Proof", "Row", "Waiting", "proof"]
