// For madvise.
#define _DEFAULT_SOURCE

#include "CMPI.h"

#include <errno.h>
#include <mpi.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "CMPIWorld.h"

struct cmpi_window {
    MPI_Comm host;
    MPI_Win window;
};

int cmpi_node_leader(const cmpi_world *world, int *leader) {
    // The key 0 keeps the order of the world: rank 0 of the node is its lowest one.
    MPI_Comm node;
    int status = MPI_Comm_split_type(
        world->communicator, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
    if (status != MPI_SUCCESS) return status;
    status = MPI_Comm_set_errhandler(node, MPI_ERRORS_RETURN);
    if (status == MPI_SUCCESS) status = MPI_Comm_rank(world->communicator, leader);
    if (status == MPI_SUCCESS) status = MPI_Bcast(leader, 1, MPI_INT, 0, node);
    int freed = MPI_Comm_free(&node);
    return status == MPI_SUCCESS ? freed : status;
}

// Takes the pages now, where the lack of one can still be told; a later write would end in SIGBUS.
static int populate(void *base, long count) {
    if (count == 0) return 1;
#ifdef MADV_HUGEPAGE
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t start = (uintptr_t)base & ~(page - 1);
    size_t size = (uintptr_t)base + (uintptr_t)count - start;
    madvise((void *)start, size, MADV_HUGEPAGE);
#ifdef MADV_POPULATE_WRITE
    // Kernels older than Linux 5.14 do not know it (EINVAL): there the free space must do.
    if (madvise((void *)start, size, MADV_POPULATE_WRITE) != 0 && errno != EINVAL) return 0;
#endif
#endif
    return 1;
}

static int window_create(
    const cmpi_world *world, int host, long count, cmpi_window *window, void **base) {
    int status = MPI_Comm_split(world->communicator, host, 0, &window->host);
    if (status == MPI_SUCCESS) status = MPI_Comm_set_errhandler(window->host, MPI_ERRORS_RETURN);
    if (status != MPI_SUCCESS) return status;
    MPI_Info info;
    status = MPI_Info_create(&info);
    if (status != MPI_SUCCESS) return status;
    // Each rank's memory on pages of its own, near the rank.
    status = MPI_Info_set(info, "alloc_shared_noncontig", "true");
    if (status == MPI_SUCCESS) {
        status = MPI_Win_allocate_shared(count, 1, info, window->host, base, &window->window);
    }
    MPI_Info_free(&info);
    if (status != MPI_SUCCESS) return status;
    status = MPI_Win_set_errhandler(window->window, MPI_ERRORS_RETURN);
    // One epoch for as long as the window lives: accesses are ordered by messages.
    return status == MPI_SUCCESS ? MPI_Win_lock_all(MPI_MODE_NOCHECK, window->window) : status;
}

int cmpi_window_create(
    const cmpi_world *world, int host, long count, cmpi_window **window, int *is_present) {
    *is_present = 0;
    *window = calloc(1, sizeof **window);
    if (*window == NULL) return CMPI_OUT_OF_MEMORY;
    void *base = NULL;
    int status = window_create(world, host, count, *window, &base);
    if (status != MPI_SUCCESS) return status;
    *is_present = populate(base, count);
    int size;
    status = MPI_Comm_size((*window)->host, &size);
    // Open MPI gives a rank that is alone memory of its own, as it comes.
    if (status == MPI_SUCCESS && size == 1 && *is_present && count > 0) {
        memset(base, 0, (size_t)count);
    }
    return status;
}

int cmpi_window_segment(const cmpi_window *window, int rank, void **base, long *count) {
    MPI_Aint size;
    int unit;
    int status = MPI_Win_shared_query(window->window, rank, &size, &unit, base);
    *count = (long)size;
    return status;
}

int cmpi_window_synchronize(const cmpi_window *window) {
    return MPI_Win_sync(window->window);
}

int cmpi_window_free(cmpi_window *window) {
    int status = MPI_Win_unlock_all(window->window);
    if (status == MPI_SUCCESS) status = MPI_Win_free(&window->window);
    if (status == MPI_SUCCESS) status = MPI_Comm_free(&window->host);
    free(window);
    return status;
}
