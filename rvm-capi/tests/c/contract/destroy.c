/* The row rvm_destroy of the contract. */
#include "check.h"

#include <dirent.h>

#define FUNCTION "rvm_destroy"

/* How many files have a name that holds the text. */
static int files_with(const char *text)
{
    DIR *folder = opendir(inside("."));
    struct dirent *entry;
    int count = 0;
    NEED(folder != NULL);
    while ((entry = readdir(folder)) != NULL) {
        count += strstr(entry->d_name, text) != NULL;
    }
    closedir(folder);
    return count;
}

static void erases_the_backing_store_completely(void)
{
    rvm_t rvm = store();
    char *base = MAP(rvm, "victim", 100);
    char *other = MAP(rvm, "other", 100);
    commit_text(rvm, base, 0, "old");
    commit_text(rvm, other, 0, "kept");
    rvm_unmap(rvm, base);
    CHECK(files_with("victim") > 0);
    SILENT(rvm_destroy(rvm, "victim"));
    CHECK(files_with("victim") == 0);
    CHECK(is_text(map_again(rvm, other, "other", 100), "kept"));
}

static void a_mapped_segment_is_refused_and_stays(void)
{
    rvm_t rvm = store();
    char *base = MAP(rvm, "seg", 100);
    trans_t tid;
    commit_text(rvm, base, 0, "committed");
    REFUSED("rvm_destroy", 0, rvm_destroy(rvm, "seg"));
    CHECK(size_of_file(inside("seg.seg")) == 100);
    tid = BEGIN(rvm, base);
    rvm_about_to_modify(tid, base, 20, 4);
    memcpy(base + 20, "more", 4);
    REFUSED("rvm_destroy", 0, rvm_destroy(rvm, "seg"));
    SILENT(rvm_commit_trans(tid));
    SILENT(base = map_again(rvm, base, "seg", 100));
    CHECK(is_text(base, "committed"));
    CHECK(is_text(base + 20, "more"));
}

static void an_absent_segment_is_no_error(void)
{
    rvm_t rvm = store();
    int before;
    SILENT(rvm_destroy(rvm, "absent"));
    before = files_with("");
    SILENT(rvm_destroy(rvm, "absent"));
    CHECK(files_with("") == before);
    rvm_unmap(rvm, MAP(rvm, "seg", 100));
    SILENT(rvm_destroy(rvm, "seg"));
    SILENT(rvm_destroy(rvm, "seg"));
}

static void a_map_gives_zeros_afterwards(void)
{
    rvm_t rvm = store();
    char *base = MAP(rvm, "seg", 5000);
    /* In the log only, and then in the file, too. */
    commit_text(rvm, base, 4000, "old");
    rvm_unmap(rvm, base);
    rvm_destroy(rvm, "seg");
    base = MAP(rvm, "seg", 5000);
    CHECK(is_filled(base, 5000, 0));
    commit_text(rvm, base, 4000, "old");
    rvm_truncate_log(rvm);
    commit_text(rvm, base, 10, "and new");
    rvm_unmap(rvm, base);
    rvm_destroy(rvm, "seg");
    base = MAP(rvm, "seg", 5000);
    CHECK(is_filled(base, 5000, 0));
}

static void destroy_and_die(void)
{
    rvm_t rvm = rvm_init(inside("."));
    void *bases[2];
    trans_t tid;
    bases[0] = MAP(rvm, "victim", 5000);
    bases[1] = MAP(rvm, "other", 5000);
    tid = rvm_begin_trans(rvm, 2, bases);
    rvm_about_to_modify(tid, bases[0], 0, 3);
    rvm_about_to_modify(tid, bases[1], 0, 3);
    memcpy(bases[0], "old", 3);
    memcpy(bases[1], "new", 3);
    rvm_commit_trans(tid);
    rvm_unmap(rvm, bases[0]);
    rvm_destroy(rvm, "victim");
    abort();
}

static void a_map_gives_zeros_in_the_next_process_whatever_logs_held(void)
{
    rvm_t rvm = store();
    CHECK(in_child(destroy_and_die) == KILLED_BY(SIGABRT));
    CHECK(printed_lines() == 0);
    CHECK(is_filled(MAP(rvm, "victim", 5000), 5000, 0));
    CHECK(is_text(MAP(rvm, "other", 5000), "new"));
}

static void make_and_die(void)
{
    rvm_t rvm = rvm_init(inside("."));
    commit_text(rvm, MAP(rvm, "victim", 5000), 0, "old");
    abort();
}

static void what_a_dead_process_left_is_erased(void)
{
    rvm_t rvm = store();
    CHECK(in_child(make_and_die) == KILLED_BY(SIGABRT));
    SILENT(rvm_destroy(rvm, "victim"));
    CHECK(files_with("victim") == 0);
    CHECK(is_filled(MAP(rvm, "victim", 5000), 5000, 0));
}

static void bad_names_and_handles_are_reported(void)
{
    rvm_t rvm = store();
    rvm_unmap(rvm, MAP(rvm, "seg", 100));
    REFUSED("rvm_destroy", EINVAL, rvm_destroy(rvm, NULL));
    REFUSED("rvm_destroy", EINVAL, rvm_destroy(rvm, ""));
    REFUSED("rvm_destroy", EINVAL, rvm_destroy(rvm, "../seg"));
    REFUSED("rvm_destroy", EINVAL, rvm_destroy(rvm, ".."));
    REFUSED("rvm_destroy", EINVAL, rvm_destroy(rvm_of(0), "seg"));
    REFUSED("rvm_destroy", EINVAL, rvm_destroy(rvm_of(12345), "seg"));
    CHECK(size_of_file(inside("seg.seg")) == 100);
}

void check_destroy(void)
{
    CELL(erases_the_backing_store_completely);
    CELL(a_mapped_segment_is_refused_and_stays);
    CELL(an_absent_segment_is_no_error);
    CELL(a_map_gives_zeros_afterwards);
    CELL(a_map_gives_zeros_in_the_next_process_whatever_logs_held);
    CELL(what_a_dead_process_left_is_erased);
    CELL(bad_names_and_handles_are_reported);
}
