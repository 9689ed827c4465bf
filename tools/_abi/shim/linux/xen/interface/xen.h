/*
 * Linux's <xen/interface/xen.h>, which its packaged privcmd.h includes, is
 * kernel-only. The ioctl structures need these three types of it (gntdev.h
 * uses them without including anything).
 */
#ifndef XENSYS_SHIM_LINUX_XEN_H
#define XENSYS_SHIM_LINUX_XEN_H
#include <linux/types.h>
#include <stddef.h>
typedef __u16 domid_t;
typedef __u32 grant_ref_t;
#ifdef __x86_64__
typedef unsigned long xen_pfn_t;
#else
typedef __u64 xen_pfn_t;
#endif
#endif
