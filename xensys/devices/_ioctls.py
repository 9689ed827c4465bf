"""Every ioctl of Linux's Xen devices that this package issues.

    method: (number, bytes of its argument)

The numbers are those of 64-bit Linux. They stand here, and not only in the
generated modules, so that a first hypercall need not load those;
tests/unit/test_ioctls.py rebuilds each from the generated structures.
"""

# include/uapi/xen/privcmd.h
PRIVCMD = {
    "hypercall": (0x0030_5000, 48),
    "mmap": (0x0010_5002, 16),
    "mmapbatch": (0x0018_5003, 24),
    "mmapbatch_v2": (0x0020_5004, 32),
    "dm_op": (0x0010_5005, 16),
    "restrict": (0x0002_5006, 2),
    "mmap_resource": (0x0020_5007, 32),
    # The only two with a direction in their number (_IOW, since Linux 6.6 or so).
    "irqfd": (0x4018_5008, 24),
    "ioeventfd": (0x4030_5009, 48),
    "pcidev_get_gsi": (0x0008_500A, 8),
}
