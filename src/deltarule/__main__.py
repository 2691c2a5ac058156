"""`python -m deltarule` is the command `deltarule`."""

import sys

from deltarule.cli import main

sys.exit(main())
