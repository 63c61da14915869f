"""How returns move together, in the form that is cheapest to use.

A covariance of n names is asked for three things only: its product with weights, the block of a
few names, and its diagonal. None of them needs n x n numbers where n is large.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import pandas as pd
from scipy.linalg import blas

from core.errors import DataError
from optimiser.model.terms import Floats, Key, Places

NOT_NEGATIVE = -1e-9  # least eigenvalue over the largest; below it a matrix is no covariance


class Covariance(Protocol):
    """Covariance of daily returns, (n, n), symmetric and positive semidefinite."""

    def times(self, weights: Floats) -> Floats:
        """Return Sigma w, shape (n,)."""

    def block(self, names: Places) -> Floats:
        """Return the covariance of these names, shape (k, k)."""

    @property
    def mean_variance(self) -> float:
        """The mean of the diagonal."""


class DeferredCovariance:
    """A covariance that is worked out when it is first asked for. A linear programme never asks."""

    def __init__(self, work_out: Callable[[], Covariance]) -> None:
        self._work_out = work_out

    @cached_property
    def _covariance(self) -> Covariance:
        return self._work_out()

    def times(self, weights: Floats) -> Floats:
        """Return Sigma w, shape (n,)."""
        return self._covariance.times(weights)

    def block(self, names: Places) -> Floats:
        """Return the covariance of these names, shape (k, k)."""
        return self._covariance.block(names)

    @property
    def mean_variance(self) -> float:
        """The mean of the diagonal."""
        return self._covariance.mean_variance


@dataclass(frozen=True, slots=True, eq=False)
class GivenCovariance:
    """A covariance as a plain matrix."""

    matrix: Floats  # (n, n)

    def times(self, weights: Floats) -> Floats:
        """Return Sigma w, shape (n,)."""
        return np.asarray(self.matrix @ weights)

    def block(self, names: Places) -> Floats:
        """Return the covariance of these names, shape (k, k)."""
        return np.asarray(self.matrix[np.ix_(names, names)])

    @property
    def mean_variance(self) -> float:
        """The mean of the diagonal."""
        return float(np.diag(self.matrix).mean())


@dataclass(frozen=True, slots=True, eq=False)
class ShrunkCovariance:
    """(1 - shrinkage) * S + shrinkage * mean_variance * I, with S = R'R / T - mean mean'."""

    returns: Floats  # R, (T, n); the scenarios themselves, not a copy
    mean: Floats  # (n,)
    shrinkage: float  # 0 to 1
    mean_variance: float  # of S, and so of the whole

    @property
    def _kept(self) -> float:
        return (1.0 - self.shrinkage) / len(self.returns)

    @property
    def _added(self) -> float:
        return self.shrinkage * self.mean_variance

    def times(self, weights: Floats) -> Floats:
        """Return Sigma w, shape (n,)."""
        moves = self.returns @ weights
        moves -= self.mean @ weights
        return np.asarray(self._kept * (moves @ self.returns) + self._added * weights)

    def block(self, names: Places) -> Floats:
        """Return the covariance of these names, shape (k, k)."""
        some = self.returns[:, names] - self.mean[names]
        block = self._kept * (some.T @ some)
        block.reshape(-1)[:: len(names) + 1] += self._added
        return np.asarray(block)


@dataclass(frozen=True, slots=True, eq=False)
class FactorCovariance:
    """F Omega F' + diag(specific): K factors, and what is each name's own.

    Frames and series are by name; `of` brings them into the order of a problem.
    """

    exposures: pd.DataFrame  # F, (n, K), names by factors
    factors: pd.DataFrame  # Omega, (K, K), covariance of the factors' daily returns
    specific: pd.Series[float]  # (n,), daily variance of each name's own return

    def of(self, names: tuple[Key, ...]) -> Covariance:
        """Return the covariance of these names. Raises `DataError` for one that is not known."""
        f = self.exposures.reindex(index=list(names)).to_numpy(dtype=np.float64)
        own = np.asarray(self.specific.reindex(list(names)), dtype=np.float64)
        omega = self.factors.to_numpy(dtype=np.float64)
        if omega.shape != (f.shape[1], f.shape[1]) or not np.isfinite(omega).all():
            raise DataError(
                f"{f.shape[1]} factors in the exposures, but their covariance has the shape "
                f"{omega.shape}; give one finite row and column for each"
            )
        _check_semidefinite(omega, "the covariance of the factors")
        known = np.isfinite(f).all(axis=1) & np.isfinite(own) & (own >= 0.0)
        _check_known(names, known)
        return _Factors(np.ascontiguousarray(f), (omega + omega.T) / 2.0, own)


@dataclass(frozen=True, slots=True, eq=False)
class _Factors:
    f: Floats
    omega: Floats
    own: Floats  # (n,)

    def times(self, weights: Floats) -> Floats:
        return np.asarray(self.f @ (self.omega @ (weights @ self.f)) + self.own * weights)

    def block(self, names: Places) -> Floats:
        some = self.f[names]
        return np.asarray(some @ self.omega @ some.T + np.diag(self.own[names]))

    @property
    def mean_variance(self) -> float:
        return float((np.einsum("ij,jk,ik->i", self.f, self.omega, self.f) + self.own).mean())


def ledoit_wolf(scenarios: Floats) -> Covariance:
    """Return the covariance shrunk towards equal variances, positive definite for any n and T.

    Parameters
    ----------
    scenarios
        Shape (T, n), daily returns as fractions, finite, T >= 2.

    Returns
    -------
    (1 - delta) * S + delta * mean variance * I, where S is the sample covariance with divisor T
    and delta in [0, 1] minimises the expected squared error (Ledoit and Wolf, 2004, "A
    well-conditioned estimator for large-dimensional covariance matrices"). With more days than
    names the n x n matrix is the smaller form and is kept; otherwise it is never made: the norm
    of S, which delta needs, is that of the T x T matrix of the days' products. Nothing of the
    size of the scenarios is copied: to move that much memory takes longer than the sums.

    >>> scenarios = np.array([[0.01, 0.02], [-0.01, 0.01], [0.0, -0.03]])
    >>> ledoit_wolf(scenarios).block(np.array([0, 1])).round(6).tolist()
    [[0.000182, 1.4e-05], [1.4e-05, 0.000351]]
    """
    days, count = scenarios.shape
    mean = scenarios.mean(axis=0)
    shifts = scenarios @ mean  # r_t'mean
    # Half of R R' or of R'R, whichever is smaller; the norm of both is the same.
    half = blas.dsyrk(1.0, scenarios, trans=int(days >= count), lower=1)
    flat = half.reshape(-1, order="F")  # no copy: LAPACK's arrays lie by columns
    own = flat[:: len(half) + 1]
    squares = own if days < count else np.einsum("ij,ij->i", scenarios, scenarios)
    level = float(mean @ mean)
    sizes = squares - 2.0 * shifts + level  # |x_t|^2 of the centred x_t = r_t - mean
    raw_norm = 2.0 * float(flat @ flat) - float(own @ own)
    # |H G H|^2 with H = I - 11'/T, written out, for G = R R' and G 1 = T * shifts.
    norm = (raw_norm - 2.0 * days * float(shifts @ shifts) + (days * level) ** 2) / days**2
    mean_variance = float(sizes.sum()) / (days * count)
    distance = norm - count * mean_variance**2
    error = (float(sizes @ sizes) / days - norm) / days
    # Without any spread between the variances there is nothing to shrink towards.
    shrinkage = min(1.0, max(0.0, error) / distance) if distance > 0.0 else 0.0
    if days < count:
        return ShrunkCovariance(scenarios, mean, shrinkage, mean_variance)
    sample = (half + np.tril(half, -1).T) / days - np.outer(mean, mean)
    sample *= 1.0 - shrinkage
    sample.reshape(-1, order="A")[:: count + 1] += shrinkage * mean_variance
    return GivenCovariance(np.ascontiguousarray(sample))


def given_covariance(matrix: pd.DataFrame, names: tuple[Key, ...]) -> Covariance:
    """Return a covariance given by name, in the order of a problem.

    Raises `DataError` for a name without a finite row and column, and where the matrix is not
    symmetric or has a negative eigenvalue.
    """
    values = matrix.reindex(index=list(names), columns=list(names)).to_numpy(dtype=np.float64)
    own = np.isfinite(np.diag(values))  # a name left out spoils its column for all others too
    _check_known(names, own if not own.all() else np.isfinite(values).all(axis=1))
    if not np.allclose(values, values.T, rtol=1e-8, atol=1e-14):
        raise DataError("the covariance given is not symmetric; is it transposed or mixed up?")
    _check_semidefinite(values, "the covariance given")
    return GivenCovariance((values + values.T) / 2.0)


def _check_known(names: tuple[Key, ...], known: Floats) -> None:
    unknown = [name for name, yes in zip(names, known, strict=True) if not yes]
    if unknown:
        raise DataError(
            f"the covariance given does not know {len(unknown)} of {len(names)} names, for "
            f"example {unknown[0]!r}; give finite numbers for each, or leave the names out"
        )


def _check_semidefinite(matrix: Floats, what: str) -> None:
    values = np.linalg.eigvalsh((matrix + matrix.T) / 2.0)
    if values[0] < NOT_NEGATIVE * max(abs(values[-1]), 1e-300):
        raise DataError(
            f"{what} has a negative eigenvalue, {values[0]:.3g}, beside {values[-1]:.3g}: some "
            "portfolio would have a negative variance"
        )
