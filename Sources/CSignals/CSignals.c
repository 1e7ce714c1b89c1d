#define _GNU_SOURCE
#include "CSignals.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>

// Those that ask for a stop, and those that shall have no effect. What tells of a fault of the
// program (SEGV, BUS, ILL, FPE, TRAP, ABRT, SYS) and what a terminal does to a job (QUIT, TSTP, TTIN,
// TTOU, CONT) keeps its meaning.
static const int held[] = {
    SIGTERM, SIGINT,    SIGHUP,  SIGUSR1, SIGUSR2,  SIGPIPE,
    SIGCHLD, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGWINCH,
};
static const size_t held_count = sizeof held / sizeof held[0];

// Bit n: signal n was ignored when the process started.
static unsigned long ignored;

static pthread_t taker;

void csignals_hold(void) {
#ifndef CSIGNALS_UNMASKED
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < held_count; i++) {
        struct sigaction action;
        sigaddset(&set, held[i]);
        if (sigaction(held[i], NULL, &action) == 0 && action.sa_handler == SIG_IGN) {
            ignored |= 1UL << held[i];
        }
    }
    pthread_sigmask(SIG_BLOCK, &set, NULL);
#endif
}

#ifdef __ELF__
// Defined by programs whose children are to inherit no mask, such as a bundle of tests.
extern const int csignals_are_open __attribute__((weak));

static void hold_before_main(void) {
    if (&csignals_are_open == NULL) csignals_hold();
}

// The constructors of libraries run later: libopenblas starts a thread in one.
__attribute__((section(".preinit_array"), used)) static void (*const hold_first)(void) =
    hold_before_main;
#endif

int csignals_is_ignored(int number) {
    return (ignored >> number & 1) != 0;
}

int csignals_take(void) {
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < held_count; i++) {
        if (held[i] != SIGCHLD && !csignals_is_ignored(held[i])) sigaddset(&set, held[i]);
    }
    int number = 0;
    return sigwait(&set, &number) == 0 ? number : 0;
}

void csignals_obey(int number) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    signal(number, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    raise(number);
}

void csignals_become_taker(void) {
    taker = pthread_self();
#ifdef __linux__
    pthread_setname_np(taker, "signals");
#endif
}

static void pass_on(int number) {
    pthread_kill(taker, number);
}

void csignals_pass_on(void) {
    struct sigaction action = {.sa_handler = pass_on, .sa_flags = SA_RESTART};
    sigfillset(&action.sa_mask);
    for (size_t i = 0; i < held_count; i++) {
        if (held[i] != SIGCHLD && !csignals_is_ignored(held[i])) {
            sigaction(held[i], &action, NULL);
        }
    }
}
