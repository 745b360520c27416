
/*
 * Recoverable virtual memory: all that the library can do, with a code from each call. Link with -lrvm.
 *
 * Made from rvm-capi/src/extended.rs and its neighbours; do not change it here.
 *
 * Every call returns RVMX_DONE or another of the codes below, and prints nothing, but for what checked mode finds and nobody asked to be told;
 * rvm_last_error has the reason, and errno is set. Handles and transactions are those of rvm.h: calls of both headers may be mixed. Different transactions may be used by
 * different threads at the same time, one transaction by one thread at a time.
 */

#include <stddef.h>

#include "rvm.h"

#if defined(RVM_T_INT) || defined(RVM_T_STRUCT)
#define rvmx_open rvmx_open_int
#endif

#ifdef TRANS_T_POINTER
#define rvmx_begin rvmx_begin_pointer
#endif
