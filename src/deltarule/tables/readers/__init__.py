"""Files to tables: what a file is, is found by its contents; what is done on the way is told.

sources     where the bytes come from: a file, a pattern, standard input; file::part
contents    what they are, by the first of them; unfolding for compressed ones
decoding, dialects, places, quoting     a text's encoding, delimiter and quotes
layout, header, headings     its first row, its names, what stands under them
texts, regular, irregular, singly, cleaning     texts to columns, by Polars or row by row
frames, jsons, workbooks, databases     the other formats; grids, values for what comes as Python's values
"""

from deltarule.tables.readers.front import read_table

__all__ = ["read_table"]
