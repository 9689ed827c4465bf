/* arch-arm/smccc.h includes Xen's headers by where they are in Xen's own tree. */
#include <xen/xen.h>
