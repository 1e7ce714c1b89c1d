#include "session.h"

// A dataset's extent with elements [start, start + count) selected; the caller closes it.
static hid_t select_elements(
    hid_t dataset, unsigned long long start, unsigned long long count) {
    hid_t space = H5Dget_space(dataset);
    hsize_t first = start, length = count;
    if (space >= 0
        && H5Sselect_hyperslab(space, H5S_SELECT_SET, &first, NULL, &length, NULL) >= 0)
        return space;
    chdf5_fail();
    H5Sclose(space);
    return -1;
}

static int read_elements(
    hid_t dataset, hid_t type, unsigned long long start, unsigned long long count,
    void *elements) {
    hid_t stored = select_elements(dataset, start, count);
    if (stored < 0) return chdf5_fail();
    hsize_t length = count;
    hid_t memory = H5Screate_simple(1, &length, NULL);
    int status = CHDF5_OK;
    if (memory < 0 || H5Dread(dataset, type, memory, stored, H5P_DEFAULT, elements) < 0)
        status = chdf5_fail();
    H5Sclose(memory);
    H5Sclose(stored);
    return status;
}

static int extent(hid_t dataset, hsize_t *count) {
    hid_t space = H5Dget_space(dataset);
    int rank = space < 0 ? -1 : H5Sget_simple_extent_dims(space, count, NULL);
    int status = rank == 1 ? CHDF5_OK : chdf5_fail();
    H5Sclose(space);
    return status;
}

static int append(hid_t dataset, const void *elements, unsigned long long count) {
    hsize_t start = 0;
    if (extent(dataset, &start) != CHDF5_OK) return CHDF5_FAILED;
    hsize_t length = count, grown = start + count;
    if (H5Dset_extent(dataset, &grown) < 0) return chdf5_fail();
    hid_t stored = select_elements(dataset, start, count);
    if (stored < 0) return chdf5_fail();
    hid_t memory = H5Screate_simple(1, &length, NULL);
    hid_t type = H5Dget_type(dataset);
    hid_t native = H5Tget_native_type(type, H5T_DIR_ASCEND);
    int status = CHDF5_OK;
    if (memory < 0 || native < 0
        || H5Dwrite(dataset, native, memory, stored, H5P_DEFAULT, elements) < 0)
        status = chdf5_fail();
    H5Tclose(native);
    H5Tclose(type);
    H5Sclose(memory);
    H5Sclose(stored);
    return status;
}

int chdf5_append(CHDF5Dataset *dataset, const void *elements, unsigned long long count) {
    chdf5_enter();
    return chdf5_leave(append(dataset->id, elements, count));
}

int chdf5_read_int32(
    CHDF5Dataset *dataset, unsigned long long start, unsigned long long count, int *elements) {
    chdf5_enter();
    return chdf5_leave(read_elements(dataset->id, H5T_NATIVE_INT, start, count, elements));
}

int chdf5_read_uint64(
    CHDF5Dataset *dataset, unsigned long long start, unsigned long long count,
    unsigned long long *elements) {
    chdf5_enter();
    return chdf5_leave(read_elements(dataset->id, H5T_NATIVE_ULLONG, start, count, elements));
}
