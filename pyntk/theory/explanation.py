"""What ``pyntk explain`` found: a report with a heading and a picture of its own."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyntk.theory.report import Report
from pyntk.theory.table import short

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, repr=False)
class Explanation(Report):
    """The claims, the measurements, and the series behind them.

    Its series: spectrum (``eigenvalues``, ``projection_*``), training (``steps``, ``residual_*``,
    ``predicted_residual_*``, ``distance_*``, ``predicted_distance_*``, ``recorded_steps``,
    ``flips_*``, ``movement_*``) and noise (``portions``, ``complexity``, ``error``, ``loss``,
    ``absolute``: one row per portion, one column per draw); ``*`` is ``true`` or ``random``, for
    the labels.
    """

    def plot(self) -> "Figure":
        """Return the four-panel figure; ``.savefig(path)`` writes it.

        Raises:
            ModuleNotFoundError: matplotlib is not installed; the message says how to install it.
        """
        from pyntk.plot import explanation_figure

        return explanation_figure(self)

    def legend(self) -> str:
        """Return what the short names in the table stand for."""
        return (
            "true, random: the network trained on true, on random labels. "
            "Arora: arXiv 1901.08584. Du: arXiv 1810.02054."
        )

    def heading(self) -> list[str]:
        """Return what was looked at, one fact a line."""
        data, chosen = self.data, self.settings
        return [
            f"{data['name']}: n = {data['n']} training rows, {data['held_out']} held out, "
            f"d = {data['d']}",
            f"rows: {data['duplicates']} duplicates ({data['conflicting']} with another label) and "
            f"{data['zero_rows']} zero rows dropped; {data['near_parallel']} near-parallel and "
            f"{data['antipodal']} antipodal pairs; least angle {short(data['least_angle'])} rad",
            f"H: lambda_max = {short(data['lambda_max'])}, "
            f"lambda_0 = {short(data['lambda_0'])}, condition = {short(data['condition'])}",
            f"labels: the 10 leading eigenvectors hold {data['top_ten_true']:.0%} of the true "
            f"labels and {data['top_ten_random']:.0%} of the random ones (squared norm)",
            f"network: m = {chosen['width']}, k = 0 .. {chosen['steps']}, "
            f"eta = {chosen['eta']:.4g} = 1/lambda_max, epsilon = {chosen['epsilon']:g}, "
            f"delta = {chosen['delta']:g}, seed {chosen['seed']}, backend {chosen['backend']}",
        ]
