"""FinBERT, loaded only when asked for, and from this machine unless a download was asked for."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from typing import Any

from core.errors import ConfigurationError

MODEL = "ProsusAI/finbert"
BATCH = 32
LONGEST = 128  # tokens; a headline of 500 characters fits
OFFLINE = "HF_HUB_OFFLINE"


def polarity(titles: Sequence[str], *, model: str = MODEL) -> list[float]:
    """Return the probability of "positive" minus that of "negative", for each title.

    Parameters
    ----------
    titles
        Plain text.
    model
        A local folder, or a name in the Hugging Face cache. Nothing is downloaded unless
        ``HF_HUB_OFFLINE=0`` is set in the environment.

    Raises
    ------
    ConfigurationError
        torch or transformers is not installed, the model is not on this machine, or it is not
        a sentiment model.
    """
    missing = [name for name in ("torch", "transformers") if find_spec(name) is None]
    if missing:
        raise ConfigurationError(
            f"signals.sentiment_model = finbert needs {' and '.join(missing)}: "
            "pip install -e '.[finbert]', or use vader"
        )
    scores: list[float] = []
    for start in range(0, len(titles), BATCH):
        scores += _batch(list(titles[start : start + BATCH]), model)
    return scores


def _batch(titles: list[str], model: str) -> list[float]:
    import torch  # noqa: PLC0415 - costs seconds and is not installed by default

    tokenizer, network = _load(model)
    with torch.inference_mode():
        tokens = tokenizer(
            titles, padding=True, truncation=True, max_length=LONGEST, return_tensors="pt"
        )
        chances = torch.softmax(network(**tokens).logits, dim=-1).tolist()
    return net_polarity(chances, network.config.id2label)


@cache
def _load(model: str) -> tuple[Any, Any]:
    # Before the import, which reads it: without a network the library otherwise tries for 23 s.
    offline = os.environ.setdefault(OFFLINE, "1") != "0"
    from transformers import (  # noqa: PLC0415 - costs seconds and is not installed by default
        AutoModelForSequenceClassification,
        AutoTokenizer,
    )

    try:
        tokenizer = AutoTokenizer.from_pretrained(model, local_files_only=offline)
        network = AutoModelForSequenceClassification.from_pretrained(
            model, local_files_only=offline
        )
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"{model} is not on this machine: set {OFFLINE}=0 once to download it, or use vader"
        ) from error
    network.eval()
    return tokenizer, network


def net_polarity(chances: Sequence[Sequence[float]], labels: Mapping[int, str]) -> list[float]:
    """Return p(positive) - p(negative) per row, whatever order the model has its labels in."""
    place = {label.casefold(): index for index, label in labels.items()}
    if not {"positive", "negative"} <= place.keys():
        raise ConfigurationError(
            f"this model knows {sorted(place)}; a sentiment model has positive and negative"
        )
    return [row[place["positive"]] - row[place["negative"]] for row in chances]
