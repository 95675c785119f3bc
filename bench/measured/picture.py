"""The smallest eigenvalue against the angle, as a picture made of text (SVG).

Written by hand, so that the same figures give the same bytes with any version of anything.
"""

import math

NAME = "measured_smallest_eigenvalue.svg"
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 420, 70, 20, 44, 84
LEAST, MOST = -15, -1  # decades of eigenvalues
NARROWEST, WIDEST = -14, -1  # decades of angles
COLOURS = {"exact": "#888888", "pyntk": "#0a7d5a", "numpy": "#c8321e"}
FLOOR = HEIGHT - BOTTOM + 22
"""The height at which eigenvalues that are not positive stand."""


def picture(rows, dtype="float64"):
    """Return the SVG of one dtype."""
    rows = sorted((row for row in rows if row["dtype"] == dtype), key=lambda row: row["angle"])
    line = " ".join(f"{_x(row['angle']):.1f},{_y(row['exact']):.1f}" for row in rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="13" fill="#333333">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        *_grid(),
        f'<polyline points="{line}" fill="none" stroke="{COLOURS["exact"]}" stroke-width="2"/>',
        *(_mark("numpy", row) for row in rows),
        *(_mark("pyntk", row) for row in rows),
        *_legend(dtype),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _x(angle):
    share = (math.log10(angle) - NARROWEST) / (WIDEST - NARROWEST)
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _y(value):
    if value <= 0:
        return FLOOR
    share = (max(math.log10(value), LEAST) - LEAST) / (MOST - LEAST)
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _grid():
    """Draw a line for every second decade, and the strip of what is not positive."""
    for decade in range(LEAST, MOST + 1, 2):
        y = _y(10.0**decade)
        yield f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#e4e4e4"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">1e{decade}</text>'
    for decade in range(NARROWEST, WIDEST + 1, 2):
        x = _x(10.0**decade)
        yield f'<path d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#e4e4e4"/>'
        yield f'<text x="{x:.1f}" y="{HEIGHT - 32}" text-anchor="middle">1e{decade}</text>'
    top = FLOOR - 12
    yield f'<rect x="{LEFT}" y="{top}" width="{WIDTH - LEFT - RIGHT}" height="24" fill="#f7e6e3"/>'
    yield f'<text x="{LEFT - 8}" y="{FLOOR + 4}" text-anchor="end">&#8804; 0</text>'
    middle = (LEFT + WIDTH - RIGHT) / 2
    title = "angle of the pairs (rad)"
    yield f'<text x="{middle:.0f}" y="{HEIGHT - 10}" text-anchor="middle">{title}</text>'


def _mark(who, row):
    """Draw a disc of pyntk's, a cross of NumPy's."""
    x, y = _x(row["angle"]), _y(row[who])
    if who == "pyntk":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{COLOURS[who]}"/>'
    path = f"M{x - 6:.1f} {y - 6:.1f}l12 12m0 -12l-12 12"
    return f'<path d="{path}" stroke="{COLOURS[who]}" stroke-width="2.5" fill="none"/>'


def _legend(dtype):
    """Say what is what, above the picture."""
    names = {
        "exact": f"smallest eigenvalue, {dtype}: exact",
        "pyntk": "pyntk (discs)",
        "numpy": "NumPy's arccos formula (crosses)",
    }
    x = LEFT
    for who, text in names.items():
        yield f'<rect x="{x}" y="16" width="12" height="12" fill="{COLOURS[who]}"/>'
        yield f'<text x="{x + 18}" y="27">{text}</text>'
        x += 40 + 7 * len(text)
