"""How the field becomes a decision. One file a readout; add yours to the dict."""

from hebbsim.readouts.argmax import argmax
from hebbsim.readouts.decode import decode
from hebbsim.readouts.sign import sign
from hebbsim.readouts.soft import soft
from hebbsim.readouts.threshold import threshold

READOUTS = {"sign": sign, "soft": soft, "argmax": argmax, "decode": decode, "threshold": threshold}
