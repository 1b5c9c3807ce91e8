"""An experiment's TASKS -> its sweeps by name, and how many trials each point is to have."""

import inspect
from collections.abc import Mapping
from typing import Any

from hebbsim.checks import check_integer
from hebbsim.errors import HebbsimError, one_of
from hebbsim.records.task import Task
from hebbsim.simulate.plan import Sweep, sweep


def sweeps(tasks: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, Sweep], dict[Task, int]]:
    """({name: its sweep}, {task: trials}); tasks: arguments of hebbsim.curve by the curve's name, `trials` among them.

    A task that two curves share has the larger of their numbers of trials. Raises HebbsimError, naming the curve.
    """
    known = inspect.signature(sweep).parameters
    plans: dict[str, Sweep] = {}
    trials: dict[Task, int] = {}
    for name, options in tasks.items():
        given = {option: value for option, value in options.items() if option != "trials"}
        for option in given:
            if option not in known:
                raise one_of(f"argument of curve {name!r} in TASKS", option, known)
        try:
            plans[name] = sweep(**given)
            count = check_integer("trials", options["trials"], 1, 2**31 - 1)
        except HebbsimError as error:
            raise HebbsimError(f"curve {name!r} in TASKS: {error}") from None
        trials |= {task: max(count, trials.get(task, 0)) for task in plans[name].tasks}
    return plans, trials
