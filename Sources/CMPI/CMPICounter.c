// For nanosleep.
#define _DEFAULT_SOURCE

#include "CMPI.h"

#include <sched.h>
#include <stdatomic.h>
#include <time.h>

_Static_assert(sizeof(atomic_uint) == sizeof(unsigned int), "an atomic counter is a plain one");

void cmpi_counter_raise(unsigned int *counter) {
    // Acquires too, so that whoever sees the last of several raises sees what came before the others.
    atomic_fetch_add_explicit((atomic_uint *)counter, 1, memory_order_acq_rel);
}

unsigned int cmpi_counter_value(const unsigned int *counter) {
    return atomic_load_explicit((const atomic_uint *)counter, memory_order_acquire);
}

void cmpi_pause(long attempt) {
    // Some microseconds, in which most of what is nearly there comes.
    enum { spin_count = 64, yield_count = 4096, sleep_nanoseconds = 50000 };
    if (attempt < spin_count) {
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#elif defined(__aarch64__)
        __asm__ __volatile__("yield");
#endif
    } else if (attempt < yield_count) {
        sched_yield();
    } else {
        struct timespec moment = {0, sleep_nanoseconds};
        nanosleep(&moment, NULL);
    }
}
