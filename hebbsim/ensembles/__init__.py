"""What is random. One file an ensemble; add yours to the dict."""

from hebbsim.ensembles.bipolar import bipolar
from hebbsim.ensembles.coded import coded
from hebbsim.ensembles.gaussian import gaussian
from hebbsim.ensembles.sparse import sparse
from hebbsim.ensembles.tokens import tokens

ENSEMBLES = {"bipolar": bipolar, "coded": coded, "gaussian": gaussian, "sparse": sparse, "tokens": tokens}
