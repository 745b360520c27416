#ifndef RVM_EXT_H
#define RVM_EXT_H

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

/**
 * It is done.
 */
#define RVMX_DONE 0

/**
 * The caller asked for something that makes no sense; nothing happened.
 */
#define RVMX_MISUSE 1

/**
 * A segment is in an open transaction.
 */
#define RVMX_BUSY 2

/**
 * No such segment.
 */
#define RVMX_NOT_FOUND 3

/**
 * The directory is open in another process.
 */
#define RVMX_LOCKED 4

/**
 * The operating system failed; errno says how.
 */
#define RVMX_IO 5

/**
 * The device is full; nothing is lost.
 */
#define RVMX_NO_SPACE 6

/**
 * A file is damaged; nothing was changed.
 */
#define RVMX_CORRUPT 7

/**
 * A write or a force failed earlier; no commit is taken until the directory is opened again.
 */
#define RVMX_POISONED 8

/**
 * A commit was under way when a write or a force failed: whether it took effect is known when the directory is opened again.
 */
#define RVMX_INDETERMINATE 9

/**
 * No open transaction has this number.
 */
#define RVMX_NO_TRANSACTION 10

/**
 * Another thread is using the transaction at this moment.
 */
#define RVMX_IN_USE 11

/**
 * The transaction does not fit the largest log; it was aborted.
 */
#define RVMX_TOO_LARGE 12

/**
 * The wait would never end: this thread is itself waited for.
 */
#define RVMX_DEADLOCK 13

/**
 * The handle is of the parent process.
 */
#define RVMX_FORKED 14

/**
 * The directory or a segment is not in a state to do this.
 */
#define RVMX_STATE 15

/**
 * A mistake of the library.
 */
#define RVMX_BUG 16

/**
 * Durability of a commit: it is on stable storage when the call returns.
 */
#define RVMX_FORCE 0

/**
 * Durability of a commit: it is in memory, and on stable storage after rvmx_flush, or the lazy interval. A crash may lose it, together with
 * all that came after it, but never a part of it.
 */
#define RVMX_LAZY 1

/**
 * A wait without an end.
 */
#define RVMX_FOREVER -1

/**
 * What can be chosen when a directory is opened. 0 is the default of each; set all to 0 before you choose.
 */
struct rvmx_options {
  /**
   * The size of a new log, in bytes: a multiple of 4096 from 32768. Default 65536.
   */
  unsigned long log_capacity_initial;
  /**
   * The size up to which a log grows, in bytes; it bounds the size of a transaction. Default 67108864.
   */
  unsigned long log_capacity_max;
  /**
   * The part of a log that is filled before it is truncated in the background: above 0, up to 1. Default 0.5.
   */
  double truncate_at;
  /**
   * How long a lazy commit may stay in memory only, in milliseconds. Default 100.
   */
  unsigned long lazy_interval_ms;
  /**
   * How many threads help to force several logs at once. Default 4; -1 for none.
   */
  int helpers;
  /**
   * 1: ranges of a transaction that overlap or touch are saved and logged once.
   */
  int coalesce;
  /**
   * 1: no old bytes are kept; an abort reads them back from the files.
   */
  int no_undo;
  /**
   * 1: nothing is done in the background: logs are truncated by whoever finds them full, lazy commits wait for a force or rvmx_flush.
   */
  int no_background;
  /**
   * 1: the directory is opened for reading: its committed state is copied, also while another process has it open.
   */
  int read_only;
  /**
   * 1: segments are private views of their files instead of copies. Nobody else may write to the files, or shorten them; a
   * change outside of every declared range may vanish at any rvm_begin_trans.
   */
  int mapped;
  /**
   * 1: checked mode: when a transaction ends, its segments are compared with what they were, and changes that were not declared are told;
   * so are those that are declared after they were made. Each segment takes twice its memory, and is read whole by each commit and abort.
   * RVM_CHECKED=1 in the environment does the same.
   */
  int checked;
  /**
   * How often the library writes what it counts into the file rvm.stats of the directory, for rvmctl stats, in milliseconds. Default
   * never. The file is removed when the directory is closed.
   */
  int publish_stats_ms;
};

