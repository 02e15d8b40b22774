"""`python -m sockbroker run …`."""

from __future__ import annotations

import sys

from . import run

if sys.argv[1:2] != ["run"]:
    raise SystemExit(run.__doc__)
run.main(sys.argv[2:])
