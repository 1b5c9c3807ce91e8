"""Outer codes: what makes undecided bits certain. One file a code; add yours to the dict."""

from collections.abc import Callable

from hebbsim.codes.code import Code, Decoded
from hebbsim.codes.multi_edge import multi_edge
from hebbsim.codes.polar import polar
from hebbsim.codes.repetition import repetition

__all__ = ["CODES", "Code", "Decoded", "multi_edge", "polar", "repetition"]

CODES: dict[str, Callable[..., Code]] = {"multi_edge": multi_edge, "polar": polar, "repetition": repetition}
