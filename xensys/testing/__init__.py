"""For the tests of programs that use xensys: pytest fixtures on a simulated machine.

The fixtures are in `xensys.testing.plugin`, which pytest loads by itself where
xensys is installed.
"""
