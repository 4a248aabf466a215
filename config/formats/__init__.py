"""How dates and times are written, by language: ISO 8601, whoever reads."""
