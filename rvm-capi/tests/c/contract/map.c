/* The row rvm_map of the contract. */
#include "check.h"

#define FUNCTION "rvm_map"

static void creates_at_the_size_if_absent(void)
{
    rvm_t rvm = store();
    char *base;
    SILENT(base = MAP(rvm, "seg", 10000));
    CHECK(size_of_file(inside("seg.seg")) == 10000);
    CHECK(is_filled(base, 10000, 0));
    memset(base, 'x', 10000);
    CHECK(is_filled(base, 10000, 'x'));
}

static void extends_if_shorter(void)
{
    rvm_t rvm = store();
    char *base = MAP(rvm, "seg", 5000);
    commit_text(rvm, base, 4990, "0123456789");
    base = map_again(rvm, base, "seg", 20000);
    CHECK(size_of_file(inside("seg.seg")) == 20000);
    CHECK(is_text(base + 4990, "0123456789"));
    CHECK(is_filled(base + 5000, 15000, 0));
    commit_text(rvm, base, 19990, "at the end");
    base = map_again(rvm, base, "seg", 1);
    CHECK(is_text(base + 4990, "0123456789"));
    CHECK(is_text(base + 19990, "at the end"));
}

static void the_same_segment_twice_is_an_error(void)
{
    rvm_t rvm = store();
    char *base = MAP(rvm, "x", 100);
    trans_t tid = BEGIN(rvm, base);
    void *second;
    rvm_about_to_modify(tid, base, 0, 5);
    memcpy(base, "first", 5);
    REFUSED("rvm_map", EEXIST, second = rvm_map(rvm, "x", 100));
    CHECK(second == NOT_MAPPED);
    CHECK(strcmp(printed(), "rvm: rvm_map: segment \"x\" is already mapped\n") == 0);
    REFUSED("rvm_map", EEXIST, second = rvm_map(rvm, "x", 5000));
    CHECK(second == NOT_MAPPED);
    REFUSED("rvm_map", EEXIST, second = rvm_map(rvm_init(inside(".")), "x", 1));
    CHECK(second == NOT_MAPPED);
    /* The first is as it was, and no longer. */
    CHECK(is_text(base, "first"));
    CHECK(size_of_file(inside("x.seg")) == 100);
    SILENT(rvm_commit_trans(tid));
    CHECK(is_text(map_again(rvm, base, "x", 100), "first"));
}

static void a_segment_may_be_mapped_again_after_unmap(void)
{
    rvm_t rvm = store();
    char *base = MAP(rvm, "seg", 100);
    int i;
    for (i = 0; i < 20; i++) {
        commit_text(rvm, base, 0, i % 2 == 0 ? "even" : "odd!");
        SILENT(base = map_again(rvm, base, "seg", 100));
        CHECK(is_text(base, i % 2 == 0 ? "even" : "odd!"));
    }
}

static void new_bytes_are_zero(void)
{
    rvm_t rvm = store();
    char *base = MAP(rvm, "seg", 9000);
    trans_t tid = BEGIN(rvm, base);
    rvm_about_to_modify(tid, base, 0, 9000);
    memset(base, 'x', 9000);
    rvm_commit_trans(tid);
    rvm_unmap(rvm, base);
    rvm_destroy(rvm, "seg");
    base = MAP(rvm, "seg", 100);
    CHECK(is_filled(base, 100, 0));
    base = map_again(rvm, base, "seg", 9000);
    CHECK(is_filled(base, 9000, 0));
}

static void the_grown_tail_is_zero_whatever_lay_in_memory(void)
{
    rvm_t rvm = store();
    char *base = MAP(rvm, "seg", 100);
    /* The rest of the page belongs to nobody, but can be written. */
    memset(base, 'x', 4096);
    base = map_again(rvm, base, "seg", 4096);
    CHECK(is_filled(base, 4096, 0));
}

static void a_longer_segment_keeps_its_length(void)
{
    rvm_t rvm = store();
    char *base = MAP(rvm, "seg", 8192);
    commit_text(rvm, base, 8188, "last");
    base = map_again(rvm, base, "seg", 10);
    CHECK(size_of_file(inside("seg.seg")) == 8192);
    CHECK(is_text(base + 8188, "last"));
    SILENT(commit_text(rvm, base, 8180, "declared"));
    base = map_again(rvm, base, "seg", 8192);
    CHECK(is_text(base + 8180, "declaredlast"));
}

static void committed_data_is_there_and_nothing_else(void)
{
    rvm_t rvm = store();
    char *base = MAP(rvm, "seg", 100);
    trans_t tid;
    commit_text(rvm, base, 0, "committed");
    memcpy(base + 20, "never declared", 14);
    tid = BEGIN(rvm, base);
    rvm_about_to_modify(tid, base, 40, 7);
    memcpy(base + 40, "aborted", 7);
    rvm_abort_trans(tid);
    base = map_again(rvm, base, "seg", 100);
    CHECK(is_text(base, "committed"));
    CHECK(is_filled(base + 9, 91, 0));
}

static void leave_uncommitted(void)
{
    rvm_t rvm = rvm_init(inside("."));
    char *base = MAP(rvm, "seg", 100);
    commit_text(rvm, base, 0, "committed");
    rvm_about_to_modify(BEGIN(rvm, base), base, 0, 100);
    memset(base, 'x', 100);
    abort();
}

