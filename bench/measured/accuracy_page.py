"""The page of the promises: what was measured, what was promised, and whether it holds."""

from measured import texts
from measured.markdown import about, number, table, verdict
from measured.picture import NAME as PICTURE

TITLE = "# Measured accuracy"
BACKENDS = {"cpu": "cpu", "numba": "numba", "emulator": "cuda, emulated", "cuda": "cuda"}
"""As the page names them."""


def page(result, source="not written"):
    """Return the page of a result, or of None."""
    if result is None:
        return f"{TITLE}\n\n{texts.NO_ACCURACY}\n"
    failed, lines = count(result)
    figures = f"{failed} of {lines} lines do not hold" if failed else f"all {lines} lines hold"
    parts = [
        TITLE,
        texts.ACCURACY.format(figures=figures),
        about(result, source),
        texts.ACCURACY_AGAIN,
        *_devices(result),
        *_smallest(result["smallest_eigenvalues"]),
        *(part for name in texts.TABLES for part in _lines(result, name)),
        *_certificates(result["certificates"]),
    ]
    return "\n\n".join(parts) + "\n"


def count(result):
    """Return how many lines do not hold, and how many there are."""
    verdicts = [
        *(_keeps(line) for name in texts.TABLES for line in result[name]),
        *(_separates(row) for row in result["smallest_eigenvalues"]),
        *(row["contain"] == row["intervals"] for row in result["certificates"]),
    ]
    return verdicts.count(False), len(verdicts)


def _keeps(line):
    """Return whether every backend keeps the promise of a line."""
    figures = line["measured"].values()
    return all(value is not None and value <= line["promised"] for value in figures)


def _separates(row):
    """Return whether the matrix is definite where that is promised, and the interval right."""
    return row["contains"] and (row["pyntk"] > 0 or not row["promised"])


def _devices(result):
    """Say where the CUDA kernels ran, and who is absent."""
    if "cuda" not in result["backends"]:
        emulated = "emulator" in result["backends"]
        yield texts.EMULATED if emulated else "Nothing was measured on a GPU."
    if result["absent"]:
        yield "Absent: " + "; ".join(f"{name} ({why})" for name, why in result["absent"].items())


def _smallest(rows):
    """Return the picture and the table of the smallest eigenvalue."""
    header = ["pairs at", "dtype", "exact", "NumPy's formula", "pyntk", "proved interval", "holds"]
    cells = [
        [
            f"{row['angle']:g} rad",
            row["dtype"],
            *(f"{row[who]:.4g}" for who in ("exact", "numpy", "pyntk")),
            f"{row['lower']:.4g} to {row['upper']:.4g}",
            verdict(_separates(row)) + ("" if row["promised"] else " (interval alone)"),
        ]
        for row in rows
    ]
    yield f"## {texts.SMALLEST_TITLE}"
    yield f"![{texts.SMALLEST_PICTURE}]({PICTURE})"
    yield texts.SMALLEST
    yield table(header, cells)


def _lines(result, name):
    """Return a table with a column for each backend that it has figures of."""
    title, unit, text = texts.TABLES[name]
    lines = result[name]
    backends = [b for b in result["backends"] if any(b in line["measured"] for line in lines)]
    cells = [
        [
            line["what"],
            line["dtype"],
            f"{number(line['promised'])} {unit}".strip(),
            *(number(line["measured"][b]) if b in line["measured"] else "" for b in backends),
            verdict(_keeps(line)),
        ]
        for line in lines
    ]
    yield f"## {title}"
    yield text
    yield table(["", "dtype", "promise", *(BACKENDS[b] for b in backends), "holds"], cells)


def _certificates(rows):
    """Return the table of proved intervals."""
    cells = [
        [
            row["what"],
            f"{row['intervals']} of {row['intervals']}",
            f"{row['contain']} of {row['intervals']}",
            f"{number(row['widest'])} times {row['unit']}",
            verdict(row["contain"] == row["intervals"]),
        ]
        for row in rows
    ]
    yield f"## {texts.CERTIFICATES_TITLE}"
    yield texts.CERTIFICATES
    yield table(["", "promise: contain the exact value", "measured", "widest", "holds"], cells)
