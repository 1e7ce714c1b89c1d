#ifndef DISPATCH_H
#define DISPATCH_H

#ifdef __has_feature
#if __has_feature(thread_sanitizer)
#define SWIFT_LLM_ONE_CLONE
#endif
#endif

/* One source for all processors: on x86-64 ELF the compiler makes a clone of the function for each
 * instruction set and the loader picks the best; elsewhere the macro is empty. So it is under the thread
 * sanitizer, which crashes in what the loader calls before the sanitizer has begun. */
#if defined(__x86_64__) && defined(__ELF__) && !defined(SWIFT_LLM_ONE_CLONE)
#define SWIFT_LLM_DISPATCH \
    __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define SWIFT_LLM_DISPATCH
#endif

#endif
