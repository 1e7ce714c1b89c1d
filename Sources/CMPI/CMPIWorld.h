#ifndef CMPI_WORLD_H
#define CMPI_WORLD_H

#include <mpi.h>

struct cmpi_world {
    MPI_Comm communicator;
};

#endif
