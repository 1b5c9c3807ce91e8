"""How the memory is written. One file a rule; add yours to the dict."""

from hebbsim.rules.hebbian import hebbian
from hebbsim.rules.willshaw import willshaw

RULES = {"hebbian": hebbian, "willshaw": willshaw}
