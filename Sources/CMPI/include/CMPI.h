#ifndef CMPI_H
#define CMPI_H

#include "CMPIObjects.h"

// A small face of MPI in plain C types: no system header, no MPI type, so that the Swift side
// compiles against any MPI. Unless said otherwise every function returns the MPI status, 0 on
// success; `cmpi_describe` tells a status in words. Sizes are bytes and may pass 2 GB: a long
// message travels in pieces.

#ifdef __cplusplus
extern "C" {
#endif

// A message arrived whole but shorter than its receive buffer (no MPI status is negative).
#define CMPI_SHORT_MESSAGE (-1)
// The shim itself could not allocate memory.
#define CMPI_OUT_OF_MEMORY (-2)
// This MPI lets no thread but the first call it.
#define CMPI_NO_THREADS (-3)

// The largest tag that every MPI allows.
#define CMPI_LARGEST_TAG 32767

// A duplicate of MPI_COMM_WORLD, or a part of it, that returns errors instead of aborting.
typedef struct cmpi_world cmpi_world;
// Non-blocking sends and receives that are waited for together.
typedef struct cmpi_requests cmpi_requests;

// Writes the name and version of the library, ended by a zero byte, into `text` (at most `capacity`
// bytes), and the version of the standard; may be called before MPI is started.
int cmpi_library_version(char *text, long capacity, int *version, int *subversion);

// Lets the kernel kill this process as soon as the one that started it is gone (on Linux).
void cmpi_end_with_parent(void);
// Starts MPI for calls from one thread at a time (MPI_THREAD_SERIALIZED).
int cmpi_initialize(void);
int cmpi_world_create(cmpi_world **world);
// The ranks of `world` with this `color`, in their order; collective over `world`.
int cmpi_world_split(const cmpi_world *world, int color, cmpi_world **part);
// Frees a part; collective over it.
int cmpi_world_free(cmpi_world *world);
// Frees `world` and ends MPI: after it no MPI function may be called.
int cmpi_finalize(cmpi_world *world);
// Ends the whole job; does not return.
void cmpi_abort(int exit_code);
// Writes the cause of `status`, ended by a zero byte, into `text` (at most `capacity` bytes).
void cmpi_describe(int status, char *text, long capacity);

int cmpi_rank(const cmpi_world *world, int *rank);
int cmpi_size(const cmpi_world *world, int *size);
// The lowest rank of those that can share this process's memory (its node): two ranks are on one node
// when they have the same; collective.
int cmpi_node_leader(const cmpi_world *world, int *leader);

int cmpi_barrier(const cmpi_world *world);
int cmpi_broadcast(const cmpi_world *world, void *bytes, long count, int root);
// `all` receives `count` bytes of every rank, in rank order.
int cmpi_all_gather(const cmpi_world *world, const void *bytes, long count, void *all);

// MPI_Allreduce, the yardstick of our own reduction: every rank's `values` become their sum, in the
// library's order.
int cmpi_all_reduce_float(const cmpi_world *world, float *values, long count);

int cmpi_requests_create(cmpi_requests **requests);
int cmpi_send(
    const cmpi_world *world, cmpi_requests *requests, const void *bytes, long count, int peer,
    int tag);
int cmpi_receive(
    const cmpi_world *world, cmpi_requests *requests, void *bytes, long count, int peer, int tag);
// Waits for all of `requests`; the status is the first failure among them.
int cmpi_wait(cmpi_requests *requests);
// Drives the messages on; `*done` becomes 1 once all of them have ended.
int cmpi_test(cmpi_requests *requests, int *done);
// To be called after cmpi_wait, or after cmpi_test told the end.
void cmpi_requests_free(cmpi_requests *requests);

// Memory that the ranks of one node share; exists until `cmpi_window_free`.
typedef struct cmpi_window cmpi_window;

// Allocates `count` bytes of this rank, which all ranks see that name the same `host`, a number from 0;
// they must be on one node. Collective. The memory is zero and present: where it is not, `*is_present`
// is 0, and using it may kill the process.
int cmpi_window_create(
    const cmpi_world *world, int host, long count, cmpi_window **window, int *is_present);
// Where the memory of `rank`, counted among those of the host, lies in this process, and its size.
int cmpi_window_segment(const cmpi_window *window, int rank, void **base, long *count);
// Orders the memory accesses of this rank: to be called after writing, before telling another rank, and
// after being told, before reading.
int cmpi_window_synchronize(const cmpi_window *window);
// Collective over the host.
int cmpi_window_free(cmpi_window *window);

#ifdef __cplusplus
}
#endif

#endif
