"""The command `deltarule`, and `python -m deltarule`; says what to install where the application is not."""

from __future__ import annotations

import sys
from importlib.util import find_spec

NEEDED = "cyclopts", "rich"
"""What the command line imports before it can say anything."""


def main() -> int:
    """Run the command line and return its exit code."""
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        print(
            f"deltarule: the command line needs {' and '.join(missing)}; install it with: "
            'python -m pip install "deltarule[app]"',
            file=sys.stderr,
        )
        return 1
    from deltarule.cli import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
