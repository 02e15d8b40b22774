"""`python -m sockbroker run …`."""

from __future__ import annotations

import sys

from . import run

if sys.argv[1:2] == ["run"]:
    run.main(sys.argv[2:])
elif sys.argv[1:2] in (["--help"], ["-h"]):
    print(run.__doc__, end="")
else:
    run.wrong_usage("it is `python -m sockbroker run …`; --help tells more")
