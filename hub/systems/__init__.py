"""The departmental systems behind the hub: their folders, their facts, their adapters."""

from hub.systems.answer import Operation
from hub.systems.service import Opened, Systems

__all__ = ["Opened", "Operation", "Systems"]
