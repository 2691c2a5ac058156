"""The display of a fit's course, in the manner of scikit-learn's displays."""

# pyright: basic
# scikit-learn's classes carry no types.

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from sklearn.utils.validation import check_is_fitted

from deltarule.errors import lacking


class LossCurveDisplay:
    """The losses of a fit by epoch and, where examples were watched, their scores on an axis of their own.

    Make it with `from_estimator`, or with an estimator's `plot_loss_curve`.

    Parameters
    ----------
    loss : sequence of float
        Training loss of every epoch.
    validation_loss : sequence of float or None
        Loss of the examples watched.
    validation_scores : sequence of float or None
        Their scores.
    best_epoch : int or None
        Counted from 1: where the weights come from that early stopping restored.
    name : str
        What is plotted.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Has the losses.
    score_ax_ : matplotlib Axes or None
        Has the scores, to the right.
    figure_ : matplotlib Figure
    lines_ : list of matplotlib lines

    Examples
    --------
    >>> from deltarule import MLPRegressor
    >>> model = MLPRegressor(max_iter=20, tol=0.1, n_iter_no_change=3, random_state=0).fit([[0.0], [1.0]], [0.0, 1.0])
    >>> display = LossCurveDisplay.from_estimator(model)
    >>> len(display.lines_[0].get_xdata()) == model.n_iter_
    True
    """

    def __init__(
        self,
        *,
        loss: Sequence[float],
        validation_loss: Sequence[float] | None = None,
        validation_scores: Sequence[float] | None = None,
        best_epoch: int | None = None,
        name: str = "",
    ) -> None:
        self.loss = loss
        self.validation_loss = validation_loss
        self.validation_scores = validation_scores
        self.best_epoch = best_epoch
        self.name = name

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None, **line: Any) -> Self:
        """Plot the course of a fitted estimator, of deltarule or a perceptron of scikit-learn.

        Raises
        ------
        NotFittedError
            It is not fitted.
        """
        check_is_fitted(estimator)
        scores = getattr(estimator, "validation_scores_", None)
        best = getattr(estimator, "best_validation_score_", None)
        best_epoch = getattr(estimator, "best_epoch_", None)
        return cls(
            loss=estimator.loss_curve_,
            validation_loss=getattr(estimator, "validation_loss_curve_", None),
            validation_scores=scores,
            best_epoch=scores.index(best) + 1 if scores and best in scores else best_epoch,
            name=type(estimator).__name__,
        ).plot(ax=ax, **line)

    def plot(self, ax: Any = None, **line: Any) -> Self:
        """Draw, on axes of matplotlib or on new ones; `line` goes to `Axes.plot`."""
        try:
            import matplotlib.pyplot as plt
        except ImportError:
            raise lacking("a plot", "matplotlib", "app") from None

        if ax is None:
            _, ax = plt.subplots(layout="constrained")
        self.ax_, self.figure_, self.score_ax_ = ax, ax.figure, None
        self.lines_ = self._line(ax, self.loss, {"label": "training loss", **line})
        if self.validation_loss:
            self.lines_ += self._line(ax, self.validation_loss, {"label": "validation loss", **line})
        if self.validation_scores:
            self.score_ax_ = ax.twinx()
            style = {"label": "validation score", "color": "C2", "linestyle": "--", **line}
            self.lines_ += self._line(self.score_ax_, self.validation_scores, style)
            self.score_ax_.set_ylabel("score")
        if self.best_epoch is not None:
            label = f"best epoch, {self.best_epoch}"
            self.lines_.append(ax.axvline(self.best_epoch, color="0.6", linewidth=1.0, label=label))
        ax.set(xlabel="epoch", ylabel="loss", title=self.name)
        if len(self.lines_) > 1:
            ax.legend(handles=self.lines_, loc="center right")
        return self

    @staticmethod
    def _line(ax: Any, values: Sequence[float], style: dict[str, Any]) -> list[Any]:
        return ax.plot(range(1, len(values) + 1), values, **style)


class Plotted:
    """An estimator whose course can be plotted."""

    def plot_loss_curve(self, *, ax: Any = None, **line: Any) -> LossCurveDisplay:
        """Plot the training loss by epoch and, where examples were watched or held out, their loss and scores.

        Parameters
        ----------
        ax
            Axes of matplotlib; None makes new ones.
        line
            Passed to `matplotlib.axes.Axes.plot`.

        Returns
        -------
        LossCurveDisplay
        """
        return LossCurveDisplay.from_estimator(self, ax=ax, **line)
