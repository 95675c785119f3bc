"""The results that pages are made of: a small JSON file for each run, bench/results."""

import json
import re
from pathlib import Path

FOLDER = Path(__file__).parent / "results"
KINDS = ("accuracy", "cpu", "gpu")


def default_path(result, folder=FOLDER):
    """Return <date>-<kind>-<machine>.json in a folder."""
    machine = result["machine"]
    name = f"{machine['cpu']} {machine['cores']} cores".lower()
    slug = re.sub(r"[^a-z0-9]+", "-", name).strip("-")
    return folder / f"{result['date']}-{result['kind']}-{slug}.json"


def write(result, path):
    """Write a result; numbers that are none have no place in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def newest(kind, folder=FOLDER):
    """Return the name of the last file of a kind and its result, or (None, None)."""
    found = [
        (result["date"], path.name, result)
        for path in folder.glob("*.json")
        if kind_of(result := json.loads(path.read_text(encoding="utf-8"))) == kind
    ]
    return max(found, key=lambda entry: entry[:2])[1:] if found else (None, None)


def kind_of(result):
    """Return the kind of a result; bench_gpu.py writes the name of the card instead."""
    return result.get("kind", "gpu" if "gpu" in result else None)
