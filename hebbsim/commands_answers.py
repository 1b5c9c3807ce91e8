"""The commands that answer from committed results: ledger and budget. No JAX."""

import argparse
import json
import math
from collections.abc import Callable
from pathlib import Path

from hebbsim.errors import HebbsimError, printable


def add_commands(add: Callable[..., argparse.ArgumentParser]) -> None:
    """add(name, run, help, example) -> parser, as in cli.parser."""
    text = "judge every claim by the records below a folder of results; nothing is run"
    ledger = add("ledger", run_ledger, text, "ledger results")
    ledger.add_argument("results", nargs="?", default="results", help="folder of results (default: %(default)s)")
    ledger.add_argument("--out", metavar="FILE", help="write the whole ledger there, as Markdown")
    ledger.add_argument("--json", action="store_true", help="one JSON object instead of text")

    text = "how much can my state hold? Entries, bytes, recoverable bits and tokens of a state and its cache"
    budget = add("budget", run_budget, text, "budget --model 'Kimi K3' --context 100000")
    what = budget.add_mutually_exclusive_group()
    what.add_argument("--model", metavar="NAME", help="a released model; a wrong name lists them")
    what.add_argument("--config", metavar="FILE", help="a model's config.json, read from disk")
    what.add_argument("--params", type=float, metavar="N", help="one square Hebbian matrix of N entries")
    budget.add_argument("--layers", type=int, help="recurrent layers")
    budget.add_argument("--heads", type=int, help="states in each layer")
    budget.add_argument("--key-dim", type=int, help="entries of a key")
    budget.add_argument("--value-dim", type=int, help="entries of a value")
    budget.add_argument("--key-heads", type=int, default=0, help="heads of keys in each layer, where states share them")
    budget.add_argument("--cache", type=int, default=0, help="values that attention layers keep for each token")
    budget.add_argument("--context", type=int, default=0, metavar="T", help="tokens in the cache")
    budget.add_argument("--bits-per-token", type=float, default=2.1, help="entropy of a token (default: %(default)s)")
    budget.add_argument("--precision", default="float32", help="of the state (default: %(default)s)")
    budget.add_argument("--cache-precision", default="bfloat16", help="of the cache (default: %(default)s)")
    budget.add_argument("--results", help="folder of results (default: results, if it is there)")
    budget.add_argument("--json", action="store_true", help="one JSON object instead of text")


def run_ledger(arguments: argparse.Namespace) -> int:
    """Print each claim's verdict; exit status 0 whatever the verdicts are, since all of them are answers."""
    from hebbsim.answers.ledger import ledger, to_markdown
    from hebbsim.answers.report import to_json, write

    folder = Path(arguments.results)
    if not folder.is_dir():
        raise HebbsimError(f"{folder}: no such folder of results")
    rows = ledger(folder)
    if arguments.out:
        print(printable(str(write(Path(arguments.out), to_markdown(rows)))))
    elif arguments.json:
        found = [
            {
                "claim": row.claim.name,
                "statement": row.claim.statement,
                "verdict": row.answer.verdict,
                "sentence": row.answer.sentence,
                "numbers": row.numbers,
            }
            for row in rows
        ]
        print(json.dumps(to_json(found)))
    else:
        for row in rows:
            print(f"{row.claim.name}: {row.claim.statement}\n    {row.answer.verdict}\n    {row.answer.sentence}")
    return 0


def run_budget(arguments: argparse.Namespace) -> int:
    """Print what a state and a cache can hold."""
    from hebbsim.answers.budget import budget
    from hebbsim.answers.evidence import Evidence
    from hebbsim.answers.report import to_json

    folder = Path(arguments.results if arguments.results is not None else "results")
    if arguments.results is not None and not folder.is_dir():
        raise HebbsimError(f"{folder}: no such folder of results")
    found = budget(
        _model(arguments),
        Evidence(folder),
        context=arguments.context,
        bits_per_token=arguments.bits_per_token,
        precision=arguments.precision,
        cache_precision=arguments.cache_precision,
    )
    if arguments.json:
        print(json.dumps(to_json(found)))
        return 0
    print("\n".join(lines(found, arguments.precision, arguments.cache_precision)))
    return 0


