"""Write the log of an invented model that values homes: cheap homes too high, dear ones too low, as such models often do.

Each valuation comes with the interval in which nine of ten sales should lie. The sale, three weeks to three months later, tells the price.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

DATA = Path(__file__).resolve().parent / "data"
HOMES, DAYS = 6_000, 180


def main() -> None:
    """Draw homes, value them, sell them, and log it."""
    draw = np.random.default_rng(5)
    area = draw.choice(["old town", "riverside", "hills"], HOMES, p=[0.4, 0.35, 0.25])
    size = np.exp(draw.normal(4.4, 0.35, HOMES))
    rooms = np.clip((size / 24 + draw.normal(0, 0.7, HOMES)).round(), 1, 9).astype(int)
    level = np.select([area == "riverside", area == "hills"], [0.85, 1.5], 1.0)  # thousands for a square metre, against the old town's 3
    day = np.sort(draw.integers(0, DAYS, HOMES))
    boom = np.where(day > 120, 1 + 0.0008 * (day - 120), 1.0)  # prices rise after the fourth month, and the model does not know
    price = 3.0 * level * size * np.exp(draw.normal(0, 0.13, HOMES)) * boom
    mean = np.log(3.0 * level * size)
    value = np.exp(mean - 0.3 * (mean - mean.mean()))  # drawn towards the middle
    start, hour = pd.Timestamp("2026-01-05"), draw.integers(28_800, 64_800, HOMES)
    known = day + draw.integers(21, 90, HOMES)
    homes = pd.DataFrame({
        "home": np.arange(HOMES),
        "valued_at": start + pd.to_timedelta(day * 86_400 + hour, "s"),
        "area": area,
        "size": size.round(1),
        "rooms": rooms,
        "value": value.round(1),
        "value_low": (value * 0.78).round(1),
        "value_high": (value * 1.27).round(1),
    })  # fmt: skip
    sold = known < DAYS
    sales = pd.DataFrame({"home": homes["home"], "price": price.round(1), "sold_at": start + pd.to_timedelta(known, "D")})
    DATA.mkdir(exist_ok=True)
    homes.to_parquet(DATA / "valuations.parquet", index=False)
    sales[sold].to_csv(DATA / "sales.csv", index=False)
    print(f"Logged {HOMES:,} valuations and {int(sold.sum()):,} sales in {DATA}")


if __name__ == "__main__":
    main()
