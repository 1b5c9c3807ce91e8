"""Fast forms. Each equals its naive twin, which stands beside it."""
