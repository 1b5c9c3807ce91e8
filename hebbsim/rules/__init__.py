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
from hebbsim.rules.kda import kda
from hebbsim.rules.lact import lact
from hebbsim.rules.linear_attention import linear_attention
from hebbsim.rules.log_linear import log_linear
from hebbsim.rules.mamba3 import mamba3
from hebbsim.rules.mlstm import mlstm
from hebbsim.rules.perceptron import perceptron
from hebbsim.rules.preconditioned_delta import preconditioned_delta
from hebbsim.rules.pseudo_inverse import pseudo_inverse
from hebbsim.rules.rwkv7 import rwkv7
from hebbsim.rules.softmax_attention import softmax_attention
from hebbsim.rules.titans import titans
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
    "kda": kda,
    "rwkv7": rwkv7,
    "mlstm": mlstm,
    "mamba3": mamba3,
    "titans": titans,
    "preconditioned_delta": preconditioned_delta,
    "log_linear": log_linear,
}
