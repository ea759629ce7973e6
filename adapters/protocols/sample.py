"""An answer that is not understood keeps its first bytes, for the sealed record of operations and nobody else."""

from __future__ import annotations

from hub.port import PortError


class Sampled:
    """Around whatever reads `body`. A class, because each call goes through it and a generator costs thrice as much."""

    __slots__ = ("_body",)

    def __init__(self, body: bytes) -> None:
        self._body = body

    def __enter__(self) -> None:
        """Nothing to begin."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, PortError):
            error.sample = error.sample or self._body[:4096]
