"""What a day is, as the state of a Prefect run: the name from the one table, failed for exit 1."""

from __future__ import annotations

from prefect.client.schemas import State
from prefect.states import Completed, Failed

from core.untrusted import PARAGRAPH, one_line
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
