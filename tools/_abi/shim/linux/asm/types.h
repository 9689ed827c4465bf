/* The package ships asm/ for its own architecture only; arm64 and x86_64 both use the generic one. */
#include <asm-generic/types.h>
