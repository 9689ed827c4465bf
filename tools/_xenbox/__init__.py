"""Real Xen and a real dom0 in QEMU, from distribution packages.

Read in this order: targets (what can be booted), packages (where the bytes
come from), image (what is kept between runs), boot (one QEMU), session (what
host and box say to each other over channel), cli. `inside/` runs in the box:
agent first, then what gives a guest Python (guest, guest_initrd, guest_agent,
guest_broker, guest_run; they talk as guest_link says).
"""
