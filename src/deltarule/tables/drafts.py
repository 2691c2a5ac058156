"""Drafts: what a column is as long as its texts leave a choice, which the other columns of the table may make."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from deltarule.tables.notations import moments, numbers
from deltarule.tables.schema import ColumnSchema

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Known:
    """What columns whose texts leave no choice tell of the others."""

    has_decimal_comma: bool
    order: moments.Order | None

    @classmethod
    def of(cls, drafts: Iterable[Draft]) -> Known:
        sure = [draft.schema.written for draft in drafts if draft.other is None]
        commas = any(isinstance(one, numbers.Notation) and one.decimal == "," for one in sure)
        points = any(isinstance(one, numbers.Notation) and one.thousands == "," for one in sure)
        orders: set[moments.Order] = {
            one.order for one in sure if isinstance(one, moments.Notation) and one.family == "year last"
        }
        return cls(commas and not points, orders.pop() if len(orders) == 1 else None)


@dataclass(frozen=True)
class Draft:
    """A column's schema, and where its texts leave a choice, what there is to say of the other notation.

    other, texts: that notation, and the texts it is about; row: of the first, as messages call it.
    """

    schema: ColumnSchema
    other: numbers.Notation | moments.Notation | None = None
    texts: pl.Series | None = None
    weights: pl.Series | None = None
    is_told: bool = False
    row: str = ""

    def settled(self, known: Known) -> ColumnSchema:
        """Return the schema with the choice made, by other columns if they tell, and told."""
        assert self.texts is not None
        one = self.schema
        if isinstance(self.other, numbers.Notation):
            found = numbers.found(
                self.texts,
                weights=self.weights,
                has_decimal_comma=known.has_decimal_comma,
                is_told=self.is_told,
                name=one.name,
            )
        else:
            found = moments.found(self.texts, weights=self.weights, known=known.order, is_told=self.is_told)
        assert isinstance(found, (numbers.Found, moments.Found))
        assert found.other is not None
        how = f", {found.how}" if found.how else ""
        said = (
            f"{self.texts[0]!r} in {self.row} may be {found.notation} or {found.other}; taken as "
            f'{found.notation}{how} (--set "{one.name}={one.kind}:{found.other}" takes the other)'
        )
        return replace(one, written=found.notation, notices=(*one.notices, said))
