"""A guest's half of a test: a process in another domain that does what the test in dom0 asks for.

    with dom0's test                      in the guest
    peer.share(0, pages=2)        →       agent.Agent.do_share

On real Xen the agent is a process of a Python guest of tools/xenbox, asked in lines of
JSON over its stdin; in the simulator it is an object in the test's own process, on the
guest's kernel, asked in the same JSON. `tests.contract.worlds.World.peer` gives either.
"""