def _model(arguments: argparse.Namespace):
    from hebbsim.answers.model_config import read_config
    from hebbsim.answers.models import Model, model_of

    shape = {name: getattr(arguments, name) for name in ("layers", "heads", "key_dim", "value_dim")}
    if arguments.model is not None:
        return model_of(arguments.model)
    if arguments.config is not None:
        return read_config(Path(arguments.config))
    if arguments.params is not None:
        if not 1 <= arguments.params < 1e15:
            raise HebbsimError(f"--params {arguments.params:g}; allowed: from 1 to 1e15 entries")
        dim = max(1, round(math.sqrt(arguments.params)))
        return Model(f"{dim} x {dim} matrix", 1, 1, dim, dim, kv_per_token=arguments.cache, source="--params")
    if None in shape.values():
        raise HebbsimError("give --model, --config, --params, or all of --layers --heads --key-dim --value-dim")
    for name, value in (*shape.items(), ("key_heads", arguments.key_heads or 1), ("cache", arguments.cache + 1)):
        if not 1 <= value < 2**40:
            raise HebbsimError(f"--{name.replace('_', '-')} {value}; allowed: a positive integer")
    if arguments.key_heads and arguments.heads % arguments.key_heads:
        raise HebbsimError(f"--key-heads {arguments.key_heads}; allowed: a divisor of the {arguments.heads} heads")
    return Model(
        "your state",
        arguments.layers,
        arguments.heads,
        arguments.key_dim,
        arguments.value_dim,
        key_heads=arguments.key_heads,
        kv_per_token=arguments.cache,
        source="the command line",
    )


def lines(found, precision: str, cache_precision: str) -> list[str]:
    """A budget in words: the arithmetic of each term, then what comes of it."""
    model = found.model
    out = [f"{model.name} ({model.source})"]
    if model.entries:
        extra = f" + {model.extra:,}" if model.extra else ""
        out += [
            f"state: {model.layers} layers x {model.heads} heads x {model.dim_key} x {model.dim_value}{extra} = "
            f"{model.entries:,} entries",
            f"       in {precision}: {found.state_bytes:,.0f} bytes"
            + (f", and {found.convolution_bytes:,.0f} bytes of convolution states" if found.convolution_bytes else ""),
        ]
        if model.group > 1:
            out.append(
                f"       {model.group} states share each key: {model.layers * model.heads // model.group} memories of "
                f"{model.dim_key} x {model.group * model.dim_value}"
            )
    if model.kv_per_token:
        out.append(
            f"cache: {model.kv_per_token:,} values a token x {found.context:,} tokens in {cache_precision}: "
            f"{found.cache_bytes:,.0f} bytes"
        )
    for term in found.terms:
        each, bits, tokens = term.bits_per_parameter, term.bits, term.tokens
        out += [
            f"{term.reader}:",
            f"    {model.entries:,} x {each.best:.4g} [{each.low:.4g}, {each.high:.4g}] bits/parameter = {bits.best:.4g} "
            f"[{bits.low:.4g}, {bits.high:.4g}] bits ({term.note})",
            f"    / {found.bits_per_token:g} bits a token = {tokens.best:,.0f} [{tokens.low:,.0f}, {tokens.high:,.0f}] tokens; "
            f"as dim grows without end {term.limit:.4g} bits/parameter",
        ]
    if found.correlated:
        low, high = min(found.correlated.values()), max(found.correlated.values())
        out.append(
            f"correlated keys: with a spectrum i^-p, p from 1.5 to 0, Hebbian writes read one-shot keep {low:.3g} to {high:.3g} "
            "bits/parameter undecided (the law; results/correlated measures it at dims 128 and 1024)"
        )
    if not math.isnan(found.same_bytes_tokens):
        out.append(f"a cache of the state's bytes keeps {found.same_bytes_tokens:,.0f} tokens exactly")
        out.append(f"the cache has more entries than the state after {found.outgrown_after:,.0f} tokens")
    return out
