#if defined(__linux__)
#define _GNU_SOURCE
#include <sched.h>
#endif

#include "CHwloc.h"

#include <errno.h>
#include <string.h>

int chwloc_affinity(int thread, unsigned long long *words, unsigned long word_count) {
    memset(words, 0, word_count * sizeof *words);
#if defined(__linux__)
    int status = sched_getaffinity(thread, word_count * sizeof *words, (cpu_set_t *)words);
    return status == 0 ? 0 : errno;
#else
    return ENOSYS;
#endif
}

int chwloc_set_affinity(const unsigned long long *words, unsigned long word_count) {
#if defined(__linux__)
    int status = sched_setaffinity(0, word_count * sizeof *words, (const cpu_set_t *)words);
    return status == 0 ? 0 : errno;
#else
    return ENOSYS;
#endif
}
