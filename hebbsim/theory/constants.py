"""Limits that have a name, in bits per parameter or in load."""

import numpy as np

from hebbsim.statistics.information import LN2

HARD_LIMIT = 1 / (np.pi * LN2)  # sign of the field, load -> infinity: 0.4592
SOFT_LIMIT = 1 / (2 * LN2)  # the field itself, load -> infinity: 0.7213 (matched filter of Verdu & Shamai 1999)
WILLSHAW_LIMIT = LN2  # n -> infinity (Willshaw et al. 1969)
PERCEPTRON_LIMIT = 2.0  # trained columns (Gardner 1988)
BOX_LIMIT = 2.0  # values sought in [-1, 1] by a reader of all keys, exact
