#ifndef CMPI_WORLD_H
#define CMPI_WORLD_H

#include <mpi.h>

struct cmpi_world {
    MPI_Comm communicator;
};

// MPI 3 counts in int: longer messages travel in pieces of this many bytes. Messages between two
// ranks under one tag do not overtake each other, so pieces meet their receives in order.
extern long cmpi_piece_size;

static inline int cmpi_next_piece(long remaining) {
    return (int)(remaining < cmpi_piece_size ? remaining : cmpi_piece_size);
}

#endif
