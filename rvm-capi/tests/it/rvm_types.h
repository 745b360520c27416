
/*
 * Recoverable virtual memory: the teaching interface. Link with -lrvm.
 *
 * Made from rvm-capi/src/teaching.rs; do not change it here.
 *
 * A directory's handle and a transaction are small numbers, so these types are all the same to the library:
 *   -DTRANS_T_POINTER              trans_t is a pointer
 *   -DRVM_T_INT                    rvm_t is an int; 0 in place of NULL
 *   -DRVM_T_STRUCT                 rvm_t is a struct; its handle is 0 in place of NULL
 *   -DRVM_MAP_FAILED_IS_MINUS_ONE  rvm_map returns (void *) -1 in place of NULL
 *
 * What goes wrong is printed to stderr, a line beginning with "rvm: ", sets errno, and is kept for rvm_last_error. With
 * RVM_ABORT_ON_ERROR=1 in the environment the process aborts there.
 */

#ifdef TRANS_T_POINTER
typedef struct rvm_trans *trans_t;
#else
typedef int trans_t;
#endif

#if defined(RVM_T_INT)
typedef int rvm_t;
#elif defined(RVM_T_STRUCT)
typedef struct rvm { int handle; } rvm_t;
#else
typedef struct rvm *rvm_t;
#endif

#ifdef RVM_MAP_FAILED_IS_MINUS_ONE
#define rvm_map rvm_map_or_minus_one
#endif
