"""The page of the benchmarks: expectations first, then every median, then the GPU."""

from bench_gpu import table as gpu_table
from measured import texts
from measured.markdown import about, table, verdict

from pyntk.bench_report import LIMITS, cells, entries, expectations, rates


def page(cpu, gpu, source="not written"):
    """Return the page of the last results on the CPU and on a GPU; None where there is none."""
    parts = ["# Measured speed", *_cpu(cpu, source), *_gpu(gpu)]
    return "\n\n".join(parts) + "\n"


def _cpu(result, source):
    """Return the parts on the CPU."""
    if result is None:
        yield texts.NO_SPEED
        yield texts.SPEED_AGAIN
        return
    found = entries(result)
    groups = {
        group: [entry for entry in found if entry.group == group]
        for group in dict.fromkeys(entry.group for entry in found)
    }
    expected = [
        [group, each.contender, each.expected, each.measured, verdict(each.held)]
        for group, block in groups.items()
        for each in expectations(block)
    ]
    held = sum(row[-1] == verdict(True) for row in expected)
    met = texts.MET.format(held=held, expected=len(expected)) if expected else texts.NOT_EXPECTED
    yield texts.SPEED.format(contenders=len(found), problems=len(groups), met=met)
    yield about(result, source)
    yield texts.SPEED_AGAIN
    yield from _missing(result)
    if expected:
        yield "## Expectations"
        yield table(["problem", "contender", "expected", "measured", "holds"], expected)
    limits = {group: block for group, block in groups.items() if group.startswith(LIMITS)}
    yield from _medians("Limits of this machine", limits, rates(found))
    others = {group: block for group, block in groups.items() if group not in limits}
    yield from _medians("Every median", others, rates(found))


def _missing(result):
    """Say who did not take part, and whose answer was wrong."""
    absent = result["pyntk"]["absent"]
    if absent:
        yield "Absent: " + "; ".join(f"{name} ({why})" for name, why in absent.items())
    failed = result["failed"]
    if failed is None:
        yield "Whether a contender failed was not recorded."
    elif failed:
        names = "; ".join(f"{contender}, {group}" for group, contender in failed)
        yield f"**Failed, or the answer was wrong**: {names}"


def _medians(title, groups, reached):
    """Return a table for each problem."""
    if groups:
        yield f"## {title}"
    for group, block in groups.items():
        header, *rows = cells(block, reached)
        yield f"### {group.removeprefix(LIMITS + ': ')}"
        yield table(header, rows)


def _gpu(result):
    """Return the parts on a GPU: bench_gpu.py's own table, its title below ours."""
    yield "## On a GPU"
    if result is None:
        yield texts.NO_GPU
        return
    title, rest = gpu_table(result).split("\n\n", 1)
    yield f"{title.removeprefix('# ')}. No times are expected; every answer was checked."
    yield rest.strip()
