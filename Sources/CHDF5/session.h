#ifndef CHDF5_SESSION_H
#define CHDF5_SESSION_H

#include <hdf5.h>

#include "CHDF5.h"

struct CHDF5File {
    hid_t id;
};

struct CHDF5Dataset {
    hid_t id;
};

/// Takes the lock, turns automatic printing off and forgets earlier errors.
void chdf5_enter(void);
/// Gives the lock back and returns `status`. Every public call that enters leaves through here.
int chdf5_leave(int status);
/// Keeps the text of the error stack and returns CHDF5_FAILED. Comes before any clean-up, because
/// the next call of HDF5 clears its stack.
int chdf5_fail(void);
/// Sets the error text for a status that HDF5 knows nothing of, and returns that status.
int chdf5_explain(int status, const char *name, const char *text);

#endif
