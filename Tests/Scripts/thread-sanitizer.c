/* Tells the thread sanitizer how threads wait for a Synchronization.Mutex.
 *
 * A Mutex that is free is taken by an atomic instruction, which the compiler puts into the caller and the
 * sanitizer sees. One that is taken is waited for in libswiftSynchronization, by a futex, which it does not
 * see: what two threads do one after the other then looks like a race. These functions stand before those of
 * the library; each calls it and says which side of the lock it is. */

#define _GNU_SOURCE
#include <dlfcn.h>

void __tsan_acquire(void *address);
void __tsan_release(void *address);

#define SWIFT __attribute__((swiftcall))
#define MUTEX __attribute__((swift_context)) void *mutex
/* Synchronization._MutexHandle._lockSlow(UInt32) and _unlockSlow() of Swift 6 on Linux. */
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

SWIFT void lock(unsigned thread, MUTEX) __asm__(LOCK);
SWIFT void unlock(MUTEX) __asm__(UNLOCK);

SWIFT void lock(unsigned thread, MUTEX) {
    SWIFT void (*library_lock)(unsigned, MUTEX) = dlsym(RTLD_NEXT, LOCK);
    library_lock(thread, mutex);
    __tsan_acquire(mutex);
}

SWIFT void unlock(MUTEX) {
    SWIFT void (*library_unlock)(MUTEX) = dlsym(RTLD_NEXT, UNLOCK);
    __tsan_release(mutex);
    library_unlock(mutex);
}
