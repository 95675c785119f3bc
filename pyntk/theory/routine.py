"""A theory check as people call it: a function that returns a report, with two presets."""

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, Final

from pyntk.theory.report import Report
from pyntk.theory.watch import Watch

PRESETS: Final = ("quick", "paper")


class Routine:
    """A function that lays a claim beside a measurement, and how it is called.

    ``routine(*arguments, preset="quick", progress=False, **options)`` returns the
    :class:`~pyntk.theory.report.Report`. The defaults of the options are those of ``quick``, under
    a minute on two cores; ``preset="paper"`` takes the paper's sizes where an option is not given.
    ``progress`` is True for a bar on standard error, or a callable(done, total).

    Attributes:
        name: as ``pyntk check`` knows it.
        source: the short name of the paper, the package that the routine lives in.
        claim: what is claimed, the first line of the docstring.
        options: the names of the options, in order.
    """

    def __init__(self, function: Callable[..., Report], paper: Mapping[str, Any]):
        functools.update_wrapper(self, function)
        self._function, self._paper = function, dict(paper)
        self.name: str = function.__name__
        self.source: str = function.__module__.split(".")[-2]
        first = (function.__doc__ or "").split("\n")[0]
        self.claim: str = first.replace("\\|", "|")  # the norms of a raw docstring
        parameters = inspect.signature(function).parameters.values()
        self.options = tuple(p.name for p in parameters if p.name != "watch")
        strange = set(paper) - set(self.options)
        if strange:
            raise TypeError(f"{self.name}: the preset paper sets {strange}, which are no options")
        self.__signature__ = _shown(function)

    def __call__(
        self,
        *arguments: Any,
        preset: str = "quick",
        progress: bool | Callable[[float, float], object] = False,
        **options: Any,
    ) -> Report:
        """Run; see the class and the docstring of the function.

        Raises:
            ValueError: there is no such preset.
            TypeError: there is no such option.
        """
        if preset not in PRESETS:
            raise ValueError(f"preset must be one of {', '.join(PRESETS)}, not {preset!r}")
        for name in options:
            if name not in self.options:
                raise TypeError(
                    f"{self.name} has no option {name!r}; it has {', '.join(self.options)}"
                )
        given = self.options[: len(arguments)]
        chosen = {k: v for k, v in self._paper.items() if preset == "paper" and k not in given}
        with Watch(progress) as watch:
            return self._function(*arguments, watch=watch, **{**chosen, **options})


def routine(**paper: Any) -> Callable[[Callable[..., Report]], Routine]:
    """Make a function a :class:`Routine`; the arguments are the options of the preset ``paper``.

    The function takes ``watch``, a :class:`~pyntk.theory.watch.Watch`, as a keyword, beside its
    options, all of which have defaults; the first line of its docstring is its claim.
    """
    return lambda function: Routine(function, paper)


def _shown(function: Callable[..., Report]) -> inspect.Signature:
    """Return the signature that help() shows."""
    signature = inspect.signature(function)
    own = [p for p in signature.parameters.values() if p.name != "watch"]
    keyword = inspect.Parameter.KEYWORD_ONLY
    own += [
        inspect.Parameter("preset", keyword, default="quick", annotation=str),
        inspect.Parameter("progress", keyword, default=False, annotation=bool),
    ]
    return signature.replace(parameters=own)
