"""The ABI pipeline behind `tools/abi`.

fetch    header packages into the cache            (apt, dpkg)
extract  headers -> reviewed data in abi/          (libclang, gcc)
generate data -> typed ctypes in xensys/abi/       (nothing but Python)
check    data and generated files against the real headers, with a C compiler

Always true here: `generate` reads abi/ only, so that it runs anywhere; every
number in abi/ was evaluated by a compiler, never by a regular expression.
"""
