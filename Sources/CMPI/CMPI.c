#include "CMPI.h"

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

#include "CMPIWorld.h"
#ifdef __linux__
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#endif

// MPI 3 counts in int: longer messages travel in pieces of this many bytes. Messages between two
// ranks under one tag do not overtake each other, so pieces meet their receives in order.
static const long piece_size = 1L << 30;

// `expected[i]` is the byte count that request i must receive, or -1 for a send.
struct cmpi_requests {
    MPI_Request *requests;
    MPI_Status *statuses;
    int *expected;
    int count, capacity;
};

int cmpi_library_version(char *text, long capacity, int *version, int *subversion) {
    if (capacity <= 0) return MPI_ERR_COUNT;
    char buffer[MPI_MAX_LIBRARY_VERSION_STRING];
    int length;
    int status = MPI_Get_library_version(buffer, &length);
    if (status != MPI_SUCCESS) return status;
    snprintf(text, (size_t)capacity, "%s", buffer);
    return MPI_Get_version(version, subversion);
}

void cmpi_end_with_parent(void) {
#ifdef __linux__
    pid_t parent = getppid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    // The parent may have died just before: then another process took its place.
    if (getppid() != parent) _exit(1);
#endif
}

int cmpi_initialize(void) {
    int level;
    int status = MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &level);
    if (status != MPI_SUCCESS) return status;
    return level >= MPI_THREAD_SERIALIZED ? MPI_SUCCESS : CMPI_NO_THREADS;
}

int cmpi_world_create(cmpi_world **world) {
    *world = malloc(sizeof **world);
    if (*world == NULL) return CMPI_OUT_OF_MEMORY;
    // On MPI_COMM_WORLD too: errors that belong to no communicator are raised there.
    int status = MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    if (status == MPI_SUCCESS) status = MPI_Comm_dup(MPI_COMM_WORLD, &(*world)->communicator);
    if (status == MPI_SUCCESS) {
        status = MPI_Comm_set_errhandler((*world)->communicator, MPI_ERRORS_RETURN);
    }
    return status;
}

int cmpi_world_split(const cmpi_world *world, int color, cmpi_world **part) {
    *part = malloc(sizeof **part);
    if (*part == NULL) return CMPI_OUT_OF_MEMORY;
    // The key 0 keeps the order of the world.
    int status = MPI_Comm_split(world->communicator, color, 0, &(*part)->communicator);
    if (status == MPI_SUCCESS) {
        status = MPI_Comm_set_errhandler((*part)->communicator, MPI_ERRORS_RETURN);
    }
    return status;
}

int cmpi_world_free(cmpi_world *world) {
    int status = MPI_Comm_free(&world->communicator);
    free(world);
    return status;
}

int cmpi_finalize(cmpi_world *world) {
    int status = cmpi_world_free(world);
    return status == MPI_SUCCESS ? MPI_Finalize() : status;
}

// MPICH's launcher ends a job that aborts without reading what its ranks have just written: give it a
// second to take the line that says why.
static void wait_for_readers(void) {
#ifdef __linux__
    for (int descriptor = 1; descriptor <= 2; descriptor++) {
        struct stat status;
        if (fstat(descriptor, &status) != 0 || !S_ISFIFO(status.st_mode)) continue;
        for (int tries = 0; tries < 100; tries++) {
            int unread = 0;
            if (ioctl(descriptor, FIONREAD, &unread) != 0 || unread == 0) break;
            nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
        }
    }
#endif
}

void cmpi_abort(int exit_code) {
    wait_for_readers();
    MPI_Abort(MPI_COMM_WORLD, exit_code);
    _Exit(exit_code);
}

void cmpi_describe(int status, char *text, long capacity) {
    if (capacity <= 0) return;
    char buffer[MPI_MAX_ERROR_STRING] = "unknown MPI status";
    const char *cause = buffer;
    int length;
    switch (status) {
    case CMPI_SHORT_MESSAGE: cause = "a message is shorter than its receive buffer"; break;
    case CMPI_OUT_OF_MEMORY: cause = "no memory for a request"; break;
    case CMPI_NO_THREADS: cause = "this MPI does not support MPI_THREAD_SERIALIZED"; break;
    default: MPI_Error_string(status, buffer, &length);
    }
    snprintf(text, (size_t)capacity, "%s", cause);
}

int cmpi_rank(const cmpi_world *world, int *rank) {
    return MPI_Comm_rank(world->communicator, rank);
}

int cmpi_size(const cmpi_world *world, int *size) {
    return MPI_Comm_size(world->communicator, size);
}

int cmpi_barrier(const cmpi_world *world) {
    return MPI_Barrier(world->communicator);
}

static int next_piece(long remaining) {
    return (int)(remaining < piece_size ? remaining : piece_size);
}

