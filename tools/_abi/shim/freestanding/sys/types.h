/* io/libxenvchan.h includes <sys/types.h> for size_t alone. */
#include <stddef.h>