static void uncommitted_changes_of_a_process_that_died_are_gone(void)
{
    rvm_t rvm = store();
    char *base;
    CHECK(in_child(leave_uncommitted) == KILLED_BY(SIGABRT));
    base = MAP(rvm, "seg", 100);
    CHECK(is_text(base, "committed"));
    CHECK(is_filled(base + 9, 91, 0));
}

static void begins_at_a_page(void)
{
    static const int sizes[] = {1, 4095, 4096, 4097, 100000, 1 << 20};
    rvm_t rvm = store();
    int i;
    for (i = 0; i < (int) (sizeof sizes / sizeof sizes[0]); i++) {
        char name[8];
        char *base;
        sprintf(name, "seg%d", i);
        base = MAP(rvm, name, sizes[i]);
        CHECK((size_t) base % (size_t) sysconf(_SC_PAGESIZE) == 0);
        base[sizes[i] - 1] = 1;
    }
}

static void takes_names_of_the_allowed_letters(void)
{
    rvm_t rvm = store();
    char longest[201];
    SILENT(CHECK(rvm_map(rvm, "azAZ09._-", 10) != NOT_MAPPED));
    SILENT(CHECK(rvm_map(rvm, "-", 10) != NOT_MAPPED));
    SILENT(CHECK(rvm_map(rvm, "a..b", 10) != NOT_MAPPED));
    memset(longest, 'n', 200);
    longest[200] = '\0';
    SILENT(CHECK(rvm_map(rvm, longest, 10) != NOT_MAPPED));
}

static void refuses_bad_names(void)
{
    static const char *const bad[] = {
        "", ".", "..", ".hidden", "a/b", "/abs", "../out", "a b", "a\nb", "\xff\xfe", "a\\b", "a:b"
    };
    rvm_t rvm = store();
    char longer[5000];
    void *base;
    int i;
    for (i = 0; i < (int) (sizeof bad / sizeof bad[0]); i++) {
        REFUSED("rvm_map", EINVAL, base = rvm_map(rvm, bad[i], 100));
        CHECK(base == NOT_MAPPED);
    }
    REFUSED("rvm_map", EINVAL, base = rvm_map(rvm, NULL, 100));
    CHECK(base == NOT_MAPPED);
    REFUSED("rvm_map", EINVAL, base = rvm_map(rvm, (const char *) 8, 100));
    CHECK(base == NOT_MAPPED);
    memset(longer, 'n', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    REFUSED("rvm_map", EINVAL, base = rvm_map(rvm, longer, 100));
    CHECK(base == NOT_MAPPED);
    longer[201] = '\0';
    REFUSED("rvm_map", EINVAL, base = rvm_map(rvm, longer, 100));
    CHECK(base == NOT_MAPPED);
}

static void refuses_sizes_that_are_not_positive(void)
{
    static const int sizes[] = {0, -1, -4096, INT_MIN};
    rvm_t rvm = store();
    void *base;
    int i;
    rvm_unmap(rvm, MAP(rvm, "there", 100));
    for (i = 0; i < 4; i++) {
        REFUSED("rvm_map", EINVAL, base = rvm_map(rvm, "seg", sizes[i]));
        CHECK(base == NOT_MAPPED);
        REFUSED("rvm_map", EINVAL, base = rvm_map(rvm, "there", sizes[i]));
        CHECK(base == NOT_MAPPED);
    }
    CHECK(size_of_file(inside("seg.seg")) == -1);
    CHECK(size_of_file(inside("there.seg")) == 100);
}

static void refuses_foreign_handles(void)
{
    static const int numbers[] = {0, -1, 12345, INT_MAX, INT_MIN};
    void *base;
    int i;
    for (i = 0; i < 5; i++) {
        REFUSED("rvm_map", EINVAL, base = rvm_map(rvm_of(numbers[i]), "seg", 100));
        CHECK(base == NOT_MAPPED);
    }
#if !defined(RVM_T_INT) && !defined(RVM_T_STRUCT)
    REFUSED("rvm_map", EINVAL, base = rvm_map((rvm_t) &base, "seg", 100));
    CHECK(base == NOT_MAPPED);
#endif
}

static void what_cannot_be_read_gives_an_error(void)
{
    rvm_t rvm = store();
    void *base;
    char *other = MAP(rvm, "other", 100);
    NEED(mkdir(inside("seg.seg"), 0700) == 0);
    REFUSED("rvm_map", 0, base = rvm_map(rvm, "seg", 100));
    CHECK(base == NOT_MAPPED);
    SILENT(commit_text(rvm, other, 0, "goes on"));
    NEED(rmdir(inside("seg.seg")) == 0);
    SILENT(base = rvm_map(rvm, "seg", 100));
    CHECK(base != NOT_MAPPED);
}

void check_map(void)
{
    CELL(creates_at_the_size_if_absent);
    CELL(extends_if_shorter);
    CELL(the_same_segment_twice_is_an_error);
    CELL(a_segment_may_be_mapped_again_after_unmap);
    CELL(new_bytes_are_zero);
    CELL(the_grown_tail_is_zero_whatever_lay_in_memory);
    CELL(a_longer_segment_keeps_its_length);
    CELL(committed_data_is_there_and_nothing_else);
    CELL(uncommitted_changes_of_a_process_that_died_are_gone);
    CELL(begins_at_a_page);
    CELL(takes_names_of_the_allowed_letters);
    CELL(refuses_bad_names);
    CELL(refuses_sizes_that_are_not_positive);
    CELL(refuses_foreign_handles);
    CELL(what_cannot_be_read_gives_an_error);
}
