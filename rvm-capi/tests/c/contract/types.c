/* The paragraph Types of the contract: the header stands alone, may be included twice, and declares what the texts do. */
#include <rvm.h>
#include <rvm.h>

#include "check.h"

#define FUNCTION "Types"

/* With another prototype, these do not compile. */
static rvm_t (*const call_init)(const char *directory) = rvm_init;
static void *(*const call_map)(rvm_t rvm, const char *segname, int size_to_create) = rvm_map;
static void (*const call_unmap)(rvm_t rvm, void *segbase) = rvm_unmap;
static void (*const call_destroy)(rvm_t rvm, const char *segname) = rvm_destroy;
static trans_t (*const call_begin)(rvm_t rvm, int numsegs, void **segbases) = rvm_begin_trans;
static void (*const call_modify)(trans_t tid, void *segbase, int offset, int size)
    = rvm_about_to_modify;
static void (*const call_commit)(trans_t tid) = rvm_commit_trans;
static void (*const call_heavy)(trans_t tid) = rvm_commit_trans_heavy;
static void (*const call_abort)(trans_t tid) = rvm_abort_trans;
static void (*const call_truncate)(rvm_t rvm) = rvm_truncate_log;
static void (*const call_verbose)(int enable_flag) = rvm_verbose;
static const char *(*const call_last_error)(void) = rvm_last_error;

static void prototypes_are_exactly_those_of_the_texts(void)
{
    rvm_t rvm = store();
    void *bases[1];
    trans_t tid;
    CHECK(rvm_number(call_init(inside("."))) == rvm_number(rvm));
    call_verbose(0);
    call_destroy(rvm, "seg");
    bases[0] = call_map(rvm, "seg", 100);
    NEED(bases[0] != NOT_MAPPED);
    tid = call_begin(rvm, 1, bases);
    call_modify(tid, bases[0], 0, 4);
    memcpy(bases[0], "text", 4);
    call_commit(tid);
    call_abort(call_begin(rvm, 1, bases));
    call_heavy(call_begin(rvm, 1, bases));
    call_truncate(rvm);
    call_unmap(rvm, bases[0]);
    REFUSED("rvm_unmap", EINVAL, call_unmap(rvm, bases[0]));
    CHECK(is_text(call_last_error(), "rvm: rvm_unmap: "));
    CHECK(file_has(inside("seg.seg"), 0, "text"));
}

static void rvm_t_is_what_was_asked_for(void)
{
#if defined(RVM_T_INT)
    int rvm = rvm_init(fresh());
    CHECK(rvm > 0);
    REFUSED("rvm_init", EINVAL, rvm = rvm_init(NULL));
    CHECK(rvm == 0);
#elif defined(RVM_T_STRUCT)
    struct rvm rvm = rvm_init(fresh());
    CHECK(rvm.handle > 0);
    REFUSED("rvm_init", EINVAL, rvm = rvm_init(NULL));
    CHECK(rvm.handle == 0);
#else
    struct rvm *rvm = rvm_init(fresh());
    CHECK(rvm != NULL);
    REFUSED("rvm_init", EINVAL, rvm = rvm_init(NULL));
    CHECK(rvm == NULL);
#endif
}

static void trans_t_is_what_was_asked_for(void)
{
    rvm_t rvm = store();
    void *base = MAP(rvm, "seg", 100);
#if defined(TRANS_T_POINTER)
    struct rvm_trans *tid = rvm_begin_trans(rvm, 1, &base);
    struct rvm_trans *busy;
    CHECK(tid != NULL);
    REFUSED("rvm_begin_trans", EBUSY, busy = rvm_begin_trans(rvm, 1, &base));
    CHECK(busy == (struct rvm_trans *) -1);
#else
    int tid = rvm_begin_trans(rvm, 1, &base);
    int busy;
    CHECK(tid > 0);
    REFUSED("rvm_begin_trans", EBUSY, busy = rvm_begin_trans(rvm, 1, &base));
    CHECK(busy == -1);
#endif
    CHECK(busy == (trans_t) -1);
    rvm_abort_trans(tid);
}

static void handles_are_small_numbers(void)
{
    rvm_t rvm = store();
    int number = rvm_number(rvm);
    CHECK(number > 0 && number < 10000);
    SILENT(CHECK(rvm_map(rvm_of(number), "seg", 100) != NOT_MAPPED));
}

void check_types(void)
{
    CELL(prototypes_are_exactly_those_of_the_texts);
    CELL(rvm_t_is_what_was_asked_for);
    CELL(trans_t_is_what_was_asked_for);
    CELL(handles_are_small_numbers);
}
