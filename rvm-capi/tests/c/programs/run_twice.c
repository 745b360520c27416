/* Counts its runs in a segment; the second argument is how many there were before. */
#include "judge.h"

int main(int argc, char **argv)
{
    int before, *count;
    void *list;
    trans_t tid;
    rvm_t rvm;
    EXPECT(argc == 3);
    before = atoi(argv[2]);
    rvm = rvm_init(argv[1]);
    count = (int *) rvm_map(rvm, "count", (int) sizeof *count);
    EXPECT(count != NULL);
    EXPECT(*count == before);
    list = count;
    tid = rvm_begin_trans(rvm, 1, &list);
    rvm_about_to_modify(tid, count, 0, (int) sizeof *count);
    *count = before + 1;
    rvm_commit_trans(tid);
    *count = 1000;
    if (before % 2 == 0) {
        return 0;
    }
    _exit(0);
}
