#ifndef CHWLOC_H
#define CHWLOC_H

// A small door to hwloc, to the processors that a thread may run on, and to memory that lies idle. No system
// header is included here, so that Swift imports nothing of hwloc.

/// A processor by the number that the system gives it: a hardware thread of a core.
typedef struct CHwlocProcessor {
    unsigned number;
    unsigned core;    ///< equal for the hardware threads of one core
    unsigned domain;  ///< the NUMA domain whose memory is the nearest
    int is_allowed;   ///< whether the control group of this process grants it
} CHwlocProcessor;

/// Writes at most `capacity` of the processors of this machine, in an order in which neighbours share
/// most (core, cache, NUMA domain); returns how many there are, or -1 where hwloc cannot tell.
long chwloc_processors(CHwlocProcessor *processors, long capacity);

/// Reads the processors that a thread (0: the calling one) may run on, 64 in each word; returns 0 or
/// the number of the error: EINVAL where the system has more processors than fit.
int chwloc_affinity(int thread, unsigned long long *words, unsigned long word_count);

/// Lets the calling thread, and those that it starts from now on, run on these processors; returns 0 or
/// the number of the error.
int chwloc_set_affinity(const unsigned long long *words, unsigned long word_count);

/// Gives memory that was freed, and that the allocator keeps for later, back to the system.
void chwloc_release_free_memory(void);

#endif
