/*
 * Checked mode: every change that was not declared is told once, with what it was and what it is, whenever it was made.
 *
 * checked DIR    with RVM_CHECKED=1
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rvm_ext.h"

#define SIZE 20000

#define CHECK(what) ((what) ? (void) 0 : failed(#what, __LINE__))

static rvm_t rvm;
static char *base, *other;

/* What the listener was told. */
static struct rvmx_undeclared told[8];
static char old_bytes[8][64], new_bytes[8][64];
static int times;

static void failed(const char *what, int line)
{
    fprintf(stderr, "checked.c:%d: not so: %s (%s)\n", line, what, rvm_last_error());
    exit(1);
}

static void listen(const struct rvmx_undeclared *change, void *context)
{
    CHECK(context == &times && times < 8 && change->length <= 64);
    told[times] = *change;
    memcpy(old_bytes[times], change->old_bytes, change->length);
    memcpy(new_bytes[times], change->new_bytes, change->length);
    CHECK(strcmp(change->segname, "s") == 0 || strcmp(change->segname, "t") == 0);
    told[times].segname = change->segname[0] == 's' ? "s" : "t";
    times++;
}

static int was_told(int which, const char *segname, size_t offset, size_t length, int early)
{
    return which < times && strcmp(told[which].segname, segname) == 0 && told[which].offset == offset
        && told[which].length == length && told[which].early == early;
}

static trans_t begin(void)
{
    void *bases[2];
    trans_t tid;
    bases[0] = base;
    bases[1] = other;
    tid = rvm_begin_trans(rvm, 2, bases);
    CHECK(tid != (trans_t) -1);
    times = 0;
    return tid;
}

static void at_the_edges_of_what_was_declared(void)
{
    trans_t tid = begin();
    rvm_about_to_modify(tid, base, 100, 50);
    rvm_about_to_modify(tid, base, 120, 100);
    rvm_about_to_modify(tid, other, 0, SIZE);
    memset(base + 99, 'x', 122);
    memset(other, 'y', SIZE);
    rvm_commit_trans(tid);
    CHECK(times == 2);
    CHECK(was_told(0, "s", 99, 1, 0) && old_bytes[0][0] == 0 && new_bytes[0][0] == 'x');
    CHECK(was_told(1, "s", 220, 1, 0));
    CHECK(told[0].tid == (int) (long) tid);
}

/* Changes between transactions, and those of an aborted one, are found by whoever ends next. */
static void whenever_it_was_made(void)
{
    trans_t tid;
    base[SIZE - 1] = 'z';
    tid = begin();
    base[0] = 'a';
    rvm_abort_trans(tid);
    CHECK(times == 2 && was_told(0, "s", 0, 1, 0) && was_told(1, "s", SIZE - 1, 1, 0));
    CHECK(base[0] == 'a' && base[SIZE - 1] == 'z');

    rvm_commit_trans(begin());
    CHECK(times == 0);
}

/* An abort undoes what was declared, which is no change then. */
static void what_an_abort_undoes_is_no_change(void)
{
    trans_t tid = begin();
    rvm_about_to_modify(tid, base, 5000, 8);
    memcpy(base + 5000, "declared", 8);
    rvm_abort_trans(tid);
    CHECK(times == 0);
    rvm_commit_trans(begin());
    CHECK(times == 0);
}

static void declared_too_late(void)
{
    trans_t tid = begin();
    memcpy(base + 6000, "late", 4);
    rvm_about_to_modify(tid, base, 5990, 30);
    CHECK(times == 1 && was_told(0, "s", 6000, 4, 1) && memcmp(new_bytes[0], "late", 4) == 0);
    memcpy(base + 6000, "more", 4);
    rvm_about_to_modify(tid, base, 5995, 60);
    CHECK(times == 1);
    rvm_commit_trans(tid);
    CHECK(times == 1);
}

/* A commit that is refused leaves all as it was, for checks, too. */
static void a_commit_that_is_refused(void)
{
    trans_t tid = begin();
    int i;
    for (i = 0; i < 10; i++)
        CHECK(rvmx_about_to_modify(tid, base, 0, SIZE) == RVMX_DONE);
    memset(base, 'r', SIZE);
    CHECK(rvmx_commit(tid, RVMX_FORCE) == RVMX_TOO_LARGE);
    CHECK(base[1] == 0 && times == 0);
    rvm_commit_trans(begin());
    CHECK(times == 0);
}

/* Without a listener it is a line on stderr. */
static void as_a_line(void)
{
    char line[1024];
    int saved = dup(2), file = open("/tmp", O_TMPFILE | O_RDWR, 0600);
    ssize_t length;
    trans_t tid = begin();
    CHECK(saved >= 0 && file >= 0);
    memcpy(base + 7000, "0123456789abcdefg", 17);
    CHECK(rvmx_on_undeclared(rvm, NULL, NULL) == RVMX_DONE);
    CHECK(dup2(file, 2) == 2);
    rvm_commit_trans(tid);
    CHECK(dup2(saved, 2) == 2);
    length = pread(file, line, sizeof line - 1, 0);
    CHECK(length > 0);
    line[length] = 0;
    CHECK(strstr(line, "rvm: rvm_commit_trans: undeclared change in transaction ") == line);
    CHECK(strstr(line, "segment \"s\", offset 7000, length 17, old 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 ..., "
                       "new 30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66 ...\n") != NULL);
    CHECK(strchr(line, '\n') == line + length - 1);
    close(file);
    close(saved);
}

int main(int argc, char **argv)
{
    struct rvmx_options options;
    void *bases[2];
    CHECK(argc == 2);
    memset(&options, 0, sizeof options);
    options.log_capacity_max = 128 << 10;
    CHECK(rvmx_open(argv[1], &options, sizeof options, &rvm) == RVMX_DONE);
    CHECK(rvmx_map(rvm, "s", SIZE, &bases[0], NULL) == RVMX_DONE);
    CHECK(rvmx_map(rvm, "t", SIZE, &bases[1], NULL) == RVMX_DONE);
    base = (char *) bases[0];
    other = (char *) bases[1];
    CHECK(rvmx_on_undeclared(rvm, listen, &times) == RVMX_DONE);
    at_the_edges_of_what_was_declared();
    whenever_it_was_made();
    what_an_abort_undoes_is_no_change();
    declared_too_late();
    a_commit_that_is_refused();
    as_a_line();
    return 0;
}
