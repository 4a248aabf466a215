"""Columns that catalogue tables share."""

from typing import Any

from django.db import models

PRICE_DIGITS = 28
PRICE_DECIMALS = 12


def figure() -> "models.DecimalField[Any, Any]":
    """Return a column for an exact figure: a price, a factor, watts, joules or grams."""
    return models.DecimalField(max_digits=PRICE_DIGITS, decimal_places=PRICE_DECIMALS)


def figure_or_none() -> "models.DecimalField[Any, Any]":
    """Return a column for an exact figure that may be unknown: null, never zero."""
    return models.DecimalField(
        max_digits=PRICE_DIGITS, decimal_places=PRICE_DECIMALS, null=True, blank=True
    )


def versions_of(table: str, *series: str) -> models.UniqueConstraint:
    """Return the constraint that a series has one version per start and revision."""
    return models.UniqueConstraint(
        name=f"ledger_{table}_version_uniq", fields=[*series, "valid_from", "revision"]
    )
