/*
 * Truncates while a transaction is open, for others to compare the files: "seg.seg" is 10,000 bytes of which byte n is
 * 'a' + n % 26, and its log is as small as that of "fresh".
 */
#include "judge.h"

#define SIZE 10000

int main(int argc, char **argv)
{
    char *segment;
    void *list;
    trans_t tid;
    rvm_t rvm;
    int i, round;
    EXPECT(argc == 2);
    rvm = rvm_init(argv[1]);
    segment = (char *) rvm_map(rvm, "seg", SIZE);
    EXPECT(segment != NULL);
    list = segment;
    /* More than a log holds at first. */
    for (round = 0; round < 20; round++) {
        tid = rvm_begin_trans(rvm, 1, &list);
        rvm_about_to_modify(tid, segment, 0, SIZE);
        for (i = 0; i < SIZE; i++) {
            segment[i] = (char) (round < 19 ? round : 'a' + i % 26);
        }
        rvm_commit_trans(tid);
    }
    tid = rvm_begin_trans(rvm, 1, &list);
    rvm_about_to_modify(tid, segment, 0, SIZE / 2);
    memset(segment, '!', SIZE);
    rvm_truncate_log(rvm);
    EXPECT(rvm_map(rvm, "fresh", SIZE) != NULL);
    _exit(0);
}
