"""Whose a site is: it belongs to those who serve there, as their deployments say."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.db import connection

from ledger.errors import LedgerError
from ledger.parties.viewers import Viewer

SITES: Final = """
    SELECT site.id, site.code, site.name, site.time_zone, site.grid_zone,
           COALESCE(array_agg(DISTINCT provider.code ORDER BY provider.code)
                    FILTER (WHERE provider.id IS NOT NULL), '{}')
    FROM ledger_site site
    LEFT JOIN ledger_deployment deployment ON deployment.site_id = site.id
    LEFT JOIN ledger_party provider ON provider.id = deployment.provider_id
    WHERE (%(codes)s::text[] IS NULL OR site.code = ANY(%(codes)s))
      AND (%(sees_all)s OR EXISTS (
            SELECT FROM ledger_deployment own
            WHERE own.site_id = site.id AND own.provider_id = %(party)s))
    GROUP BY site.id
    ORDER BY site.code
"""
LOCK: Final = """
    SELECT pg_advisory_xact_lock(hashtext('ledger_energy'), site_id)
    FROM unnest(%(sites)s::int[]) AS site_id
    ORDER BY site_id
"""


class NoSuchSite(LedgerError):
    """There is no site with this code, or the caller serves nothing there."""

    problem = "no-such-site"

    def __init__(self, site: str) -> None:
        self.site = site
        super().__init__(f"there is no site {site!r}")


class SiteShared(LedgerError):
    """Several providers serve at the site: its meter is none of theirs alone."""

    problem = "site-shared"

    def __init__(self, site: str) -> None:
        self.site = site
        super().__init__(
            f"several providers serve at {site!r}, and none of them speaks for its meter: the"
            " platform records what it counts"
        )


@dataclass(frozen=True, slots=True)
class MeteredSite:
    """A site as its books need it: its zones, and who serves there."""

    id: int
    code: str
    name: str
    time_zone: str
    grid_zone: str
    providers: tuple[str, ...]

    @property
    def country(self) -> str:
        """Return the country of its grid zone.

        >>> MeteredSite(1, "west", "West", "Asia/Shanghai", "CN-NX", ()).country
        'CN'
        """
        return country_of(self.grid_zone)


def country_of(zone: str) -> str:
    """Return the country that a grid zone lies in.

    >>> country_of("CN-NX"), country_of("DE")
    ('CN', 'DE')
    """
    return zone.partition("-")[0]


def sites(viewer: Viewer, *, codes: Iterable[str] | None = None) -> list[MeteredSite]:
    """Return the sites that the viewer serves at, or all for the platform, by code."""
    with connection.cursor() as cursor:
        cursor.execute(
            SITES,
            {
                "codes": None if codes is None else sorted(set(codes)),
                "party": viewer.party_id,
                "sees_all": viewer.sees_all,
            },
        )
        return [
            MeteredSite(site_id, code, name, time_zone, grid_zone, tuple(providers))
            for site_id, code, name, time_zone, grid_zone, providers in cursor.fetchall()
        ]


def site(viewer: Viewer, *, code: str) -> MeteredSite:
    """Return a site that the viewer serves at.

    :raises NoSuchSite: if there is none, or the viewer does not.
    """
    found = sites(viewer, codes=[code])
    if not found:
        raise NoSuchSite(code)
    return found[0]


def to_write(viewer: Viewer, *, codes: Iterable[str]) -> dict[str, MeteredSite]:
    """Return the sites whose meters the viewer may speak for, by code.

    :raises NoSuchSite: if one is none of the viewer's.
    :raises SiteShared: if others serve there too.
    """
    wanted = sorted(set(codes))
    found = {one.code: one for one in sites(viewer, codes=wanted)}
    for code in wanted:
        if code not in found:
            raise NoSuchSite(code)
        if not viewer.sees_all and len(found[code].providers) > 1:
            raise SiteShared(code)
    return found


def hold(site_ids: Iterable[int]) -> None:
    """Hold the energy books of sites until the transaction ends, ascending.

    So ids of readings and bills grow in the order of their commits, and a run sees all up to one.
    """
    with connection.cursor() as cursor:
        cursor.execute(LOCK, {"sites": sorted(set(site_ids))})
