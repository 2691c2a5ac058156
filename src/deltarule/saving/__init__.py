"""Models and estimators to files and back: what each kind keeps, in the container of `deltarule.files`."""

from deltarule.saving.models import load, open_table, save

__all__ = ["load", "open_table", "save"]
