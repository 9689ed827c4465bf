"""Against other people's programs, on real Xen: C libxenvchan at the other end of ours.

tools/xenbox run --target arm64-4.20 --no-guests -- python3 -m pytest -q tests/interop

XENSYS_INTEROP_MIB     how much goes each way in the long tests (default 100)
"""
