"""Measured figures: targets, table, JSON file."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.table import Table

from local.package import ROOT

RESULT = ROOT / "build" / "bench.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured number.

    - `peer`: what it is compared with; `peer_value`: its value
    - `bound`: the target
    """

    name: str
    value: float
    unit: str
    better: Literal["higher", "lower"]
    peer: str | None = None
    peer_value: float | None = None
    bound: float | None = None

    @property
    def missed(self) -> bool:
        """True if the value misses its target."""
        if self.bound is None:
            return False
        return self.value < self.bound if self.better == "higher" else self.value > self.bound


def write(figures: Sequence[Figure], path: Path = RESULT) -> None:
    """Write all figures as a JSON list, rounded to four significant digits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        {name: _rounded(value) if isinstance(value, float) else value for name, value in asdict(figure).items()}
        for figure in figures
    ]
    path.write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")


def show(console: Console, figures: Sequence[Figure]) -> None:
    """Print all figures as a table. Missed targets are red."""
    table = Table(title="bench", title_justify="left")
    table.add_column("figure")
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("target", justify="right", no_wrap=True)
    table.add_column("compared with")
    for figure in figures:
        sign = "≥" if figure.better == "higher" else "≤"
        table.add_row(
            figure.name,
            f"{_rounded(figure.value):g} {figure.unit}".rstrip(),
            "" if figure.bound is None else f"{sign} {_rounded(figure.bound):g}",
            "" if figure.peer_value is None else f"{_rounded(figure.peer_value):g}: {figure.peer}",
            style="red" if figure.missed else None,
        )
    console.print(table)


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
