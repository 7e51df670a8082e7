"""Numbers to lines of text."""

from __future__ import annotations

from collections.abc import Sequence


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0..1) of the values do not exceed (nearest rank); nan for none."""
    if not values:
        return float("nan")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered) + 0.5) - 1))]


def distribution(values: Sequence[float]) -> dict[str, float]:
    return {
        "n": len(values),
        "median": round(percentile(values, 0.5), 1),
        "p95": round(percentile(values, 0.95), 1),
        "max": round(max(values, default=float("nan")), 1),
    }


def line(name: str, values: Sequence[float], unit: str = "ms", goal: str = "") -> str:
    d = distribution(values)
    return f"  {name:<44} n={d['n']:<4} median {d['median']:>7.1f}  p95 {d['p95']:>7.1f}  max {d['max']:>7.1f} {unit}  {goal}"
