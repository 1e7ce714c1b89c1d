#include "CMPI.h"

#include <mpi.h>

#include "CMPIWorld.h"

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
