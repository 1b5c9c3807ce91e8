"""How a raw field is read from the memory. One file a retrieval; add yours to the dict."""

from hebbsim.retrievals.attractor import attractor
from hebbsim.retrievals.matched_filter import matched_filter

RETRIEVALS = {"matched_filter": matched_filter, "attractor": attractor}
