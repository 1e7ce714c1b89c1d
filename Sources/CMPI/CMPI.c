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

long cmpi_piece_size = 1L << 30;

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

int cmpi_broadcast(const cmpi_world *world, void *bytes, long count, int root) {
    for (long offset = 0; offset < count; offset += cmpi_piece_size) {
        int piece = cmpi_next_piece(count - offset);
        int status = MPI_Bcast(
            (char *)bytes + offset, piece, MPI_BYTE, root, world->communicator);
        if (status != MPI_SUCCESS) return status;
    }
    return MPI_SUCCESS;
}

void cmpi_limit_pieces(long size) {
    cmpi_piece_size = size;
}

// The bytes of all ranks together that one call moves stay below `cmpi_piece_size`: `pieces` of each rank
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
    if (are_equal && total <= cmpi_piece_size) {
        return MPI_Allgather(
            bytes, (int)counts[0], MPI_BYTE, all, (int)counts[0], MPI_BYTE, world->communicator);
    }
    int is_whole = total <= cmpi_piece_size;
    long limit = is_whole ? cmpi_piece_size : cmpi_piece_size / size > 0 ? cmpi_piece_size / size : 1;
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
    long most = cmpi_piece_size / size > 0 ? cmpi_piece_size / size : 1;
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
