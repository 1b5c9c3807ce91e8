"""python -m hebbsim"""

from hebbsim.cli import entry

entry()
