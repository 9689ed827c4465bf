"""tools/bench: ratios of speeds, measured side by side.

cli        the command line
ratios     arithmetic: paired ratios, medians, spread, how many calls make a turn
subjects   who is measured: this library, its rivals, a floor; one class each
child      a process with one subject
run        the turns, and the report
rivals     where xen.lowlevel.xs and pyxs come from
responder  answers in a daemon's place, on machines without Xen
"""
