"""The benchmark of `scripts/bench`. `main.py` runs it, `plan.py` says what it measures, and `report.py` writes the results."""
