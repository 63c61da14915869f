"""What Prefect and daybook have in common: the day of a run, its command, the state it ends in.

A state has its name from the one table of verdicts, and is failed for exit 1.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from datetime import date

from prefect import runtime
from prefect.client.schemas import State
from prefect.states import Completed, Failed

from core.text.untrusted import PARAGRAPH, one_line
from flows.run.preflight import bucharest_day
from review.standing import Standing


def state_of(standing: Standing, *, attention: str = "", detail: str = "") -> State[None]:
    """Return the state a run ends in.

    ``attention`` is what a person has to look at besides, ``detail`` what more there is to say.
    """
    told = one_line(f"{standing.headline}. {standing.meaning} {detail}", PARAGRAPH)
    if attention:
        return Failed(name="NeedsAttention", message=f"{one_line(attention, PARAGRAPH)}; {told}")
    made = Failed if standing.exit_code == 1 else Completed
    return made(name=standing.said.prefect, message=told)


def scheduled_day() -> date:
    """Return the day in Bucharest for which this flow run was scheduled.

    A run that was late, or is tried again on another day, still belongs to its own.
    """
    return bucharest_day(runtime.flow_run.scheduled_start_time)


def command_line(command: str, options: Mapping[str, object]) -> str:
    """Return the command that does the same without Prefect; None and False are left out."""
    words = ["daybook", command]
    for option, value in options.items():
        if value is True:
            words.append(option)
        elif value is not None and value is not False:
            words += [option, str(value)]
    return shlex.join(words)
