"""What the measurements say: the claims and their verdicts, tables, the report. No JAX, but for `verify`."""
