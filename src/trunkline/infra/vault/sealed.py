"""Where sealed values stand. Every capability declares its columns; `bootstrap` puts the declarations together.

Rotation, `trunkline vault status` and `trunkline verify` go through what is declared and through nothing else,
so a column that is missing from it would keep its old data keys for ever. An architecture test looks for such.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from trunkline.infra.vault.envelope import Context

INSTANCE = "instance"  # the tenant of what belongs to no organization

_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedColumn:
    """A column whose values the vault sealed; null where there is none.

    Attributes:
        table, column: where it is; part of what every value is sealed for, unless it has another home.
        row_id: the column that names the row.
        tenant: the column with whose data key seals; null there means the instance itself.
        generation: the column that counts how often the value was given, or the same number for every row
            where a value is never given anew.
        flag: a column that is 1 where the value is sealed, where some rows hold plain text.
        home: where the values were moved or copied from as they were, and are still sealed for.
        home_row: the column that names the row there.
    """

    table: str
    column: str
    row_id: str = "id"
    tenant: str = "organization_id"
    generation: str | int = "generation"
    flag: str | None = None
    home: SealedColumn | None = None
    home_row: str | None = None

    def __post_init__(self) -> None:
        """Refuse what is no plain name: the names become part of SQL.

        Raises:
            ValueError: a name is not made of lower-case letters, digits and underscores, or only one of
                `home` and `home_row` is given.
        """
        names = [self.table, self.column, self.row_id, self.tenant]
        names += [name for name in (self.generation, self.flag, self.home_row) if isinstance(name, str)]
        for name in names:
            if _NAME.fullmatch(name) is None:
                raise ValueError(f"{name!r} is no name of a table or column")
        if (self.home is None) != (self.home_row is None):
            raise ValueError(f"{self} takes both home and home_row, or neither")

    def place(self, row_id: str, generation: int | None = None) -> Context:
        """What the value of one row (of the home, where it has one) is sealed for.

        Args:
            row_id: names the row.
            generation: of the value; need not be given where it is fixed.

        Raises:
            ValueError: the row id cannot be part of a place, or the generation is missing or another one than
                the fixed one.
        """
        fixed = self.generation if isinstance(self.generation, int) else None
        counted = fixed if generation is None else generation
        if counted is None or (fixed is not None and counted != fixed):
            raise ValueError(f"{self} takes a generation of {'its own' if fixed is None else fixed}")
        home = self.home or self
        return Context(home.table, row_id, home.column, counted)

    def __str__(self) -> str:
        return f"{self.table}.{self.column}"


def completed(template: str, column: SealedColumn) -> str:
    """A statement of `queries` that is open about the column, for this one."""
    counted = column.generation
    held = f"t.{column.column} IS NOT NULL" + (f" AND t.{column.flag} = 1" if column.flag else "")
    return template.format(
        table=column.table,
        column=column.column,
        row=column.row_id,
        home=column.home_row or column.row_id,
        tenant=column.tenant,
        generation=f"t.{counted}" if isinstance(counted, str) else counted,
        held=held,
    )
