/* io/ring.h's inline functions call memcpy(); only its declaration matters here. */
#include <stddef.h>
void *memcpy(void *, const void *, size_t);
