"""The weights as the rule made them."""

from hebbsim.base import Precision, Rule
from hebbsim.parts import factory


@factory()
def float32(label: str) -> Precision:
    """memory as it is: 32 bits a stored entry (integers are exact below 2**24)."""

    def wrap(rule: Rule) -> Rule:
        return rule

    return Precision(label, wrap, 32.0, {"exact"})
