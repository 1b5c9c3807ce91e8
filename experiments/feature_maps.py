"""What does a feature map buy linear attention, and how near does its loss come to the rank bound?

Run time: about 3 minutes on 2 cores. +-1 keys, one-hot values. Figure: loss at the best scale of the field against pairs
per feature, with the rank bound; wrong tokens and bits per parameter, of D (dim_value + 1), against pairs. Table: every
map, with and without the normaliser: loss at 4 D pairs, how many of its features that loss uses, and what argmax recovers.
"""

import numpy as np

from hebbsim import plot, theory
from hebbsim.errors import HebbsimError
from hebbsim.records.task import parse_label
from hebbsim.statistics.estimate import jackknife
from hebbsim.statistics.fit import best_load, load_at_error
from hebbsim.statistics.measurement import curves, measurements

DIM, VOCABULARY, TRIALS = 24, 1024, 8
MOST = 10_000  # pairs
BUDGET = "3 minutes on 2 cores"


def attention(feature_map, width, features=0, normalise=True):
    return "linear_attention", {"feature_map": feature_map, "features": features, "normalise": normalise}, width


# rule, options, D: the features of a key, which times (dim_value + 1) are the parameters.
WRITTEN = [
    ("pseudo_inverse", {}, DIM),
    *(attention(name, DIM, normalise=how) for name in ("identity", "elu", "relu") for how in (False, True)),
    *(attention("dpfp", 2 * DIM * nu, nu) for nu in (1, 2, 3)),
    attention("dpfp", 6 * DIM, 3, normalise=False),
    *(attention("taylor", 1 + DIM + DIM**2, normalise=how) for how in (False, True)),
    *(attention("favor", features, features) for features in (64, 256)),
    attention("favor", 256, 256, normalise=False),
]


def ladder(width):
    """Pairs: the width times powers of 2."""
    return [int(width * 2.0**i) for i in range(-6, 12) if 6 <= width * 2.0**i <= MOST]


TASKS = [
    dict(
        rule=rule, rule_options=options, ensemble="tokens",
        ensemble_options={"vocabulary": VOCABULARY, "one_hot": True}, readout="argmax", readout_options={"loss": True},
        dim_key=DIM, dim_value=VOCABULARY, num_patterns=ladder(width), probes=512, trials=TRIALS,
    )
    for rule, options, width in WRITTEN
]  # fmt: skip


def bound(width, num_patterns):
    """Least mean loss of any field linear in `width` features of the key, tokens drawn alike and apart from the keys.

    (1/2) (1 - D/M) for one-hot values that differ (Schlag et al. 2021). Of tokens drawn alike a share 1/V is known
    without any key, the mean of all values, which leaves (1/2) (1 - D/M) (1 - 1/V): derived, the loss of least squares if
    a constant is among the features.
    """
    return np.maximum(1 - width / np.asarray(num_patterns, float), 0) * (1 - 1 / VOCABULARY) / 2


