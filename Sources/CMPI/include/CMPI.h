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
// All non-blocking sends and receives of this process that are under way.
typedef struct cmpi_queue cmpi_queue;
// Those of a queue that are waited for together.
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
// `all` receives `counts[r]` bytes of every rank r, in rank order.
int cmpi_all_gather(
    const cmpi_world *world, const void *bytes, const long *counts, void *all);

// The ways in which numbers of all ranks become one.
#define CMPI_MINIMUM 0
#define CMPI_MAXIMUM 1
#define CMPI_SUM 2

// Every rank's `values` become their minimum, maximum or sum. The library chooses the order: floating
// point sums have the same bits in any of them only where at most one rank's number is not zero.
int cmpi_all_reduce_integer(
    const cmpi_world *world, long long *values, long count, int operation);
int cmpi_all_reduce_double(const cmpi_world *world, double *values, long count);
int cmpi_all_reduce_float(const cmpi_world *world, float *values, long count);

int cmpi_queue_create(cmpi_queue **queue);
int cmpi_requests_create(cmpi_requests **requests);
int cmpi_send(
    const cmpi_world *world, cmpi_queue *queue, cmpi_requests *requests, const void *bytes,
    long count, int peer, int tag);
int cmpi_receive(
    const cmpi_world *world, cmpi_queue *queue, cmpi_requests *requests, void *bytes, long count,
    int peer, int tag);
// Drives all messages of the queue on, and notes which have ended; never waits.
int cmpi_drive(cmpi_queue *queue);
// 1 once all of `requests` have ended, as far as cmpi_drive has seen; `*status` is then the first
// failure among them.
int cmpi_have_ended(const cmpi_requests *requests, int *status);
// To be called once they have ended.
void cmpi_requests_free(cmpi_requests *requests);

// Limits the bytes of the pieces in which long messages travel, for tests.
void cmpi_limit_pieces(long size);

// Counters in shared memory, by which the processes of a host notify each other. What was written
// before a counter is raised is seen by those who have read its new value.
void cmpi_counter_raise(unsigned int *counter);
unsigned int cmpi_counter_value(const unsigned int *counter);
// Passes a moment of waiting; the longer one has waited, `attempt` times, the more it leaves the
// processor to others.
void cmpi_pause(long attempt);

#ifdef __cplusplus
}
#endif

#endif
