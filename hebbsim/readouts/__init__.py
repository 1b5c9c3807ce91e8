"""How the field becomes a decision. One file each; README.md says how to add one."""

from hebbsim.readouts.argmax import argmax
from hebbsim.readouts.decode import decode
from hebbsim.readouts.sign import sign
from hebbsim.readouts.soft import soft
from hebbsim.readouts.threshold import threshold

READOUTS = {"sign": sign, "soft": soft, "argmax": argmax, "decode": decode, "threshold": threshold}
