/* What the public headers need of C's <stddef.h>. */
#ifndef XENSYS_SHIM_STDDEF_H
#define XENSYS_SHIM_STDDEF_H
typedef unsigned long size_t;
#define NULL ((void *)0)
#define offsetof(type, member) __builtin_offsetof(type, member)
#endif
