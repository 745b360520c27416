/* The row rvm_init of the contract. */
#include "check.h"

#include <fcntl.h>

#define FUNCTION "rvm_init"

static void the_directory_is_the_backing_store(void)
{
    rvm_t rvm = store();
    char *base = MAP(rvm, "seg", 100);
    commit_text(rvm, base, 7, "kept");
    rvm_truncate_log(rvm);
    CHECK(file_has(inside("seg.seg"), 7, "kept"));
}

static void creates_the_directory_with_mode_0700(void)
{
    struct stat status;
    mode_t before = umask(0);
    rvm_t rvm;
    SILENT(rvm = store());
    umask(before);
    CHECK(!is_null(rvm));
    NEED(stat(inside("."), &status) == 0);
    CHECK(S_ISDIR(status.st_mode));
    CHECK((status.st_mode & 07777) == 0700);
}

static void creates_one_level_only(void)
{
    rvm_t rvm;
    fresh();
    REFUSED("rvm_init", ENOENT, rvm = rvm_init(inside("below")));
    CHECK(is_null(rvm));
    CHECK(access(inside("."), F_OK) != 0);
}

static void takes_a_directory_that_is_there(void)
{
    rvm_t rvm;
    NEED(mkdir(fresh(), 0755) == 0);
    SILENT(rvm = rvm_init(inside(".")));
    CHECK(!is_null(rvm));
}

static void several_directories_in_one_process(void)
{
    rvm_t first = store();
    rvm_t second = store();
    char *in_first = MAP(first, "seg", 100);
    char *in_second = MAP(second, "seg", 100);
    trans_t tid = BEGIN(first, in_first);
    CHECK(rvm_number(first) != rvm_number(second));
    CHECK(in_first != in_second);
    rvm_about_to_modify(tid, in_first, 0, 5);
    memcpy(in_first, "first", 5);
    commit_text(second, in_second, 0, "second");
    rvm_commit_trans(tid);
    CHECK(is_text(map_again(first, in_first, "seg", 100), "first"));
    CHECK(is_text(map_again(second, in_second, "seg", 100), "second"));
}

static void a_second_init_gives_the_same_handle(void)
{
    rvm_t rvm = store();
    char path[PATH_MAX];
    char here[PATH_MAX];
    int number = rvm_number(rvm);
    char *base;
    strcpy(path, inside(""));
    CHECK(rvm_number(rvm_init(path)) == number);
    base = MAP(rvm, "seg", 100);
    strcpy(base, "not committed");
    CHECK(rvm_number(rvm_init(path)) == number);
    CHECK(rvm_number(rvm_init(inside("."))) == number);
    CHECK(is_text(base, "not committed"));
    NEED(getcwd(here, sizeof here) != NULL && chdir(path) == 0);
    CHECK(rvm_number(rvm_init(".")) == number);
    NEED(symlink(".", "link") == 0);
    CHECK(rvm_number(rvm_init("link")) == number);
    NEED(unlink("link") == 0 && chdir(here) == 0);
    SILENT(rvm_unmap(rvm_init(path), base));
}

/* A child inits the directory, uses it, and lives until the pipe is closed. */
static pid_t hold_in_child(const char *path, void (*use)(rvm_t), int *pipe_end)
{
    int ready[2], done[2];
    char byte;
    pid_t pid;
    NEED(pipe(ready) == 0 && pipe(done) == 0);
    pid = begin_child();
    if (pid == 0) {
        rvm_t rvm = rvm_init(path);
        close(done[1]);
        CHECK(!is_null(rvm));
        SILENT(use(rvm));
        if (write(ready[1], "x", 1) != 1 || read(done[0], &byte, 1) != 0) {
            _exit(2);
        }
        end_child();
    }
    close(ready[1]);
    close(done[0]);
    CHECK(read(ready[0], &byte, 1) == 1);
    close(ready[0]);
    *pipe_end = done[1];
    return pid;
}

static void use_nothing(rvm_t rvm)
{
    CHECK(!is_null(rvm));
}

static void use_map(rvm_t rvm)
{
    CHECK(rvm_map(rvm, "child", 100) != NOT_MAPPED);
}

static void use_destroy(rvm_t rvm)
{
    rvm_destroy(rvm, "absent");
}

static void use_truncate(rvm_t rvm)
{
    rvm_truncate_log(rvm);
}

