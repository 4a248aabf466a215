"""The catalogue: things, and their versions, which are never edited."""

from ledger.pricing.models.certificates import CertificateLot
from ledger.pricing.models.commerce import (
    Agreement,
    AgreementVersion,
    FxRate,
    RateCard,
    RateCardVersion,
    books_time_zone,
)
from ledger.pricing.models.market import MarketPrice
from ledger.pricing.models.publications import (
    Proposal,
    Provenance,
    Publication,
    Version,
)
from ledger.pricing.models.scarcity import (
    DeploymentLoad,
    ScarcityPolicy,
)
from ledger.pricing.models.serving import (
    Benchmark,
    DeploymentTerms,
    ServingProfile,
)
from ledger.pricing.models.supply import (
    CarbonFactor,
    GpuHourPrice,
    GreenSupply,
    Hardware,
    HardwareVersion,
    HolidayYear,
    PriceDay,
    Site,
    SitePue,
    SiteTariff,
    SiteWue,
    Tariff,
    TariffVersion,
    WaterFactor,
)

__all__ = [
    "Agreement",
    "AgreementVersion",
    "Benchmark",
    "CarbonFactor",
    "CertificateLot",
    "DeploymentLoad",
    "DeploymentTerms",
    "FxRate",
    "GpuHourPrice",
    "GreenSupply",
    "Hardware",
    "HardwareVersion",
    "HolidayYear",
    "MarketPrice",
    "PriceDay",
    "Proposal",
    "Provenance",
    "Publication",
    "RateCard",
    "RateCardVersion",
    "ScarcityPolicy",
    "ServingProfile",
    "Site",
    "SitePue",
    "SiteTariff",
    "SiteWue",
    "Tariff",
    "TariffVersion",
    "Version",
    "WaterFactor",
    "books_time_zone",
]