/**
 * What opening a directory found and did.
 */
struct rvmx_recovery {
  /**
   * 1 if it was recovered; 0 if it had been closed, or was new.
   */
  unsigned long recovered;
  /**
   * How often it has been recovered, plus one.
   */
  unsigned long epoch;
  /**
   * Logs that were read.
   */
  unsigned long logs;
  /**
   * Committed records that were applied, in all logs.
   */
  unsigned long records;
  /**
   * Bytes in their ranges.
   */
  unsigned long range_bytes;
  /**
   * Bytes applied.
   */
  unsigned long applied_bytes;
  /**
   * Whole records that do not count, since something that they hang on did not reach the disk.
   */
  unsigned long dropped_records;
  /**
   * Bytes of forces that the crash cut short.
   */
  unsigned long torn_bytes;
  /**
   * Segments whose file had no log, and that were taken over.
   */
  unsigned long adopted;
  /**
   * Unfinished files that were removed.
   */
  unsigned long removed_files;
  /**
   * How long it took, in nanoseconds.
   */
  unsigned long nanoseconds;
};

/**
 * What was done in a directory since it was opened.
 */
struct rvmx_stats {
  /**
   * Transactions committed with RVMX_FORCE.
   */
  unsigned long commits_forced;
  /**
   * Transactions committed with RVMX_LAZY.
   */
  unsigned long commits_lazy;
  /**
   * Transactions aborted.
   */
  unsigned long aborts;
  /**
   * Undo records made: one for each declared range.
   */
  unsigned long undo_records;
  /**
   * Redo ranges logged.
   */
  unsigned long redo_ranges;
  /**
   * Bytes of records appended to logs.
   */
  unsigned long log_bytes;
  /**
   * Forces of a log.
   */
  unsigned long log_forces;
  /**
   * Bytes that those wrote, in whole blocks.
   */
  unsigned long force_bytes;
  /**
   * Truncations that freed space.
   */
  unsigned long truncations;
  /**
   * Bytes of log that they freed.
   */
  unsigned long truncated_bytes;
  /**
   * Truncations that found the device full and changed nothing.
   */
  unsigned long truncations_out_of_space;
  /**
   * Times that a log grew.
   */
  unsigned long log_growths;
  /**
   * The nanoseconds that half of the forces did not exceed, rounded up to a power of two.
   */
  unsigned long force_p50_ns;
  /**
   * The nanoseconds that 99 of 100 forces did not exceed, rounded up to a power of two.
   */
  unsigned long force_p99_ns;
  /**
   * The nanoseconds that half of the commits with RVMX_FORCE did not exceed, rounded up to a power of two.
   */
  unsigned long commit_p50_ns;
  /**
   * The nanoseconds that 99 of 100 commits with RVMX_FORCE did not exceed, rounded up to a power of two.
   */
  unsigned long commit_p99_ns;
};

/**
 * One segment of a directory. Pointers are valid during the call only.
 */
struct rvmx_segment {
  /**
   * Its name.
   */
  const char *segname;
  /**
   * Its length in bytes.
   */
  size_t length;
  /**
   * 1 if it is mapped, else 0.
   */
  int mapped;
  /**
   * 0; room for what is to come.
   */
  int reserved;
  /**
   * Bytes of its log that are in use.
   */
  size_t log_used;
  /**
   * Bytes that its log can hold.
   */
  size_t log_capacity;
};

/**
 * Is told of each segment. It returns normally: no exception, no longjmp.
 */
typedef void (*rvmx_segment_fn)(const struct rvmx_segment *segment, void *context);

/**
 * Bytes that were changed and not declared. Pointers are valid during the call only.
 */
struct rvmx_undeclared {
  /**
   * The transaction that ends, or declares.
   */
  int tid;
  /**
   * 1 if it was changed first and is declared now: it will be committed, but an abort would not undo it. Else 0: it is in memory only.
   */
  int early;
  /**
   * The name of the segment.
   */
  const char *segname;
  /**
   * Where in the segment, in bytes.
   */
  size_t offset;
  /**
   * How many bytes.
   */
  size_t length;
  /**
   * What they were.
   */
  const void *old_bytes;
  /**
   * What they are.
   */
  const void *new_bytes;
};

