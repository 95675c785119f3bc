"""The lines as tables to be read, and what is remarkable about them in sentences."""

WITHIN = (0.5, 2.0)
"""Measured over model: outside of this a sentence says so."""

HEAD = (
    "n", "time, model", "measured", "ratio", "memory, model", "measured", "ratio", "",
)  # fmt: skip


def table(way, title, law, lines):
    """Return the lines of a way as a Markdown table under its title and law."""
    rows = [_cells(line) for line in lines if line.way == way]
    widths = [max(map(len, column)) for column in zip(HEAD, *rows, strict=True)]
    ruled = ["-" * (width - 1) + ":" for width in widths[:-1]] + ["-" * max(3, widths[-1])]
    shown = [
        "| " + " | ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in (HEAD, ruled, *rows)
    ]
    return "\n".join([f"{title}: {law}", "", *shown])


def remarks(lines):
    """Return a sentence for each way and quantity that was not as the model says."""
    least, most = WITHIN
    found = []
    for way in dict.fromkeys(line.way for line in lines):
        for quantity in ("seconds", "bytes"):
            ratios = {line.n: ratio(line, quantity) for line in lines if line.way == way}
            low = {n: r for n, r in ratios.items() if r is not None and r < least}
            high = {n: r for n, r in ratios.items() if r is not None and r > most}
            found += [
                f"{way}: the {_NAMES[quantity]} at n = {', '.join(f'{n:,}' for n in outside)} is "
                f"{_range(outside.values())} times the model's, outside [{least:g}, {most:g}]; "
                f"{_WHY[quantity, outside is high]}."
                for outside in (low, high)
                if outside
            ]
    return found


_NAMES = {"seconds": "time", "bytes": "memory"}
_WHY = {
    ("seconds", False): "the constants were measured while the machine was busier, or the law is "
    "too pessimistic here",
    ("seconds", True): "the machine was busier than when the constants were measured or slow to "
    "hand out memory, or the law does not hold here",
    ("bytes", False): "what is announced is an upper bound, with room for the tiles of all threads "
    "however few the rows are",
    ("bytes", True): "more was needed than is announced",
}


def ratio(line, quantity):
    """Return measured over model, "seconds" or "bytes"; None where nothing was measured."""
    value = getattr(line, quantity)
    return None if value is None else value / getattr(line, f"model_{quantity}")


def readable_seconds(value):
    """Return seconds with a unit, to two digits."""
    for unit, size in (("h", 3600), ("min", 60), ("s", 1), ("ms", 1e-3), ("us", 1e-6)):
        if value >= size * (2 if size > 1 else 1):
            return f"{_two_digits(value / size)} {unit}"
    return f"{_two_digits(value / 1e-9)} ns"


def readable_bytes(value):
    """Return bytes with a unit, to two digits."""
    units = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
    power = 0
    while value >= 1000 and power < len(units) - 1:
        value, power = value / 1024, power + 1
    return f"{_two_digits(value)} {units[power]}"


def _two_digits(value):
    return f"{value:.1f}" if value < 9.95 else f"{value:.0f}"


def _cells(line):
    cells = [f"{line.n:,}"]
    for quantity, readable in (("seconds", readable_seconds), ("bytes", readable_bytes)):
        for value in (getattr(line, f"model_{quantity}"), getattr(line, quantity)):
            there = value is not None
            cells.append(f"{readable(value)} ({readable(value / line.n)})" if there else "")
        share = ratio(line, quantity)
        cells.append("" if share is None else f"{share:.2f}")
    return (*cells, line.note if line.seconds is not None else f"model only: {line.note}")


def _range(values):
    least, most = min(values), max(values)
    return f"{least:.2g}" if f"{least:.2g}" == f"{most:.2g}" else f"{least:.2g} to {most:.2g}"
