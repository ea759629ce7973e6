"""A paper that goes with an application, as the rooms hand it to each other. Its bytes stay where they are kept."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Paper:
    """A file of the citizen's library as an office gets it (`sha256` in hexadecimal, `size` in bytes), or a licence
    that stands in for it (`credential_id`)."""

    type: str
    file_id: str = ""
    sha256: str = ""
    media_type: str = ""
    size: int = 0
    credential_id: str = ""
