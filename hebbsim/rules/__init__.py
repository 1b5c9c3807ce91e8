"""How the memory is written. One file a rule; add yours to the dict.

Example:
    >>> import jax.numpy as jnp, hebbsim
    >>> rule = hebbsim.RULES["delta"](rate=1.0)
    >>> keys, values = jnp.eye(4)[:2], jnp.ones((2, 3))
    >>> state = rule.write(rule.init(4, 3), keys, values)
    >>> rule.read(state, keys).tolist()
    [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
    >>> rule.num_parameters(4, 3)
    12
"""

from hebbsim.rules.bcpnn import bcpnn
from hebbsim.rules.covariance import covariance
from hebbsim.rules.decay import decay
from hebbsim.rules.delta import delta, gated_delta
from hebbsim.rules.hebbian import hebbian
from hebbsim.rules.holographic import holographic
from hebbsim.rules.hopfield import hopfield
from hebbsim.rules.hyena import hyena
from hebbsim.rules.lact import lact
from hebbsim.rules.linear_attention import linear_attention
from hebbsim.rules.perceptron import perceptron
from hebbsim.rules.pseudo_inverse import pseudo_inverse
from hebbsim.rules.softmax_attention import softmax_attention
from hebbsim.rules.willshaw import willshaw

RULES = {
    "hebbian": hebbian,
    "willshaw": willshaw,
    "covariance": covariance,
    "bcpnn": bcpnn,
    "hopfield": hopfield,
    "decay": decay,
    "linear_attention": linear_attention,
    "delta": delta,
    "gated_delta": gated_delta,
    "pseudo_inverse": pseudo_inverse,
    "perceptron": perceptron,
    "holographic": holographic,
    "hyena": hyena,
    "lact": lact,
    "softmax_attention": softmax_attention,
}
