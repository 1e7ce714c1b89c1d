#include "session.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static pthread_mutex_t library_lock = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local char error_text[2048];

const char *chdf5_error_text(void) {
    return error_text;
}

static void append_text(const char *text) {
    size_t used = strlen(error_text);
    snprintf(error_text + used, sizeof error_text - used, "%s", text);
}

// From the call that was made down to the place that failed: "H5Dread: can't read data: ...".
static herr_t append_entry(unsigned index, const H5E_error2_t *entry, void *unused) {
    (void)unused;
    if (index == 0 && entry->func_name) append_text(entry->func_name);
    if (error_text[0]) append_text(": ");
    append_text(entry->desc && entry->desc[0] ? entry->desc : "no description");
    return 0;
}

// Every file is closed by its owner. At exit HDF5 would only clean its own memory, and complains on
// standard error about what it lost itself in opening damaged files.
static void skip_cleanup_at_exit(void) {
    static int is_done = 0;
    if (!is_done) H5dont_atexit();
    is_done = 1;
}

void chdf5_enter(void) {
    pthread_mutex_lock(&library_lock);
    skip_cleanup_at_exit();
    error_text[0] = 0;
    // In a thread-safe library each thread has an error stack of its own, so each call sets it.
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    H5Eclear2(H5E_DEFAULT);
}

int chdf5_leave(int status) {
    pthread_mutex_unlock(&library_lock);
    return status;
}

int chdf5_fail(void) {
    if (error_text[0]) return CHDF5_FAILED;
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, append_entry, NULL);
    if (!error_text[0]) append_text("HDF5 gives no cause");
    return CHDF5_FAILED;
}

int chdf5_explain(int status, const char *name, const char *text) {
    snprintf(error_text, sizeof error_text, "%s %s", name, text);
    return status;
}
