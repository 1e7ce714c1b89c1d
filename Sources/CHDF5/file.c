#include <stdlib.h>

#include "session.h"

int chdf5_version(unsigned *major, unsigned *minor, unsigned *release) {
    chdf5_enter();
    int failed = H5get_libversion(major, minor, release) < 0;
    return chdf5_leave(failed ? chdf5_fail() : CHDF5_OK);
}

static int wrap_file(hid_t id, CHDF5File **file) {
    if (id < 0) return chdf5_fail();
    *file = malloc(sizeof **file);
    if (!*file) {
        H5Fclose(id);
        return chdf5_explain(CHDF5_FAILED, "the file", "has no memory for its handle");
    }
    (*file)->id = id;
    return CHDF5_OK;
}

static herr_t set_up_access(hid_t access) {
    if (H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110) < 0) return -1;
#if H5_VERSION_GE(1, 10, 7)
    // Locks fail on many cluster file systems, and a shard that bears its name never changes.
    if (H5Pset_file_locking(access, 0, 1) < 0) return -1;
#endif
    return H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
}

static int create_with(hid_t access, hid_t creation, const char *path, CHDF5File **file) {
    if (access < 0 || creation < 0 || set_up_access(access) < 0) return chdf5_fail();
    // A file creation list is a group creation list too: that of the root group.
    if (H5Pset_obj_track_times(creation, 0) < 0) return chdf5_fail();
    return wrap_file(H5Fcreate(path, H5F_ACC_TRUNC, creation, access), file);
}

static int open_with(hid_t access, const char *path, CHDF5File **file) {
    if (access < 0 || set_up_access(access) < 0) return chdf5_fail();
    return wrap_file(H5Fopen(path, H5F_ACC_RDONLY, access), file);
}

int chdf5_create_file(const char *path, CHDF5File **file) {
    chdf5_enter();
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    hid_t creation = H5Pcreate(H5P_FILE_CREATE);
    int status = create_with(access, creation, path, file);
    H5Pclose(creation);
    H5Pclose(access);
    return chdf5_leave(status);
}

int chdf5_open_file(const char *path, CHDF5File **file) {
    chdf5_enter();
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    int status = open_with(access, path, file);
    H5Pclose(access);
    return chdf5_leave(status);
}

int chdf5_close_file(CHDF5File *file) {
    chdf5_enter();
    int status = H5Fclose(file->id) < 0 ? chdf5_fail() : CHDF5_OK;
    free(file);
    return chdf5_leave(status);
}
