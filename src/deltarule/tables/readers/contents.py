"""What a file is, by its first bytes; and a sentence for what is no table."""

from __future__ import annotations

import re

from deltarule.errors import DataError

COMPRESSED = {
    b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\0": "xz", b"\x28\xb5\x2f\xfd": "zstd",
}  # fmt: skip
READABLE = {
    b"PAR1": "parquet", b"ARROW1": "arrow", b"\xff\xff\xff\xff": "arrow stream", b"SQLite format 3\0": "sqlite",
    b"PK\x03\x04": "zip", b"PK\x05\x06": "zip", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "ole",
}  # fmt: skip
SAVE_AS = "save the table as CSV or Parquet"
FOREIGN = {
    b"%PDF": ("a PDF document", "copy the table out of it into a CSV file"),
    b"\x89PNG": ("a PNG image", "give the table itself"),
    b"\xff\xd8\xff": ("a JPEG image", "give the table itself"),
    b"GIF8": ("a GIF image", "give the table itself"),
    b"II*\0": ("a TIFF image", "give the table itself"),
    b"MM\0*": ("a TIFF image", "give the table itself"),
    b"RIFF": ("a sound, film or image", "give the table itself"),
    b"\x93NUMPY": ("an array of NumPy", "write it with numpy.savetxt(path, array, delimiter=\",\")"),
    b"\x89HDF": ("an HDF5 file", "write the table in it with pandas: frame.to_parquet(path)"),
    b"CDF": ("a NetCDF file", SAVE_AS),
    b"FEA1": ("a Feather file of version 1", "write it again with frame.to_feather(path)"),
    b"ORC": ("an ORC file", SAVE_AS),
    b"Obj\x01": ("an Avro file", SAVE_AS),
    b"RDX": ("data saved by R", "write them in R with write.csv(data, path, row.names=FALSE)"),
    b"X\n\0": ("data saved by R", "write them in R with write.csv(data, path, row.names=FALSE)"),
    b"$FL": ("a file of SPSS", SAVE_AS),
    b"<stata_dta>": ("a file of Stata", SAVE_AS),
    b"7z\xbc\xaf": ("a 7z archive", "unpack it first"),
    b"Rar!": ("a RAR archive", "unpack it first"),
    b"\x7fELF": ("a program", "give a table"),
    b"MZ\x90": ("a program", "give a table"),
    b"{\\rtf": ("a text document (RTF)", "copy the table out of it into a CSV file"),
    b"version https://git-lfs": ("a pointer of Git LFS to the file", "fetch the file itself: git lfs pull"),
}  # fmt: skip
JSONS = ".json", ".ndjson", ".jsonl", ".geojson", ".ipynb"
_HTML = re.compile(
    rb"\s*(?:<!--.*?-->\s*)?<(?:!doctype\s+html|html|head|body|table|meta|script)\b", re.I | re.S
)
_PICKLE = re.compile(rb"\x80[\x02-\x05](?:\x95.{8})?[\x28-\x7d\x8c\x8e\x94(c]", re.S)
_SQL = r"\s*(?:(?:--[^\n]*|/\*.*?\*/)?\s*)*(?:create\s+table|insert\s+into|pragma\s|begin\s+transaction)\b"
_MAIL = r"From [^\n]*\n|(?:[A-Z][\w-]*: [^\n]*\n){3,}\n"
_XML = r"\s*<\?xml|\s*<[A-Za-z][\w:.-]*(?:\s+[\w:.-]+=[\"'][^<>]*)?>\s*<"
_TEXT_FORMS = (
    (r"\s*(?:%[^\n]*\n\s*)*@relation\b", "an ARFF file of Weka",
     "take the lines below @data into a CSV file, with a header line of the names"),
    (_XML, "XML", SAVE_AS),
    (_SQL, "a script of SQL", "run it in a database and give that: sqlite3 data.db < script.sql"),
    (r"(?:diff [^\n]*\n(?:[^\n]*\n){0,3})?--- [^\n]*\n\+\+\+ [^\n]*\n@@ ", "a difference of two files",
     "give the files themselves"),
    (r"(?:%[^\n]*\n|\s)*\\(?:begin|documentclass)\{", "a document of LaTeX", "write the table in it as CSV"),
    (r"\s*\*{3,} 1\. row \*{3,}", "a query's answer a line a field", "end the query with ; in place of \\G"),
    (r"(?:[#;][^\n]*\n|\s)*\[+[\w. -]+\]+[ \t]*\n\s*[\w.-]+ ?= ?", "a file of settings (INI or TOML)", SAVE_AS),
    (r"(?:---[^\n]*\n)?- [\w -]+: [^\n]*\n  [\w -]+:", "YAML", SAVE_AS),
    (r"(?:[-+\d.eE]+(?: \d+:[-+\d.eE]+)+ *\n){2}", "sparse data of LIBSVM", SAVE_AS),
    (_MAIL, "a mail or a web server's answer", "take the table out of it"),
)  # fmt: skip


def form(content: bytes) -> str | None:
    """Return the format of a binary file, by what it begins with.

    >>> form(b"PAR1..."), form(b"a,b")
    ('parquet', None)
    """
    for magic, kind in (COMPRESSED | READABLE).items():
        if content.startswith(magic):
            return kind
    if content[8:12] == b"DUCK":
        return "duckdb"
    return None


def refuse_foreign(content: bytes, name: str) -> None:
    """Raise a DataError for what is known to be no table."""
    for magic, (what, advice) in FOREIGN.items():
        if content.startswith(magic):
            raise DataError(f"{name} is {what}, not a table; {advice}.")
    if content[257:262] == b"ustar":
        raise DataError(f"{name} is a tar archive; unpack it first (tar -xf) and give the table in it.")
    if _HTML.match(content[:4096]):
        raise DataError(
            f"{name} is a web page (HTML), not a table; fetch the file itself (often named raw or "
            "download), not the page "
            "that shows it."
        )
    if _PICKLE.match(content[:16]) and b"," not in content[:2]:
        raise DataError(
            f"{name} is a pickle of Python, which may run any program when it is opened; write the table with "
            "frame.to_parquet(path)."
        )


def refuse_foreign_text(text: str, name: str) -> None:
    """Raise a DataError for texts that are known to be no table."""
    for pattern, what, advice in _TEXT_FORMS:
        if re.match(pattern, text, re.I if pattern is not _MAIL else 0):
            raise DataError(f"{name} is {what}, not a table; {advice}.")


def refuse_merge(content: bytes, name: str) -> None:
    """Raise a DataError for a text with the marks of a merge that was not finished."""
    if (at := content.find(b"\n<<<<<<< ")) >= 0 and b"\n>>>>>>> " in content:
        line = content.count(b"\n", 0, at) + 2
        raise DataError(
            f"{name} holds the marks of a merge by git that was not finished, first in line {line:,} "
            f"({content[at + 1 :].splitlines()[0].decode('utf-8', 'replace')[:60]!r}); finish it: git mergetool."
        )


def is_notebook(record: object) -> bool:
    """Return whether a JSON document is a notebook."""
    return isinstance(record, dict) and "cells" in record and "nbformat" in record


def may_be_json(content: bytes, name: str) -> bool:
    """Return whether a text is JSON by its first signs; a CSV file may begin with a bracket too."""
    if name.lower().endswith(JSONS):
        return content[:1] in b"[{"
    return bool(re.match(rb'\{\s*(?:"(?:[^"\\]|\\.)*"\s*:|\})|\[\s*(?:[\[{]|\])', content[: 2**16]))
