"""How a raw field is read from the memory. One file each; README.md says how to add one."""

from hebbsim.retrievals.amp import amp
from hebbsim.retrievals.attractor import attractor
from hebbsim.retrievals.box import box
from hebbsim.retrievals.matched_filter import matched_filter
from hebbsim.retrievals.ridge import ridge
from hebbsim.retrievals.whitened import whitened
from hebbsim.retrievals.whitened_query import whitened_query

RETRIEVALS = {
    "matched_filter": matched_filter,
    "whitened": whitened,
    "whitened_query": whitened_query,
    "attractor": attractor,
    "ridge": ridge,
    "box": box,
    "amp": amp,
}
