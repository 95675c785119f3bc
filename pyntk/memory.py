"""Too big is a MemoryError, raised before anything large is allocated.

Linux hands out memory that it does not have and kills the process that touches it, so what a call
needs is compared with what there is: ``MemAvailable`` of the machine, the limits of the cgroups
(versions 1 and 2) that the process is in, and RLIMIT_AS; on a CUDA device, what CuPy's pool and the
driver have free. Calls that need less than SMALL are not checked.
"""

from pathlib import Path
from typing import Final

from pyntk.contract import Recipe

SMALL: Final = 64 * 2**20
"""Bytes below which nothing is checked: reading the limits would cost more than a small call."""

WORKING: Final = 32 * 2**20
"""Bytes for the tiles of all threads."""


def require(call: str, needed: int, *, on_device: bool = False, hint: str = "") -> None:
    """Raise MemoryError, with both numbers, if a call needs more bytes than are available."""
    if needed < SMALL:
        return
    available, limit = device_available() if on_device else host_available()
    if needed > available:
        raise MemoryError(
            f"{call} needs {_readable(needed)}, and {_readable(available)} are available ({limit})"
            + (f"; {hint}" if hint else "")
        )


def packed_bytes(backend: str, recipe: Recipe, itemsize: int, d: int, *rows: int) -> int:
    """Return what kernels allocate beside their output, for matrices of so many rows.

    48 bytes for the norm of a row, and with a bias 16 bytes for each layer. The backend cpu packs
    rows by strips, inside WORKING; the others hold one packed copy of each matrix, in float64 where
    the recipe is computed in it.
    """
    biased = recipe.bias_variance > 0
    width = 8 if recipe.depth > 1 or biased or recipe.float64_sums else itemsize
    packed = 0 if backend == "cpu" else d * width
    return sum(rows) * (packed + 48 + 16 * (recipe.depth + 1) * biased) + WORKING


def host_available(root: Path = Path("/")) -> tuple[int, str]:
    """Return the smallest number of bytes that a limit leaves, and the name of the limit."""
    limits = [
        *_of_the_machine(root / "proc"),
        *_of_cgroups(root / "proc", root / "sys/fs/cgroup"),
        *_of_the_address_space(root / "proc"),
    ]
    return min(limits, default=(2**63, "no limit is known"))


def device_available() -> tuple[int, str]:
    """Return the free bytes of the current CUDA device."""
    import cupy

    free = cupy.cuda.runtime.memGetInfo()[0] + cupy.get_default_memory_pool().free_bytes()
    return int(free), "free memory of the CUDA device"


def _of_the_machine(proc: Path) -> list[tuple[int, str]]:
    for line in _lines(proc / "meminfo"):
        if line.startswith("MemAvailable:"):
            return [(1024 * int(line.split()[1]), "MemAvailable of the machine")]
    return []


def _of_cgroups(proc: Path, mounted: Path) -> list[tuple[int, str]]:
    """What each cgroup leaves, from the process's own up to the root of the hierarchy.

    A container often sees its own cgroup as the root, whatever /proc/self/cgroup says, so folders
    that are not there are passed over. File cache counts as free: the kernel gives it back.
    """
    limits = []
    for line in _lines(proc / "self/cgroup"):
        _, controllers, own = line.split(":", 2)
        if controllers == "":
            root, largest, current, cache = mounted, "memory.max", "memory.current", ""
        elif "memory" in controllers.split(","):
            root, largest = mounted / "memory", "memory.limit_in_bytes"
            current, cache = "memory.usage_in_bytes", "total_"
        else:
            continue
        folder = root / own.strip("/")
        for place in (folder, *folder.parents):
            limit, used = _lines(place / largest), _lines(place / current)
            if limit and used and limit[0].isdecimal():
                counts = dict(entry.split() for entry in _lines(place / "memory.stat"))
                files = sum(int(counts.get(f"{cache}{age}_file", 0)) for age in _FILES)
                free = int(limit[0]) - int(used[0]) + files
                limits.append((max(free, 0), f"limit of the cgroup {place}"))
            if place == root:
                break
    return limits


_FILES: Final = ("active", "inactive")


def _of_the_address_space(proc: Path) -> list[tuple[int, str]]:
    try:
        import resource
    except ModuleNotFoundError:  # not Unix
        return []
    limit, used = resource.getrlimit(resource.RLIMIT_AS)[0], _lines(proc / "self/statm")
    if limit == resource.RLIM_INFINITY or not used:
        return []
    return [(max(limit - int(used[0].split()[0]) * resource.getpagesize(), 0), "RLIMIT_AS")]


def _lines(path: Path) -> list[str]:
    """Return the lines of a file; none where it is not there or not readable."""
    try:
        return path.read_text().splitlines()
    except OSError:
        return []


def _readable(count: int) -> str:
    size, unit = float(count), "bytes"
    for larger in ("KiB", "MiB", "GiB", "TiB", "PiB", "EiB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{count} bytes ({size:.1f} {unit})" if unit != "bytes" else f"{count} bytes"