/**
 * Is told of each undeclared change. It returns normally: no exception, no longjmp.
 */
typedef void (*rvmx_undeclared_fn)(const struct rvmx_undeclared *change, void *context);

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Opens a directory: makes it if it is missing, locks it, recovers it. options is NULL for the defaults; options_size is the size of
 * what it points to. A directory that was named by rvm_init and is not open takes the options over. As any other it is closed before a fork if
 * nothing of it is mapped then, and opened again when it is used.
 */
int rvmx_open(const char *directory, const struct rvmx_options *options, size_t options_size, rvm_t *rvm);

/**
 * Makes all durable, truncates the logs, unmaps every segment, and gives the lock of the directory up. The handle stays good: it opens the
 * directory again when it is used again. RVMX_BUSY while a transaction is open: nothing has happened then. After any other code it is closed.
 */
int rvmx_close(rvm_t rvm);

/**
 * Maps a segment of at least size bytes, as rvm_map does. *length becomes its length, unless length is NULL. A size of 0 maps
 * one that is there.
 */
int rvmx_map(rvm_t rvm, const char *segname, size_t size, void **segbase, size_t *length);

/**
 * Unmaps a segment. RVMX_BUSY while it is in an open transaction.
 */
int rvmx_unmap(rvm_t rvm, void *segbase);

/**
 * Erases a segment and its log. RVMX_NOT_FOUND if there is none.
 */
int rvmx_destroy(rvm_t rvm, const char *segname);

/**
 * Begins a transaction over numsegs segments, all or none. It waits at most wait_ms milliseconds for them: 0 does not wait, RVMX_FOREVER
 * has no end. RVMX_BUSY when that is over, RVMX_DEADLOCK at once if it would never be.
 */
int rvmx_begin(rvm_t rvm, size_t numsegs, void *const *segbases, long wait_ms, trans_t *tid);

/**
 * Declares a range, as rvm_about_to_modify does.
 */
int rvmx_about_to_modify(trans_t tid, void *segbase, size_t offset, size_t size);

/**
 * A word for people, up to 255 bytes of UTF-8, kept in the log with the transaction and shown by rvmctl; replaces an earlier one.
 */
int rvmx_label(trans_t tid, const char *label);

/**
 * Commits, with RVMX_FORCE or RVMX_LAZY. After RVMX_DONE it is committed; after RVMX_INDETERMINATE and RVMX_BUG it may be; after RVMX_MISUSE
 * and RVMX_IN_USE it is still open; after any other code it is undone and ended, but for RVMX_STATE with no_undo, after which the segment holds
 * what it changed until it is mapped again.
 */
int rvmx_commit(trans_t tid, int durability);

/**
 * Aborts, as rvm_abort_trans does.
 */
int rvmx_abort(trans_t tid);

/**
 * Makes every lazy commit durable.
 */
int rvmx_flush(rvm_t rvm);

/**
 * Truncates the logs, as rvm_truncate_log does. RVMX_NO_SPACE if the device is too full for it: nothing is lost.
 */
int rvmx_truncate_log(rvm_t rvm);

/**
 * What opening the directory found and did; it is opened if it is not. report_size is the size of what report points to.
 */
int rvmx_recovered(rvm_t rvm, struct rvmx_recovery *report, size_t report_size);

/**
 * What was done in the directory since it was opened. stats_size is the size of what stats points to.
 */
int rvmx_statistics(rvm_t rvm, struct rvmx_stats *stats, size_t stats_size);

/**
 * Calls visit for every segment of the directory, mapped or not, in the order of their names.
 */
int rvmx_segments(rvm_t rvm, rvmx_segment_fn visit, void *context);

/**
 * In checked mode: calls tell with each undeclared change, when a transaction ends, or declares it too late, in place of a line on stderr. NULL brings the lines
 * back. context must be good for every thread that ends transactions.
 */
int rvmx_on_undeclared(rvm_t rvm, rvmx_undeclared_fn tell, void *context);

#ifdef __cplusplus
}
#endif

#endif  /* RVM_EXT_H */
