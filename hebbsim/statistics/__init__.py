"""Counts become bits, bits become estimates with intervals, estimates become fits. No JAX."""
