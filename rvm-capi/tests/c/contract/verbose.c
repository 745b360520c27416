/* The row rvm_verbose of the contract. */
#include "check.h"

#include <ctype.h>

#define FUNCTION "rvm_verbose"

/* Whether what was printed has a word by which programs are judged, apart from the directory's path. */
static int has_a_verdict(void)
{
    char text[4096];
    char path[PATH_MAX];
    char *found;
    size_t i;
    strncpy(text, printed(), sizeof text - 1);
    text[sizeof text - 1] = '\0';
    NEED(realpath(inside("."), path) != NULL);
    while ((found = strstr(text, path)) != NULL) {
        memset(found, ' ', strlen(path));
    }
    for (i = 0; text[i] != '\0'; i++) {
        text[i] = (char) toupper((unsigned char) text[i]);
    }
    return strstr(text, "OK") != NULL || strstr(text, "ERROR") != NULL
           || strstr(text, "FAIL") != NULL;
}

/* The call prints one line, about `function`. */
#define SAYS(function, call) \
    do { \
        capture(); \
        call; \
        captured(); \
        CHECK(printed_lines() == 1); \
        CHECK(is_text(printed(), "rvm: " function ": ")); \
        CHECK(!has_a_verdict()); \
    } while (0)

/* Each operation once, after the directory was opened. */
static void says_what_it_does(rvm_t rvm)
{
    void *base;
    trans_t tid;
    SAYS("rvm_init", rvm_init(inside(".")));
    SAYS("rvm_map", base = rvm_map(rvm, "seg", 100));
    SAYS("rvm_begin_trans", tid = rvm_begin_trans(rvm, 1, &base));
    SAYS("rvm_about_to_modify", rvm_about_to_modify(tid, base, 0, 10));
    SAYS("rvm_commit_trans", rvm_commit_trans(tid));
    SAYS("rvm_begin_trans", tid = rvm_begin_trans(rvm, 1, &base));
    SAYS("rvm_commit_trans_heavy", rvm_commit_trans_heavy(tid));
    SAYS("rvm_begin_trans", tid = rvm_begin_trans(rvm, 1, &base));
    SAYS("rvm_abort_trans", rvm_abort_trans(tid));
    SAYS("rvm_truncate_log", rvm_truncate_log(rvm));
    SAYS("rvm_unmap", rvm_unmap(rvm, base));
    SAYS("rvm_destroy", rvm_destroy(rvm, "seg"));
    SAYS("rvm_destroy", rvm_destroy(rvm, "seg"));
}

static void one_line_for_each_operation_if_not_zero(void)
{
    rvm_t rvm = store();
    SILENT(rvm_truncate_log(rvm));
    SILENT(rvm_verbose(1));
    says_what_it_does(rvm);
    SILENT(rvm_verbose(-42));
    says_what_it_does(rvm);
    SILENT(rvm_verbose(0));
}

static void opening_a_directory_says_no_verdict(void)
{
    rvm_t rvm = store();
    const char *line;
    rvm_verbose(1);
    capture();
    rvm_truncate_log(rvm);
    captured();
    rvm_verbose(0);
    CHECK(printed_lines() >= 1);
    CHECK(!has_a_verdict());
    for (line = printed(); *line != '\0'; line = strchr(line, '\n') + 1) {
        CHECK(is_text(line, "rvm"));
    }
}

static void zero_is_silent(void)
{
    rvm_t rvm = store();
    void *base;
    trans_t tid;
    rvm_verbose(1);
    rvm_verbose(0);
    SILENT(base = rvm_map(rvm, "seg", 100));
    SILENT(tid = rvm_begin_trans(rvm, 1, &base));
    SILENT(rvm_about_to_modify(tid, base, 0, 10));
    SILENT(rvm_commit_trans(tid));
    SILENT(rvm_truncate_log(rvm));
    SILENT(rvm_unmap(rvm, base));
    SILENT(rvm_destroy(rvm, "seg"));
}

static void errors_are_printed_in_any_case(void)
{
    rvm_t rvm = store();
    MAP(rvm, "x", 100);
    rvm_verbose(1);
    REFUSED("rvm_map", EEXIST, rvm_map(rvm, "x", 100));
    REFUSED("rvm_commit_trans", EINVAL, rvm_commit_trans(trans_of(0)));
    rvm_verbose(0);
    REFUSED("rvm_map", EEXIST, rvm_map(rvm, "x", 100));
    REFUSED("rvm_commit_trans", EINVAL, rvm_commit_trans(trans_of(0)));
}

static void goes_to_stderr(void)
{
    rvm_t rvm = store();
    int file = dup(STDOUT_FILENO);
    int other;
    fflush(stdout);
    NEED(freopen(inside("stdout"), "w", stdout) != NULL);
    rvm_verbose(1);
    capture();
    rvm_truncate_log(rvm);
    captured();
    rvm_verbose(0);
    other = dup2(file, STDOUT_FILENO);
    close(file);
    NEED(other == STDOUT_FILENO);
    CHECK(printed_lines() > 0);
    CHECK(size_of_file(inside("stdout")) == 0);
    NEED(unlink(inside("stdout")) == 0);
}

void check_verbose(void)
{
    /* All cells before this one checked that the library is silent at the start. */
    CELL(one_line_for_each_operation_if_not_zero);
    CELL(opening_a_directory_says_no_verdict);
    CELL(zero_is_silent);
    CELL(errors_are_printed_in_any_case);
    CELL(goes_to_stderr);
}
