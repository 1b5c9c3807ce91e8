"""What is random. One file each; README.md says how to add one."""

from hebbsim.ensembles.arrays import arrays
from hebbsim.ensembles.bipolar import bipolar
from hebbsim.ensembles.coded import coded
from hebbsim.ensembles.correlated import correlated
from hebbsim.ensembles.gaussian import gaussian
from hebbsim.ensembles.sparse import sparse
from hebbsim.ensembles.tokens import tokens

ENSEMBLES = {
    "bipolar": bipolar,
    "coded": coded,
    "gaussian": gaussian,
    "sparse": sparse,
    "tokens": tokens,
    "arrays": arrays,
    "correlated": correlated,
}
