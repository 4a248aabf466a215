"""What is reported with usage and not booked, as it is answered."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers


@extend_schema_field({"type": ["string", "null"], "pattern": r"^-?\d+\.\d{12}$"})
class Known(serializers.CharField):
    """An exact decimal with twelve decimals, or null where it is not known."""


class Reported(serializers.Serializer[Any]):
    """Embodied emissions and water of an entry; not booked."""

    embodied_grams = Known(help_text="CO2e of making the accelerators, for their share of life.")
    water_litres = Known(help_text="At the site and behind the grid.")