int cmpi_broadcast(const cmpi_world *world, void *bytes, long count, int root) {
    for (long offset = 0; offset < count; offset += piece_size) {
        int piece = next_piece(count - offset);
        int status = MPI_Bcast(
            (char *)bytes + offset, piece, MPI_BYTE, root, world->communicator);
        if (status != MPI_SUCCESS) return status;
    }
    return MPI_SUCCESS;
}

int cmpi_all_gather(const cmpi_world *world, const void *bytes, long count, void *all) {
    if (count > piece_size) return MPI_ERR_COUNT;
    return MPI_Allgather(
        bytes, (int)count, MPI_BYTE, all, (int)count, MPI_BYTE, world->communicator);
}

int cmpi_all_reduce_float(const cmpi_world *world, float *values, long count) {
    for (long offset = 0; offset < count; offset += piece_size) {
        int status = MPI_Allreduce(
            MPI_IN_PLACE, values + offset, next_piece(count - offset), MPI_FLOAT, MPI_SUM,
            world->communicator);
        if (status != MPI_SUCCESS) return status;
    }
    return MPI_SUCCESS;
}

int cmpi_requests_create(cmpi_requests **requests) {
    *requests = calloc(1, sizeof **requests);
    return *requests == NULL ? CMPI_OUT_OF_MEMORY : MPI_SUCCESS;
}

void cmpi_requests_free(cmpi_requests *list) {
    free(list->requests);
    free(list->statuses);
    free(list->expected);
    free(list);
}

static int reserve(cmpi_requests *list) {
    if (list->count < list->capacity) return MPI_SUCCESS;
    int capacity = list->capacity > 0 ? 2 * list->capacity : 8;
    void *requests = realloc(list->requests, sizeof *list->requests * (size_t)capacity);
    if (requests != NULL) list->requests = requests;
    void *statuses = realloc(list->statuses, sizeof *list->statuses * (size_t)capacity);
    if (statuses != NULL) list->statuses = statuses;
    void *expected = realloc(list->expected, sizeof *list->expected * (size_t)capacity);
    if (expected != NULL) list->expected = expected;
    if (requests == NULL || statuses == NULL || expected == NULL) return CMPI_OUT_OF_MEMORY;
    list->capacity = capacity;
    return MPI_SUCCESS;
}

int cmpi_send(
    const cmpi_world *world, cmpi_requests *list, const void *bytes, long count, int peer,
    int tag) {
    for (long offset = 0; offset < count; offset += piece_size) {
        int status = reserve(list);
        if (status != MPI_SUCCESS) return status;
        status = MPI_Isend(
            (const char *)bytes + offset, next_piece(count - offset), MPI_BYTE, peer, tag,
            world->communicator, &list->requests[list->count]);
        if (status != MPI_SUCCESS) return status;
        list->expected[list->count++] = -1;
    }
    return MPI_SUCCESS;
}

int cmpi_receive(
    const cmpi_world *world, cmpi_requests *list, void *bytes, long count, int peer, int tag) {
    for (long offset = 0; offset < count; offset += piece_size) {
        int piece = next_piece(count - offset);
        int status = reserve(list);
        if (status != MPI_SUCCESS) return status;
        status = MPI_Irecv(
            (char *)bytes + offset, piece, MPI_BYTE, peer, tag, world->communicator,
            &list->requests[list->count]);
        if (status != MPI_SUCCESS) return status;
        list->expected[list->count++] = piece;
    }
    return MPI_SUCCESS;
}

// `status` of MPI_Waitall or MPI_Testall, and what stands behind it in each request.
static int outcome(const cmpi_requests *list, int status) {
    if (status != MPI_SUCCESS && status != MPI_ERR_IN_STATUS) return status;
    for (int i = 0; i < list->count; ++i) {
        int error = status == MPI_SUCCESS ? MPI_SUCCESS : list->statuses[i].MPI_ERROR;
        if (error != MPI_SUCCESS && error != MPI_ERR_PENDING) return error;
        if (error != MPI_SUCCESS || list->expected[i] < 0) continue;
        int received;
        error = MPI_Get_count(&list->statuses[i], MPI_BYTE, &received);
        if (error != MPI_SUCCESS) return error;
        if (received != list->expected[i]) return CMPI_SHORT_MESSAGE;
    }
    return status;
}

int cmpi_wait(cmpi_requests *list) {
    return outcome(list, MPI_Waitall(list->count, list->requests, list->statuses));
}

int cmpi_test(cmpi_requests *list, int *done) {
    int status = MPI_Testall(list->count, list->requests, done, list->statuses);
    if (status == MPI_SUCCESS && !*done) return MPI_SUCCESS;
    return outcome(list, status);
}
