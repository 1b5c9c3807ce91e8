"""How the memory is written. One file a rule; add yours to the dict."""

from hebbsim.rules.decay import decay
from hebbsim.rules.delta import delta, gated_delta
from hebbsim.rules.hebbian import hebbian
from hebbsim.rules.willshaw import willshaw

RULES = {"hebbian": hebbian, "willshaw": willshaw, "decay": decay, "delta": delta, "gated_delta": gated_delta}
