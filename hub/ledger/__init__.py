"""Who exchanged what with whom, and why: the record of every call."""

from hub.ledger.exchange import Exchange
from hub.ledger.service import find
from hub.ledger.writer import Exchanges

__all__ = ["Exchange", "Exchanges", "find"]
