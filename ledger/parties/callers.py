"""Who calls: the party that a checked key speaks for, and what it may do. Pure."""

from dataclasses import dataclass, field

from ledger.errors import LedgerError
from ledger.parties.viewers import Viewer


class SourceNotAllowed(LedgerError):
    """The key is bound to other sources."""

    problem = "source-not-allowed"

    def __init__(self, source: str) -> None:
        self.source = source
        super().__init__(f"this key does not speak for the source {source!r}")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a checked key speaks for, and what it may do; `sources` is None where it may post any."""

    key_id: int
    prefix: str
    party_id: int
    party_code: str
    is_platform: bool
    is_provider: bool
    user_id: int | None
    scopes: frozenset[str]
    sources: frozenset[str] | None = None
    requests_per_minute: int | None = None
    sealed_secrets: tuple[bytes, ...] = field(default=(), repr=False)

    @property
    def viewer(self) -> Viewer:
        """Return what the caller may see: the platform everything, a party what is its own."""
        return Viewer(party_id=self.party_id, sees_all=self.is_platform)

    @property
    def only_source(self) -> str | None:
        """Return the source that the key is bound to, if it is one."""
        return next(iter(self.sources)) if self.sources and len(self.sources) == 1 else None

    def check_source(self, source: str) -> None:
        """Do nothing, if the key may speak for this source.

        :raises SourceNotAllowed: if not.
        """
        if not self.may_post(source):
            raise SourceNotAllowed(source)

    @property
    def signs(self) -> bool:
        """Return whether what the key posts must be signed."""
        return bool(self.sealed_secrets)

    def may_post(self, source: str) -> bool:
        """Return whether the key may speak for this source of its party."""
        return self.sources is None or source in self.sources