def rank(point):
    """How many of the features are linearly independent on +-1 keys, where squares are 1 and products come twice."""
    feature_map, nu = options_of(point).get("feature_map"), options_of(point).get("features", 0)
    return {"taylor": 1 + DIM + DIM * (DIM - 1) // 2, "dpfp": DIM * (nu + 1)}.get(str(feature_map), width_of(point))


def options_of(point):
    return parse_label(point.task.rule)[1]


def width_of(point):
    return point.num_parameters // (VOCABULARY + (parse_label(point.task.rule)[0] == "linear_attention"))


def scaled_loss(counts):
    """Mean |value - s field|^2 / 2 at the best s, whatever the scale of the map."""
    return (1 - counts["aligned"] ** 2 / (counts["energy"] * counts["items"])) / 2


def raw_loss(counts):
    return (1 - (2 * counts["aligned"] - counts["energy"]) / counts["items"]) / 2


def name_of(point):
    rule, options = parse_label(point.task.rule)
    if rule != "linear_attention":
        return "least squares"
    names = {"elu": "elu + 1", "dpfp": f"DPFP-{options.get('features')}", "taylor": "Taylor", "favor": "FAVOR+"}
    return names.get(options["feature_map"], options["feature_map"])


def maps(results):
    """(name, normalised, D, curve) of every map."""
    found = [(name_of(c[0]), bool(options_of(c[0]).get("normalise")), width_of(c[0]), c)
             for c in curves(measurements(results)).values()]  # fmt: skip
    order = ("least squares", "identity", "elu + 1", "relu", "DPFP-1", "DPFP-2", "DPFP-3", "Taylor", "FAVOR+")
    return sorted(found, key=lambda row: (order.index(row[0]), row[2], row[1]))


def loss_of(point, loss=scaled_loss):
    return jackknife(loss, point.trials, point.level)


def reached(kind, curve, *more):
    try:
        return kind(curve, *more)
    except HebbsimError:
        return None


def table(results):
    rows = []
    for name, normalised, width, curve in maps(results):
        point = next((p for p in curve if p.task.num_patterns == 4 * width), None)
        if point is None:
            continue
        pairs, loss, raw = point.task.num_patterns, loss_of(point), loss_of(point, raw_loss)
        used = jackknife(lambda counts, m=pairs: m * (1 - 2 * scaled_loss(counts)), point.trials, point.level)
        near = min((loss_of(p).high - bound(width, p.task.num_patterns) for p in curve), default=np.nan)
        best, few = reached(best_load, curve, "hard"), reached(load_at_error, curve)
        rows.append(
            [
                name,
                "yes" if normalised else "no",
                width,
                rank(point),
                raw.number() if raw.best < 10 else f"{raw.best:.3g}",
                loss.number(),
                f"{bound(width, pairs):.4f}",
                used.number(),
                "yes" if near >= 0 else f"no, by {-near:.4f}",
                "{1:.0f} ({0:.0f} to {2:.0f})".format(*(DIM * x for x in few.load[:3])) if few else "",
                best.bits.number() if best else f"over {max(p.bits['hard'].best for p in curve):.4f}",
            ]
        )
    header = ["map", "normaliser", "D", "rank on +-1 keys", "loss at 4 D pairs", "at the best scale", "rank bound"]
    return [*header, "features used", "no load below the bound", "pairs at 1 % wrong", "best bits/parameter"], rows


def figure(results):
    made, (left, middle, right) = plot.figure(3)
    shown = [
        (f"{name}, D = {width}", width, curve)
        for name, normalised, width, curve in maps(results)
        if normalised == (name not in ("least squares", "identity")) and (name, width) not in (("FAVOR+", 64),)
        and name not in ("DPFP-1", "DPFP-2")
    ]  # fmt: skip
    for i, (label, width, curve) in enumerate(shown):
        pairs = np.asarray([p.task.num_patterns for p in curve])
        plot.points(left, pairs / width, [loss_of(p) for p in curve], label, i)
        plot.points(middle, pairs, [p.error_rate for p in curve], label, i)
        plot.points(right, pairs, [p.bits["hard"] for p in curve], label, i)
    x = np.geomspace(0.25, 500, 200)
    plot.theory(left, x, bound(1.0, x), "rank bound", 0)
    others = np.maximum(x * DIM - 1, 0)  # pairs beside the probed one: squares of their overlaps average to D
    plot.theory(left, x, others / (others + DIM) / 2, "identity: (M - 1) / 2(M - 1 + D)", 1)
    grid = np.unique(np.geomspace(8, MOST, 60).astype(int))
    wrong = theory.argmax_error(DIM, VOCABULARY, VOCABULARY, grid, "orthogonal")
    plot.theory(middle, grid, wrong, "", 1)
    plot.theory(right, grid, theory.argmax_bits(DIM, VOCABULARY, VOCABULARY, grid, "orthogonal"), "", 1)
    plot.claim(right)
    left.set(xscale="log", xlabel="pairs per feature, M / D", ylabel="loss of one pair, |v - s field|^2 / 2")
    left.set(xlim=(0.2, 600), ylim=(0, 0.52), title="No map beats the rank bound, least squares meets it")
    left.legend(loc="lower right")
    middle.set(xscale="log", xlabel="pairs M", ylabel="wrong tokens", ylim=(0, 1.02))
    middle.set_title("Positive maps confuse pairs far sooner")
    right.set(xscale="log", yscale="log", xlabel="pairs M", ylabel="hard bits per parameter", ylim=(1e-3, 1))
    right.set_title("More features, fewer bits a parameter")
    return made
