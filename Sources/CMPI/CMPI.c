#include "CMPI.h"

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
static long piece_size = 1L << 30;

struct cmpi_requests {
    int open_count;
    int status;
};

// `expected[i]` is the byte count that request i must receive, or -1 for a send.
struct cmpi_queue {
    MPI_Request *requests;
    cmpi_requests **owners;
    int *expected;
    MPI_Status *statuses;
    int *indices;
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

void cmpi_limit_pieces(long size) {
    piece_size = size;
}

// The bytes of all ranks together that one call moves stay below `piece_size`: `pieces` of each rank
// go to `all` where they do not lie there already.
static int gather_pieces(
    const cmpi_world *world, const char *bytes, const long *counts, char *all, char *pieces,
    int *lengths, int size, long limit) {
    int rank;
    int *places = lengths + size;
    int status = MPI_Comm_rank(world->communicator, &rank);
    long most = 0;
    for (int i = 0; i < size; ++i) most = counts[i] > most ? counts[i] : most;
    for (long offset = 0; status == MPI_SUCCESS && offset < most; offset += limit) {
        int place = 0;
        for (int i = 0; i < size; ++i) {
            long left = counts[i] > offset ? counts[i] - offset : 0;
            lengths[i] = (int)(left < limit ? left : limit);
            places[i] = place;
            place += lengths[i];
        }
        status = MPI_Allgatherv(
            lengths[rank] > 0 ? bytes + offset : bytes, lengths[rank], MPI_BYTE, pieces, lengths,
            places, MPI_BYTE, world->communicator);
        char *start = all;
        for (int i = 0; i < size && pieces != all; ++i) {
            if (lengths[i] > 0) {
                memcpy(start + offset, pieces + places[i], (size_t)lengths[i]);
            }
            start += counts[i];
        }
    }
    return status;
}

int cmpi_all_gather(
    const cmpi_world *world, const void *bytes, const long *counts, void *all) {
    int size;
    int status = MPI_Comm_size(world->communicator, &size);
    if (status != MPI_SUCCESS) return status;
    long total = 0;
    int are_equal = 1;
    for (int i = 0; i < size; ++i) {
        total += counts[i];
        are_equal &= counts[i] == counts[0];
    }
    if (are_equal && total <= piece_size) {
        return MPI_Allgather(
            bytes, (int)counts[0], MPI_BYTE, all, (int)counts[0], MPI_BYTE, world->communicator);
    }
    int is_whole = total <= piece_size;
    long limit = is_whole ? piece_size : piece_size / size > 0 ? piece_size / size : 1;
    int *lengths = malloc(2 * (size_t)size * sizeof *lengths);
    char *pieces = is_whole ? all : malloc((size_t)limit * (size_t)size);
    status = lengths == NULL || pieces == NULL
        ? CMPI_OUT_OF_MEMORY
        : gather_pieces(world, bytes, counts, all, pieces, lengths, size, limit);
    free(lengths);
    if (!is_whole) free(pieces);
    return status;
}

// Reduces in place, in pieces.
static int all_reduce(
    const cmpi_world *world, void *values, long count, long size, MPI_Datatype type, MPI_Op op) {
    long most = piece_size / size > 0 ? piece_size / size : 1;
    for (long start = 0; start < count; start += most) {
        long piece = count - start < most ? count - start : most;
        int status = MPI_Allreduce(
            MPI_IN_PLACE, (char *)values + start * size, (int)piece, type, op,
            world->communicator);
        if (status != MPI_SUCCESS) return status;
    }
    return MPI_SUCCESS;
}

int cmpi_all_reduce_integer(
    const cmpi_world *world, long long *values, long count, int operation) {
    MPI_Op op = operation == CMPI_MINIMUM ? MPI_MIN : operation == CMPI_MAXIMUM ? MPI_MAX : MPI_SUM;
    return all_reduce(world, values, count, sizeof *values, MPI_LONG_LONG, op);
}

int cmpi_all_reduce_double(const cmpi_world *world, double *values, long count) {
    return all_reduce(world, values, count, sizeof *values, MPI_DOUBLE, MPI_SUM);
}

int cmpi_all_reduce_float(const cmpi_world *world, float *values, long count) {
    return all_reduce(world, values, count, sizeof *values, MPI_FLOAT, MPI_SUM);
}

int cmpi_queue_create(cmpi_queue **queue) {
    *queue = calloc(1, sizeof **queue);
    return *queue == NULL ? CMPI_OUT_OF_MEMORY : MPI_SUCCESS;
}

int cmpi_requests_create(cmpi_requests **requests) {
    *requests = calloc(1, sizeof **requests);
    return *requests == NULL ? CMPI_OUT_OF_MEMORY : MPI_SUCCESS;
}

void cmpi_requests_free(cmpi_requests *requests) {
    free(requests);
}

static int grow(void **list, size_t size) {
    void *larger = realloc(*list, size);
    if (larger == NULL) return 0;
    *list = larger;
    return 1;
}

static int reserve(cmpi_queue *queue) {
    if (queue->count < queue->capacity) return MPI_SUCCESS;
    size_t capacity = queue->capacity > 0 ? 2 * (size_t)queue->capacity : 64;
    if (!grow((void **)&queue->requests, sizeof *queue->requests * capacity)
        || !grow((void **)&queue->owners, sizeof *queue->owners * capacity)
        || !grow((void **)&queue->expected, sizeof *queue->expected * capacity)
        || !grow((void **)&queue->statuses, sizeof *queue->statuses * capacity)
        || !grow((void **)&queue->indices, sizeof *queue->indices * capacity)) {
        return CMPI_OUT_OF_MEMORY;
    }
    queue->capacity = (int)capacity;
    return MPI_SUCCESS;
}

// The request that has just been started, the last of the queue.
static void take(cmpi_queue *queue, cmpi_requests *owner, int expected) {
    queue->owners[queue->count] = owner;
    queue->expected[queue->count++] = expected;
    ++owner->open_count;
}

int cmpi_send(
    const cmpi_world *world, cmpi_queue *queue, cmpi_requests *requests, const void *bytes,
    long count, int peer, int tag) {
    for (long offset = 0; offset < count; offset += piece_size) {
        int status = reserve(queue);
        if (status != MPI_SUCCESS) return status;
        status = MPI_Isend(
            (const char *)bytes + offset, next_piece(count - offset), MPI_BYTE, peer, tag,
            world->communicator, &queue->requests[queue->count]);
        if (status != MPI_SUCCESS) return status;
        take(queue, requests, -1);
    }
    return MPI_SUCCESS;
}

int cmpi_receive(
    const cmpi_world *world, cmpi_queue *queue, cmpi_requests *requests, void *bytes, long count,
    int peer, int tag) {
    for (long offset = 0; offset < count; offset += piece_size) {
        int piece = next_piece(count - offset);
        int status = reserve(queue);
        if (status != MPI_SUCCESS) return status;
        status = MPI_Irecv(
            (char *)bytes + offset, piece, MPI_BYTE, peer, tag, world->communicator,
            &queue->requests[queue->count]);
        if (status != MPI_SUCCESS) return status;
        take(queue, requests, piece);
    }
    return MPI_SUCCESS;
}

// The failure of a request that has ended.
static int outcome(MPI_Status *status, int error, int expected) {
    if (error != MPI_SUCCESS || expected < 0) return error;
    int received;
    error = MPI_Get_count(status, MPI_BYTE, &received);
    if (error != MPI_SUCCESS) return error;
    return received == expected ? MPI_SUCCESS : CMPI_SHORT_MESSAGE;
}

// Closes the gaps that ended requests have left; the order stays.
static void close_gaps(cmpi_queue *queue) {
    int kept = 0;
    for (int i = 0; i < queue->count; ++i) {
        if (queue->owners[i] == NULL) continue;
        queue->requests[kept] = queue->requests[i];
        queue->owners[kept] = queue->owners[i];
        queue->expected[kept++] = queue->expected[i];
    }
    queue->count = kept;
}

int cmpi_drive(cmpi_queue *queue) {
    if (queue->count == 0) return MPI_SUCCESS;
    int ended;
    int status = MPI_Testsome(
        queue->count, queue->requests, &ended, queue->indices, queue->statuses);
    if (status != MPI_SUCCESS && status != MPI_ERR_IN_STATUS) return status;
    if (ended == MPI_UNDEFINED || ended == 0) return MPI_SUCCESS;
    for (int i = 0; i < ended; ++i) {
        int index = queue->indices[i];
        int error = status == MPI_SUCCESS ? MPI_SUCCESS : queue->statuses[i].MPI_ERROR;
        if (error == MPI_ERR_PENDING) continue;
        cmpi_requests *owner = queue->owners[index];
        error = outcome(&queue->statuses[i], error, queue->expected[index]);
        if (owner->status == MPI_SUCCESS) owner->status = error;
        --owner->open_count;
        queue->owners[index] = NULL;
    }
    close_gaps(queue);
    return MPI_SUCCESS;
}

int cmpi_have_ended(const cmpi_requests *requests, int *status) {
    *status = requests->status;
    return requests->open_count == 0;
}
