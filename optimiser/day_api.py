"""The optimiser as the operating manual calls it: by symbol and score, for one day.

Bound to a day's returns and holdings, the call is that of the manual:

>>> import numpy as np
>>> random = np.random.default_rng(7)
>>> returns = pd.DataFrame(random.normal(0.0, 0.01, (120, 2)), columns=["AAPL", "MSFT"])
>>> features = pd.DataFrame({"symbol": ["AAPL", "MSFT"], "alpha_score": [0.9, -0.8]})
>>> optimiser = Optimiser(returns, current=None)
>>> optimiser.mean_variance_cvar(
...     universe=features.symbol,
...     alpha_scores=features.alpha_score,
...     risk_model="shrunk_cov",
...     max_gross=1.2,
...     max_single=0.12,
...     cash_buffer=0.05,
... )
{'AAPL': 0.12, 'MSFT': -0.12}
>>> round(optimiser.ex_ante_return, 5), round(optimiser.ex_ante_vol, 5)
(0.00017, 0.00152)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from core.alpha import expected_return
from core.errors import ConfigurationError, DataError
from core.limits import INFORMATION_COEFFICIENT
from core.text.counts import count
from optimiser.model.inputs import LEDOIT_WOLF
from optimiser.result import TargetResult
from optimiser.target import mean_variance_cvar

RISK_MODELS = {"shrunk_cov": LEDOIT_WOLF}


class Optimiser:
    """Targets for one day from scores.

    Parameters
    ----------
    returns
        Shape (T, n), daily returns as fractions, newest last, one column per symbol.
    current
        Weights held now, by symbol; absent names are not held.
    information_coefficient
        Expected correlation of a score with the return of one session.
    """

    def __init__(
        self,
        returns: pd.DataFrame,
        current: pd.Series[float] | None = None,
        *,
        information_coefficient: float = INFORMATION_COEFFICIENT.default,
    ) -> None:
        self._returns, self._current = returns, current
        self._coefficient = information_coefficient
        self._result: TargetResult | None = None

    def mean_variance_cvar(
        self,
        universe: Iterable[str],
        alpha_scores: Iterable[float],
        *,
        risk_model: str = "shrunk_cov",
        **terms: Any,
    ) -> dict[str, float]:
        """Return the target weight of every symbol that is to be held.

        Parameters
        ----------
        universe, alpha_scores
            The symbols that may be bought, and the score of each, -1 to +1, in the same order.
        risk_model
            "shrunk_cov": the covariance of the returns after Ledoit and Wolf.
        terms
            Every other term of `optimiser.target.mean_variance_cvar`, by its name.

        Raises
        ------
        ConfigurationError
            The risk model is not known.
        DataError
            Symbols and scores do not match, or a score is beyond -1 to +1.
        """
        if risk_model not in RISK_MODELS:
            known = ", ".join(RISK_MODELS)
            raise ConfigurationError(f"risk_model = {risk_model!r}: give {known}")
        scores = _scores(list(universe), list(alpha_scores))
        returns = self._returns.reindex(columns=scores.index.union(self._held(), sort=False))
        alpha = expected_return(
            scores, returns.std().reindex(scores.index), information_coefficient=self._coefficient
        )
        self._result = mean_variance_cvar(
            alpha, returns, self._current, cov=RISK_MODELS[risk_model], **terms
        )
        weights = self._result.weights
        return {str(name): float(weight) for name, weight in weights[weights != 0.0].items()}

    @property
    def result(self) -> TargetResult:
        """Everything about the last target. Raises `DataError` before the first one."""
        if self._result is None:
            raise DataError("there is no target yet: call mean_variance_cvar first")
        return self._result

    @property
    def ex_ante_return(self) -> float:
        """Expected return of one session, a fraction of net asset value, before costs."""
        return self.result.expectation.expected_return

    @property
    def ex_ante_vol(self) -> float:
        """Volatility of one session, a fraction of net asset value."""
        return self.result.expectation.volatility

    def _held(self) -> pd.Index[Any]:
        return pd.Index([]) if self._current is None else self._current.index


def _scores(symbols: list[str], scores: list[float]) -> pd.Series[float]:
    if len(symbols) != len(scores):
        raise DataError(f"{count(len(symbols), 'symbol')} but {count(len(scores), 'score')}")
    column = pd.Series(scores, index=symbols, dtype=float)
    odd = column[column.abs() > 1.0]
    if len(odd):
        raise DataError(
            f"{count(len(odd), 'score')} beyond -1 to +1, for example "
            f"{odd.index[0]}: {odd.iloc[0]:g}; "
            "expected returns go to optimiser.mean_variance_cvar instead"
        )
    return column
