#include "CKernels.h"

/* Attention whose heads are sharp makes probabilities below the smallest normal number, and a
 * product with one takes an Intel Xeon 33 to 76 times as long. All threads of a process flush them to zero: a thread inherits it from the one that starts it. */
static void flush_subnormals(void) {
#if defined(__x86_64__)
    /* Bit 15: results; bit 6: operands. */
    __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8040);
#elif defined(__aarch64__)
    unsigned long long control;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control));
    __asm__ volatile("msr fpcr, %0" : : "r"(control | 1ULL << 24));
#endif
}

int kernel_flushes_subnormals(void) {
    volatile float small = 1e-38f;
    volatile float factor = 0.01f;
    return small * factor == 0;
}

#if defined(__ELF__)
/* Before the constructors of libraries, which may start threads. */
__attribute__((section(".preinit_array"), used)) static void (*const flush_first)(void) =
    flush_subnormals;
#else
__attribute__((constructor)) static void flush_first(void) { flush_subnormals(); }
#endif
