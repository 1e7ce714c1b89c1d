#include "CKernels.h"

const char *kernel_instruction_set(void) {
#if defined(__x86_64__) && defined(__ELF__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("x86-64-v4")) return "x86-64-v4";
    if (__builtin_cpu_supports("x86-64-v3")) return "x86-64-v3";
    return "x86-64";
#elif defined(__x86_64__)
    return "x86-64";
#elif defined(__aarch64__)
    return "arm64";
#else
    return "generic";
#endif
}

const char *kernel_compiler(void) {
#if defined(__clang__)
#define TEXT(x) #x
#define VALUE(x) TEXT(x)
    return "clang " VALUE(__clang_major__) "." VALUE(__clang_minor__);
#else
    return "gcc " __VERSION__;
#endif
}
