"""How far a study has come, in one number: the volume of what its front dominates, after each trial.

The reference point is a little worse than the worst of the baselines in every objective, and a volume of 1 is what a
trial would dominate that had the best of all baselines everywhere.  So the number says how much better than the answers
that were given the found ones are together, it never falls, and two studies with the same baselines and objectives can
be compared by it.  A trial that is worse than the reference in any objective adds nothing.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from gfplab.study.objectives import Objective

MOST_EXACT = 4  # objectives; with more, the volume is sampled
SAMPLES = 1 << 16  # points of a fixed seed: the standard error is at most 0.2 % of the box that holds the front
MARGIN = 0.1  # of the baselines' range, beyond the worst of them

_SCHEMA = {"number": pl.Int64, "hypervolume": pl.Float64, "front": pl.Int64}


def hypervolume(points: np.ndarray, reference: np.ndarray) -> float:
    """The volume between the reference and the points, less being better in every column; exact.

    points: (n, d), reference: (d,).  Slice by slice: of the points sorted by their last column, each adds a slice whose
    cross-section is what those behind it leave of its own.
    """
    inside = points[(points < reference).all(axis=1)]
    return _volume(_unbeaten(inside), reference)


def _volume(points: np.ndarray, reference: np.ndarray) -> float:
    """The same of points of which none dominates another."""
    if len(points) < 2:
        return float(np.prod(reference - points, axis=1).sum())
    if points.shape[1] == 1:
        return float(reference[0] - points.min())
    if points.shape[1] == 2:
        ordered = points[np.argsort(points[:, 0])]
        above = np.concatenate([reference[1:], ordered[:-1, 1]])
        return float(((reference[0] - ordered[:, 0]) * (above - ordered[:, 1])).sum())
    ordered = points[np.argsort(-points[:, -1])]
    total = 0.0
    for place, point in enumerate(ordered):
        shadow = np.maximum(ordered[place + 1 :, :-1], point[:-1])
        own = float(np.prod(reference[:-1] - point[:-1])) - _volume(_unbeaten(shadow), reference[:-1])
        total += own * float(reference[-1] - point[-1])
    return total


def _unbeaten(points: np.ndarray) -> np.ndarray:
    """The points that no other one dominates, each once."""
    points = np.unique(points, axis=0)
    if len(points) < 2:
        return points
    no_worse = (points[:, None, :] <= points[None, :, :]).all(axis=2)  # of distinct points that is to dominate
    return points[no_worse.sum(axis=0) == 1]


def progress_frame(trials: pl.DataFrame, objectives: Sequence[Objective]) -> pl.DataFrame:
    """number, hypervolume of the feasible trials up to this one, and how many of them nobody beats.

    Empty as long as no baseline is feasible, for there is no reference then.
    """
    if not trials.height:
        return pl.DataFrame(schema=_SCHEMA)
    counted = trials.filter(pl.col("feasible") & (pl.col("state") == "complete"))
    signs = np.array([1.0 if objective.direction == "minimize" else -1.0 for objective in objectives])
    losses = counted.select(o.name for o in objectives).to_numpy().astype(float) * signs
    baselines = losses[(counted["origin"] == "baseline").to_numpy()]
    if not len(baselines):
        return pl.DataFrame(schema=_SCHEMA)
    best, worst = baselines.min(axis=0), baselines.max(axis=0)
    step = np.where(worst > best, worst - best, np.where(worst != 0, np.abs(worst), 1.0)) * MARGIN
    unit = worst + step - best
    places, reference = (losses - best) / unit, np.ones(len(signs))
    measure = _exact if len(signs) <= MOST_EXACT else _sampled
    rows = zip(counted["number"], *measure(places, reference), strict=True)
    return pl.DataFrame(list(rows), schema=_SCHEMA, orient="row")


def _exact(places: np.ndarray, reference: np.ndarray) -> tuple[list[float], list[int]]:
    """After each row: the volume, and the size of the front."""
    volumes, sizes = [], []
    front, volume = places[:0], 0.0
    for place in places:
        beaten = (front <= place).all(axis=1).any()
        if not beaten and (place < reference).all():
            shadow = np.maximum(front[(front < reference).all(axis=1)], place)
            volume += float(np.prod(reference - place)) - _volume(_unbeaten(shadow), reference)
        if not beaten:
            front = np.vstack([front[~(place <= front).all(axis=1)], place])
        volumes.append(volume)
        sizes.append(len(front))
    return volumes, sizes


def _sampled(places: np.ndarray, reference: np.ndarray) -> tuple[list[float], list[int]]:
    """The same by the share of points in the box around the front that some row dominates."""
    ideal = np.minimum(places.min(axis=0), reference)
    box = float(np.prod(reference - ideal))
    points = ideal + np.random.default_rng(0).random((SAMPLES, len(reference))) * (reference - ideal)
    covered = np.zeros(SAMPLES, bool)
    volumes, sizes = [], []
    front = places[:0]
    for place in places:
        if not (front <= place).all(axis=1).any():
            covered |= (points >= place).all(axis=1)
            front = np.vstack([front[~(place <= front).all(axis=1)], place])
        volumes.append(box * float(covered.mean()))
        sizes.append(len(front))
    return volumes, sizes
