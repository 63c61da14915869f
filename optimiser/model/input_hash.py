"""What was decided on, in one number: the SHA-256 of everything that decides the weights."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from core.canonical import canonical_json
from optimiser.model.covariance import FactorCovariance
from optimiser.model.inputs import Inputs
from optimiser.model.scenarios import plain_numbers
from optimiser.model.terms import Limits, Utility


def inputs_sha256(inputs: Inputs, utility: Utility, limits: Limits, terms: dict[str, Any]) -> str:
    """Return the hash of the inputs, however they were ordered, and of every other term."""
    digest = hashlib.sha256()
    stated = {
        "symbols": inputs.symbols,
        "utility": asdict(utility),
        "limits": asdict(limits),
        "covariance": type(inputs.covariance).__name__,
    }
    digest.update(canonical_json(stated | terms))
    for block in (
        inputs.alpha,
        inputs.current,
        plain_numbers(inputs.returns),
        inputs.tradable,
        inputs.cost,
        inputs.impact,
        inputs.uncertainty,
        inputs.group,
        inputs.beta,
        *_covariance(inputs.covariance),
        *(() if inputs.scenario_weights is None else (inputs.scenario_weights,)),
    ):
        digest.update(_plain(block))
    return digest.hexdigest()


def _plain(block: Any) -> bytes:
    """Return the bytes of numbers; one NaN and one zero, whose other patterns mean the same."""
    numbers = np.ascontiguousarray(block, dtype="<f8") + 0.0
    missing = np.isnan(numbers)
    if missing.any():
        numbers[missing] = np.nan
    return numbers.data.cast("B")  # type: ignore[return-value]  # hashed without a copy


def _covariance(given: FactorCovariance | pd.DataFrame | None) -> tuple[Any, ...]:
    if given is None:
        return ()
    if isinstance(given, FactorCovariance):
        by_name = given.exposures.sort_index(), given.factors, given.specific.sort_index()
        return tuple(each.to_numpy(dtype=np.float64) for each in by_name)
    return (given.sort_index(axis=0).sort_index(axis=1).to_numpy(dtype=np.float64),)
