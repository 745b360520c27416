/* Runs all cells of the contract. The first argument is an empty directory for the stores. */
#include "check.h"

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
        return 2;
    }
    set_root(argv[1]);
    /* First, since it sees the first transaction of the process. */
    check_begin_trans();
    check_init();
    check_map();
    check_unmap();
    check_destroy();
    check_about_to_modify();
    check_commit_trans();
    check_commit_trans_heavy();
    check_abort_trans();
    check_truncate_log();
    check_verbose();
    check_types();
    check_errors();
    return checks_that_did_not_hold() != 0;
}
