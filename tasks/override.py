"""Stage 5: hard overrides from news and sentiment."""

from __future__ import annotations

from core.runs import StageRecord
from core.tables import FEATURES, HEADLINES, TARGETS
from optimiser.overlay import Rules, apply_overrides, facts_of
from tasks.columns import texts
from tasks.day import Day
from tasks.stage import stage


@stage("5 overlay")
def override_targets(
    day: Day, optimal: StageRecord, features: StageRecord, news: StageRecord
) -> StageRecord:
    """Take names with bad news out of the target."""
    table = day.read(optimal.artefacts["optimal"], TARGETS).set_index("con_id")
    overlaid = apply_overrides(
        table["weight_optimal"],
        table["weight_before"],
        facts_of(
            day.read(features.artefacts["features"], FEATURES),
            day.read(news.artefacts["headlines"], HEADLINES),
            as_of=day.as_of,
        ),
        rules=Rules(sentiment_floor=day.settings.limits.sentiment_floor),
    )
    table["weight"] = overlaid.weights
    table["override"] = [overlaid.reasons.get(con_id) for con_id in table.index]
    symbols = texts(table["symbol"])
    named = {symbols[int(str(con_id))]: why for con_id, why in overlaid.reasons.items()}
    return StageRecord(
        stage="override",
        artefacts={"targets": day.write("targets", table.reset_index(), TARGETS)},
        facts={"overrides": named, "halted": []},
        rows_in=len(table),
        rows_out=int((table["weight"] != 0.0).sum()),
        notes=f"{len(named)} overridden ({', '.join(sorted(named))})" if named else "no override",
    )
