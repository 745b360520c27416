#ifndef RVM_H
#define RVM_H

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

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Names the directory in which segments are kept; makes it if it is missing (one level, mode 0700). It is locked, and recovered
 * if it has to be, when it is first used: by rvm_map, rvm_destroy or rvm_truncate_log. The same directory gives the same handle.
 *
 * Returns NULL if it is NULL, cannot be made or used, or is open in another process.
 */
rvm_t rvm_init(const char *directory);

/**
 * Maps a segment, made of zeros if it is not there, and extended by zeros if it is shorter than size_to_create; a longer one
 * keeps its length. It begins at a page. All that was committed is in it, and nothing else.
 *
 * Returns NULL (with -DRVM_MAP_FAILED_IS_MINUS_ONE: (void *) -1) if the segment is mapped already, the name is not 1 to 200 of
 * A-Z a-z 0-9 . _ - or begins with a dot, the size is not positive, or the directory cannot be opened or the segment read.
 */
void *rvm_map(rvm_t rvm, const char *segname, int size_to_create);

/**
 * Unmaps a segment. What is committed stays; what is not is gone. A segment that is in an open transaction stays mapped. A
 * program may end without it.
 */
void rvm_unmap(rvm_t rvm, void *segbase);

/**
 * Erases a segment and its log. Nothing happens if there is none; a mapped one stays.
 */
void rvm_destroy(rvm_t rvm, const char *segname);

/**
 * Begins a transaction that will modify the segments listed. It never waits. The same segment twice counts once; the list may change
 * afterwards.
 *
 * Returns (trans_t) -1 if one of them is in another open transaction, or is not mapped; none is taken then.
 */
trans_t rvm_begin_trans(rvm_t rvm, int numsegs, void **segbases);

/**
 * Declares that the transaction will modify a range of one of its segments, and saves the old bytes for an abort. A range may be
 * declared again, and stays declared to the end.
 *
 * A range that reaches outside of the segment, a segment that is not in the transaction, a transaction that has ended: nothing happens.
 */
void rvm_about_to_modify(trans_t tid, void *segbase, int offset, int size);

/**
 * Commits: when it returns, every declared range, as it is now, is on stable storage and survives a crash, in all segments of the
 * transaction or in none.
 *
 * If that cannot be done, it prints why and ends the process by abort(). Nothing happens if the transaction has ended.
 */
void rvm_commit_trans(trans_t tid);

/**
 * Commits as rvm_commit_trans does, and then truncates the logs as rvm_truncate_log does.
 */
void rvm_commit_trans_heavy(trans_t tid);

/**
 * Aborts: every declared range is again what it was when it was declared, newest first. What was changed outside of them stays in memory,
 * and never gets to the disk.
 */
void rvm_abort_trans(trans_t tid);

/**
 * Applies all that is committed to the segments' files and makes the logs as small as they can be. It may be called at any time, also
 * while transactions are open, of which nothing gets there.
 */
void rvm_truncate_log(rvm_t rvm);

/**
 * Not 0: a line on stderr for each operation from now on. 0, as at the start: none. Errors are printed in any case.
 */
void rvm_verbose(int enable_flag);

/**
 * What went wrong in this thread last: the line that was printed. "" if nothing did. It is valid until something else does.
 */
const char *rvm_last_error(void);

#ifdef __cplusplus
}
#endif

#endif  /* RVM_H */
