/* See judge.h. */
#include "judge.h"

int end_of(pid_t pid)
{
    int status;
    EXPECT(waitpid(pid, &status, 0) == pid);
    return WIFSIGNALED(status) ? KILLED_BY(WTERMSIG(status)) : WEXITSTATUS(status);
}

void commit_text(rvm_t rvm, char *segment, int offset, const char *text)
{
    void *list = segment;
    trans_t tid = rvm_begin_trans(rvm, 1, &list);
    EXPECT(tid != (trans_t) -1);
    rvm_about_to_modify(tid, segment, offset, (int) strlen(text) + 1);
    strcpy(segment + offset, text);
    rvm_commit_trans(tid);
}
