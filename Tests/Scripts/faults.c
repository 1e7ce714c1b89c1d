/* Faults of file systems, put before the C library by LD_PRELOAD. Each variable makes one of them, in
 * processes whose rank, as Open MPI or MPICH tells it, is FAULT_RANK where that is set:
 *
 *   FAULT_FLOCK=N        flock fails with the error N
 *   FAULT_FALLOCATE=N    posix_fallocate fails with N for files of this project in /dev/shm
 *   FAULT_TRUNCATE=N     ftruncate fails with N for files of this project in /dev/shm
 *   FAULT_OLD_KERNEL=1   madvise does not know MADV_POPULATE_WRITE, as before Linux 5.14
 *   FAULT_READ=TEXT,MS   the first read off the main thread from a path with TEXT in it takes MS longer
 *   FAULT_WRITE=TEXT,MS  each pwrite to a path with TEXT in it takes MS longer
 *   FAULT_SYNC_LOG=PATH  the path of each fsync is written there, a line each
 *
 *   cc -shared -fPIC -o faults.so faults.c -ldl
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const char *fault(const char *name) {
    const char *rank = getenv("FAULT_RANK"), *own = getenv("OMPI_COMM_WORLD_RANK");
    if (!own) own = getenv("PMI_RANK");
    if (rank && (!own || strcmp(rank, own) != 0)) return NULL;
    return getenv(name);
}

static int error_of(const char *name) {
    const char *text = fault(name);
    return text ? atoi(text) : 0;
}

static void *next(const char *name) { return dlsym(RTLD_NEXT, name); }

static void path_of(int descriptor, char *path, size_t capacity) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, capacity - 1);
    path[length > 0 ? length : 0] = 0;
}

static int path_has(int descriptor, const char *text) {
    char path[4096];
    path_of(descriptor, path, sizeof path);
    return strstr(path, text) != NULL;
}

/* Sleeps where the path has the text of TEXT,MS in it. */
static int delay(const char *setting, int descriptor) {
    char text[256];
    const char *comma = setting ? strchr(setting, ',') : NULL;
    if (!comma || (size_t)(comma - setting) >= sizeof text) return 0;
    memcpy(text, setting, (size_t)(comma - setting));
    text[comma - setting] = 0;
    if (!path_has(descriptor, text)) return 0;
    long milliseconds = atol(comma + 1);
    struct timespec rest = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    while (nanosleep(&rest, &rest) != 0 && errno == EINTR) {}
    return 1;
}

static void delay_read(int descriptor) {
    static atomic_int done;
    const char *setting = fault("FAULT_READ");
    if (!setting || syscall(SYS_gettid) == getpid() || atomic_load(&done)) return;
    if (delay(setting, descriptor)) atomic_store(&done, 1);
}

ssize_t read(int descriptor, void *bytes, size_t count) {
    delay_read(descriptor);
    ssize_t (*call)(int, void *, size_t) = next("read");
    return call(descriptor, bytes, count);
}

ssize_t pread(int descriptor, void *bytes, size_t count, off_t offset) {
    delay_read(descriptor);
    ssize_t (*call)(int, void *, size_t, off_t) = next("pread");
    return call(descriptor, bytes, count, offset);
}

ssize_t pread64(int descriptor, void *bytes, size_t count, off64_t offset) {
    delay_read(descriptor);
    ssize_t (*call)(int, void *, size_t, off64_t) = next("pread64");
    return call(descriptor, bytes, count, offset);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
    delay(fault("FAULT_WRITE"), descriptor);
    ssize_t (*call)(int, const void *, size_t, off_t) = next("pwrite");
    return call(descriptor, bytes, count, offset);
}

int flock(int descriptor, int operation) {
    int error = error_of("FAULT_FLOCK");
    if (error) return errno = error, -1;
    int (*call)(int, int) = next("flock");
    return call(descriptor, operation);
}

int posix_fallocate(int descriptor, off_t offset, off_t count) {
    int error = error_of("FAULT_FALLOCATE");
    if (error && path_has(descriptor, "/dev/shm/swift-llm-train")) return error;
    int (*call)(int, off_t, off_t) = next("posix_fallocate");
    return call(descriptor, offset, count);
}

int ftruncate(int descriptor, off_t size) {
    int error = error_of("FAULT_TRUNCATE");
    if (error && path_has(descriptor, "/dev/shm/swift-llm-train")) return errno = error, -1;
    int (*call)(int, off_t) = next("ftruncate");
    return call(descriptor, size);
}

int madvise(void *start, size_t size, int advice) {
    if (advice == 23 && fault("FAULT_OLD_KERNEL")) return errno = EINVAL, -1;
    int (*call)(void *, size_t, int) = next("madvise");
    return call(start, size, advice);
}

int fsync(int descriptor) {
    const char *log = fault("FAULT_SYNC_LOG");
    int file = log ? open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644) : -1;
    if (file >= 0) {
        char path[4097];
        path_of(descriptor, path, sizeof path - 1);
        strcat(path, "\n");
        if (write(file, path, strlen(path)) < 0) perror(log);
        close(file);
    }
    int (*call)(int) = next("fsync");
    return call(descriptor);
}
