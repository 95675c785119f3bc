"""What both pages have: tables, numbers, and the lines on the machine."""

MISSING = "not recorded"


def table(header, rows):
    """Return a table in Markdown; bars in its cells are no borders."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(
        "| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines
    )


def number(value):
    """Return a figure in three digits."""
    return "none" if value is None else f"{value:.3g}"


def verdict(holds):
    """Return the last cell of a line."""
    return "yes" if holds else "**no**"


def about(result, source):
    """Return the table of when, on what and with what a result was measured.

    Args:
        source: the name of the result's file in bench/results.
    """
    machine = {name: value or MISSING for name, value in result["machine"].items()}
    versions = [f"{name} {machine[name.lower()]}" for name in ("Python", "NumPy", "SciPy")]
    date = result["date"] + (", a quick run: small problems" if result["quick"] else "")
    rows = [
        ("date", date),
        ("machine", f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}"),
        ("threads", f"{machine['threads']}"),
        ("pyntk", f"{machine['pyntk']}, commit {machine['commit']}"),
        ("instruction set of the kernels", machine["instruction_set"]),
        ("compiler", machine["compiler"]),
        ("packages", ", ".join(versions)),
        ("LAPACK of `eigh` and the solves", machine["lapack"]),
        ("figures", f"`bench/results/{source}`"),
    ]
    variables = result["machine"].get("variables") or {}
    if variables:
        setting = ", ".join(f"`{name}={value}`" for name, value in variables.items())
        rows.insert(-1, ("variables of the environment", setting))
    return table(("", ""), rows)
