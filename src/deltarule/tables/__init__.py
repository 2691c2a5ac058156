"""Files and DataFrames to arrays, by encoders that are saved with the model."""

from deltarule.tables.columns import Column
from deltarule.tables.encoder import TableEncoder
from deltarule.tables.finding import find
from deltarule.tables.groups import groups_of
from deltarule.tables.model import TableModel
from deltarule.tables.overview import Overview, schema
from deltarule.tables.readers import read_table
from deltarule.tables.schema import Schema
from deltarule.tables.schema_files import read_toml, write_toml
from deltarule.tables.table import Table
from deltarule.tables.targets import ClassTarget, NumberTarget, Target, Task, guess_task, take_target

__all__ = [
    "ClassTarget",
    "Column",
    "NumberTarget",
    "Overview",
    "Schema",
    "Table",
    "TableEncoder",
    "TableModel",
    "Target",
    "Task",
    "find",
    "groups_of",
    "guess_task",
    "read_table",
    "read_toml",
    "schema",
    "take_target",
    "write_toml",
]
