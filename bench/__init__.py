"""Side-by-side benchmarks: every figure is a ratio of two things measured in turn in the same run.

    python -m bench.lists        reading a page of 100 from 100,000 and 1,000,000 integrations
    python -m bench.lifecycle    installing and upgrading integrations
    python -m bench              both

`bench/README.md` holds the figures, the machine and the method.
"""

import sys
from pathlib import Path

# A checkout is run as it is, not installed.
sys.path.insert(0, str(Path(__file__).parents[1] / "src"))
