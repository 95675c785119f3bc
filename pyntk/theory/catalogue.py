"""Every routine by its name, source by source."""

from typing import Final

from pyntk.theory import arora, cs839, liang, mei, tian
from pyntk.theory.routine import Routine

SOURCES: Final = {"arora": arora, "cs839": cs839, "liang": liang, "tian": tian, "mei": mei}
"""The packages of routines, in the order in which they run."""

ROUTINES: Final[dict[str, Routine]] = {
    name: value
    for package in SOURCES.values()
    for name in package.__all__
    if isinstance(value := getattr(package, name), Routine)
}


def find(name: str) -> Routine:
    """Return the routine of this name.

    Raises:
        ValueError: there is none; the message names all there are.
    """
    if name not in ROUTINES:
        raise ValueError(f"there is no check {name!r}; there are: {', '.join(ROUTINES)}")
    return ROUTINES[name]
