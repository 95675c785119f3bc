"""Options that the routines on training share, admitted or refused by name."""

from typing import Any, Final

from pyntk.theory.counts import admit_count, admit_counts

LABELS: Final = ("true", "random", "worst", "normal")
STARTS: Final = ("antisymmetric", "plain")


def admit_width(start: Any, width: Any, name: str = "width") -> int:
    """Return the width of a network.

    Raises:
        ValueError: no such start; a width below 1, or one that the start cannot have.
        TypeError: no whole number.
    """
    if start not in STARTS:
        raise ValueError(f"start must be one of {', '.join(STARTS)}, not {start!r}")
    m = admit_count(name, width)
    if m % 2 and start == "antisymmetric":
        raise ValueError(f"{name} must be even (neurons come in pairs), not {m}")
    return m


def admit_widths(start: Any, widths: Any) -> tuple[int, ...]:
    """Return the widths of networks, ascending and once each.

    Raises:
        ValueError: no such start; a width below 1, or one that the start cannot have; no width.
        TypeError: no sequence of whole numbers.
    """
    found = admit_counts("widths", widths)
    return tuple(admit_width(start, m, "each of widths") for m in found)


def admit_labels(labels: Any) -> list[str]:
    """Return the kinds of labels, of one kind or several.

    Raises:
        ValueError: none, or one that there is not.
    """
    kinds = [labels] if isinstance(labels, str) else list(labels)
    for kind in kinds:
        if kind not in LABELS:
            raise ValueError(f"labels must be one of {', '.join(LABELS)}, not {kind!r}")
    if not kinds:
        raise ValueError(f"labels must be one or several of {', '.join(LABELS)}")
    return list(dict.fromkeys(kinds))


def admit_one_kind(labels: Any) -> str:
    """Return one kind of labels.

    Raises:
        ValueError: as for :func:`admit_labels`; several.
    """
    kinds = admit_labels(labels)
    if len(kinds) > 1:
        raise ValueError(f"labels must be one kind of labels, not {', '.join(kinds)}")
    return kinds[0]
