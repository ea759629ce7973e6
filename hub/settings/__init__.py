"""Configuration: the files of config/, checked as a whole, in force without a restart."""

from hub.settings.live import Settings, Unusable
from hub.settings.place import Complaint
from hub.settings.secrets import Secrets

__all__ = ["Complaint", "Secrets", "Settings", "Unusable"]
