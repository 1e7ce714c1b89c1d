/* Threads that wait for a call. */
#if defined(__linux__)
#define _GNU_SOURCE
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "CKernels.h"

#include <sched.h>

unsigned kernel_calls(const unsigned *calls) { return __atomic_load_n(calls, __ATOMIC_SEQ_CST); }

void kernel_sleep(const unsigned *calls, unsigned seen) {
#if defined(__linux__)
    syscall(SYS_futex, calls, FUTEX_WAIT_PRIVATE, seen, 0, 0, 0);
#else
    if (kernel_calls(calls) == seen) sched_yield();
#endif
}

void kernel_wake(unsigned *calls, int count) {
    __atomic_add_fetch(calls, 1, __ATOMIC_SEQ_CST);
#if defined(__linux__)
    syscall(SYS_futex, calls, FUTEX_WAKE_PRIVATE, count, 0, 0, 0);
#endif
}

void kernel_yield(void) { sched_yield(); }
