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

# include/uapi/xen/evtchn.h
EVTCHN = {
    "bind_virq": (0x0004_4500, 4),
    "bind_interdomain": (0x0008_4501, 8),
    "bind_unbound_port": (0x0004_4502, 4),
    "unbind": (0x0004_4503, 4),
    "notify": (0x0004_4504, 4),
    "reset": (0x0000_4505, 0),
    "restrict_domid": (0x0002_4506, 2),
    "bind_static": (0x0004_4507, 4),
}

# include/xen/xenbus_dev.h; neither takes a structure.
XENBUS_BACKEND = {
    "evtchn": (0x0000_4200, 0),
    "setup": (0x0000_4201, 0),
}

# include/uapi/xen/gntdev.h; MAP_GRANT_REF and the two with an array of
# references are longer than that for more than one.
GNTDEV = {
    "map_grant_ref": (0x0018_4700, 24),
    "unmap_grant_ref": (0x0010_4701, 16),
    "get_offset_for_vaddr": (0x0018_4702, 24),
    "set_max_grants": (0x0004_4703, 4),
    "set_unmap_notify": (0x0010_4707, 16),
    "grant_copy": (0x0010_4708, 16),
    "dmabuf_exp_from_refs": (0x0014_4709, 20),
    "dmabuf_exp_wait_released": (0x0008_470A, 8),
    "dmabuf_imp_to_refs": (0x0014_470B, 20),
    "dmabuf_imp_release": (0x0008_470C, 8),
}

# include/uapi/xen/gntalloc.h; its SET_UNMAP_NOTIFY has gntdev's number.
GNTALLOC = {
    "alloc_gref": (0x0018_4705, 24),
    "dealloc_gref": (0x0010_4706, 16),
    "set_unmap_notify": (0x0010_4707, 16),
}
