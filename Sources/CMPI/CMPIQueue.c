// Messages between two ranks that are started, and ended in any order.
#include "CMPI.h"

#include <mpi.h>
#include <stdlib.h>

#include "CMPIWorld.h"

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
    for (long offset = 0; offset < count; offset += cmpi_piece_size) {
        int status = reserve(queue);
        if (status != MPI_SUCCESS) return status;
        status = MPI_Isend(
            (const char *)bytes + offset, cmpi_next_piece(count - offset), MPI_BYTE, peer, tag,
            world->communicator, &queue->requests[queue->count]);
        if (status != MPI_SUCCESS) return status;
        take(queue, requests, -1);
    }
    return MPI_SUCCESS;
}

int cmpi_receive(
    const cmpi_world *world, cmpi_queue *queue, cmpi_requests *requests, void *bytes, long count,
    int peer, int tag) {
    for (long offset = 0; offset < count; offset += cmpi_piece_size) {
        int piece = cmpi_next_piece(count - offset);
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
