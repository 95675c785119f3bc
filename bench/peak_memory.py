"""How much memory a call needs beyond what is there when it begins, at its highest point.

Linux alone: the kernel keeps the highest resident size of a process (VmHWM), every thread's pages
counted, and forgets it on request (proc(5), clear_refs). The figure is good to about 1 MiB. It
imports the standard library alone, for it also runs in the environments of other libraries.
"""

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

OWN = Path("/proc/self")
FORGET_THE_PEAK = "5"


def extra_memory(call: Callable[[], Any]) -> tuple[int, Any]:
    """Return the bytes that a call needed at its highest point, its result included, and that."""
    _give_back_what_is_free()
    (OWN / "clear_refs").write_text(FORGET_THE_PEAK)
    before = _status("VmRSS")
    result = call()
    return max(0, _status("VmHWM") - before), result


def _give_back_what_is_free() -> None:
    """Let malloc return free pages: a call that finds them again would seem to need nothing."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's own
    if trim is not None:
        trim(0)


def _status(field: str) -> int:
    """Return a field of /proc/self/status in bytes."""
    for line in (OWN / "status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return int(value.split()[0]) * 1024
    raise RuntimeError(f"/proc/self/status has no {field}")
