"""What a search has found, as a table for a person."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any, cast

from deltarule.chain.text import aligned
from deltarule.spelling import plural

MOST, WIDTH = 10, 100
TITLES = {
    "coordinates": "bins", "hidden": "hidden", "activation": "activation", "dropout": "dropout",
    "learning_rate": "rate", "weight_decay": "decay", "batch_size": "batch", "updates": "updates", "epochs": "epochs",
}  # fmt: skip
"""What settings are called above their columns."""


@dataclass(frozen=True)
class Found:
    """What was tried and what came of it, see `deltarule.tune`.

    Attributes
    ----------
    table
        A dict for every recipe that was tried, as `pandas.DataFrame` takes them: its number, 0 for those of the
        default; its settings; the mean loss of rows that its networks have not learnt from, None where it diverged; on
        how many parts (folds, or shares of the rows) it was trained; its seconds; its share in the model. Those that
        came farthest stand first, and of these the best; losses on other parts are of other rows.
    loss, usual_loss
        The mean loss of rows not learnt from: of the model, and of the default. The first flatters itself, for it is
        the best of many by these rows.
    is_interrupted
        Whether Ctrl-C ended the search.
    """

    table: list[dict[str, Any]]
    loss: float
    usual_loss: float
    is_interrupted: bool

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Found:
        """Return what a model's record keeps of a search."""
        return cls(record["tried"], record["loss"], record["usual_loss"], record["is_interrupted"])

    @property
    def is_usual(self) -> bool:
        """Whether the default stays, as nothing was better by more than chance."""
        return all(row["number"] == 0 for row in self.settings)

    @property
    def settings(self) -> list[dict[str, Any]]:
        """The rows of the table that have a share in the model."""
        return [row for row in self.table if row["share"]]

    def text(self, *, width: int = WIDTH, most: int | None = MOST) -> str:
        """Return it for a person: what came of it, in lines of at most `width`, and the table's first `most` rows."""
        return "\n".join([*textwrap.wrap(self.said, width), *self.lines(most)])

    def lines(self, most: int | None = MOST) -> list[str]:
        """Return the first rows of the table as aligned text."""
        names = [name for name in TITLES if any(name in row for row in self.table)]
        shown = self.table[:most]
        head = ["", *(TITLES[name] for name in names), "loss", "parts", "seconds", "share"]
        rows = [
            [
                f"{row['number'] or 'default'}", *(_cell(row.get(name)) for name in names),
                "diverged" if row["loss"] is None else f"{row['loss']:.4g}",
                f"{row['parts']}", f"{row['seconds']:.1f}", f"{row['share']:.2f}" if row["share"] else "",
            ]
            for row in shown
        ]  # fmt: skip
        lines = aligned([head, *rows], 2, range(4, len(head)))
        if len(shown) < len(self.table):
            lines.append(f"  ... and {len(self.table) - len(shown):,} more")
        return lines

    @property
    def said(self) -> str:
        """What came of it, in words."""
        tried = len({row["number"] for row in self.table})
        begun = "The search was interrupted; of " if self.is_interrupted else "Of "
        if tried == 1:
            return f"{begun}the default alone there is nothing to choose."
        if self.is_usual:
            return f"{begun}{plural(tried, 'setting')}, none is better than the default by more than chance; it stays."
        return (
            f"{begun}{plural(tried, 'setting')}, the best have a loss of {self.loss:.4g} on rows not learnt from, the "
            f"default {self.usual_loss:.4g}; as they were chosen by these rows, the loss of new ones will be higher."
        )

    def __str__(self) -> str:
        return self.text()


def _cell(value: Any) -> str:
    """Return a setting as short text."""
    if isinstance(value, list):
        return "-".join(map(_cell, cast("list[Any]", value)))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
