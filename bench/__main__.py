"""Every benchmark, one after the other; each takes its own options when it is run alone."""

from __future__ import annotations

from bench import gestal, installations, lifecycle, lists, proxy

if __name__ == "__main__":
    lists.main([])
    lifecycle.main([])
    proxy.main([])
    gestal.main([])
    installations.main([])