static void locked_by(void (*use)(rvm_t))
{
    rvm_t rvm = store();
    rvm_t again;
    void *base;
    int pipe_end;
    pid_t pid = hold_in_child(inside("."), use, &pipe_end);
    REFUSED("rvm_init", EAGAIN, again = rvm_init(inside(".")));
    CHECK(is_null(again));
    CHECK(strstr(printed(), " is open already, in another process\n") != NULL);
    REFUSED("rvm_map", EAGAIN, base = rvm_map(rvm, "seg", 100));
    CHECK(base == NOT_MAPPED);
    CHECK(strstr(printed(), " is open already, in another process\n") != NULL);
    REFUSED("rvm_destroy", EAGAIN, rvm_destroy(rvm, "seg"));
    REFUSED("rvm_truncate_log", EAGAIN, rvm_truncate_log(rvm));
    close(pipe_end);
    CHECK(wait_child(pid) == 0);
    SILENT(again = rvm_init(inside(".")));
    CHECK(rvm_number(again) == rvm_number(rvm));
    SILENT(base = rvm_map(rvm, "seg", 100));
    CHECK(base != NOT_MAPPED);
}

static void locks_at_the_first_map(void)
{
    locked_by(use_map);
}

static void locks_at_the_first_destroy(void)
{
    locked_by(use_destroy);
}

static void locks_at_the_first_truncate(void)
{
    locked_by(use_truncate);
}

static void does_not_lock_itself(void)
{
    rvm_t rvm = store();
    void *base;
    int pipe_end;
    pid_t pid = hold_in_child(inside("."), use_nothing, &pipe_end);
    SILENT(CHECK(rvm_number(rvm_init(inside("."))) == rvm_number(rvm)));
    SILENT(base = rvm_map(rvm, "seg", 100));
    CHECK(base != NOT_MAPPED);
    close(pipe_end);
    CHECK(wait_child(pid) == 0);
}

static void commit_and_die(void)
{
    rvm_t rvm = rvm_init(inside("."));
    commit_text(rvm, MAP(rvm, "seg", 100), 0, "committed");
    abort();
}

static void recovers_at_first_use_and_not_before(void)
{
    rvm_t rvm = store();
    CHECK(in_child(commit_and_die) == KILLED_BY(SIGABRT));
    rvm = rvm_init(inside("."));
    CHECK(!file_has(inside("seg.seg"), 0, "committed"));
    rvm_truncate_log(rvm);
    CHECK(file_has(inside("seg.seg"), 0, "committed"));
    CHECK(is_text(MAP(rvm, "seg", 100), "committed"));
}

static void gives_null_for_what_is_no_directory(void)
{
    char path[5000];
    rvm_t rvm;
    int file;
    REFUSED("rvm_init", EINVAL, rvm = rvm_init(NULL));
    CHECK(is_null(rvm));
    REFUSED("rvm_init", EINVAL, rvm = rvm_init(""));
    CHECK(is_null(rvm));
    REFUSED("rvm_init", EINVAL, rvm = rvm_init((const char *) 1));
    CHECK(is_null(rvm));
    REFUSED("rvm_init", EINVAL, rvm = rvm_init((const char *) -1));
    CHECK(is_null(rvm));
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    REFUSED("rvm_init", 0, rvm = rvm_init(path));
    CHECK(is_null(rvm));
    NEED((file = open(fresh(), O_WRONLY | O_CREAT, 0600)) != -1);
    close(file);
    REFUSED("rvm_init", ENOTDIR, rvm = rvm_init(inside("")));
    CHECK(is_null(rvm));
    REFUSED("rvm_init", ENOTDIR, rvm = rvm_init(inside("below")));
    CHECK(is_null(rvm));
}

static void init_without_permission(void)
{
    /* The superuser has permission. */
    if (geteuid() == 0) {
        NEED(setgid(65534) == 0 && setuid(65534) == 0);
    }
    CHECK(is_null(rvm_init(inside("below"))));
}

static void gives_null_without_permission(void)
{
    NEED(mkdir(fresh(), 0500) == 0);
    CHECK(in_child(init_without_permission) == 0);
    CHECK(printed_lines() == 1 && is_text(printed(), "rvm: rvm_init: "));
    CHECK(strstr(printed(), "ermission") != NULL);
}

void check_init(void)
{
    CELL(the_directory_is_the_backing_store);
    CELL(creates_the_directory_with_mode_0700);
    CELL(creates_one_level_only);
    CELL(takes_a_directory_that_is_there);
    CELL(several_directories_in_one_process);
    CELL(a_second_init_gives_the_same_handle);
    CELL(locks_at_the_first_map);
    CELL(locks_at_the_first_destroy);
    CELL(locks_at_the_first_truncate);
    CELL(does_not_lock_itself);
    CELL(recovers_at_first_use_and_not_before);
    CELL(gives_null_for_what_is_no_directory);
    CELL(gives_null_without_permission);
}
