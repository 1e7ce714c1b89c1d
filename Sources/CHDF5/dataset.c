#include <stdlib.h>

#include "session.h"

/* Windows are read in random order: a small corpus stays in memory, checked once. The slots are a
 * prime, ten for each of the 16 KiB chunks that fit. */
#define CACHE_BYTES (16 << 20)
#define CACHE_SLOTS 10243
#define CACHE_PREEMPTION 0.75

static hid_t stored_type(int element_size) {
    if (element_size == 2) return H5T_STD_U16LE;
    return element_size == 4 ? H5T_STD_U32LE : H5T_STD_U64LE;
}

static int wrap_dataset(hid_t id, CHDF5Dataset **dataset) {
    if (id < 0) return chdf5_fail();
    *dataset = malloc(sizeof **dataset);
    if (!*dataset) {
        H5Dclose(id);
        return chdf5_explain(CHDF5_FAILED, "the dataset", "has no memory for its handle");
    }
    (*dataset)->id = id;
    return CHDF5_OK;
}

int chdf5_create_dataset(
    CHDF5File *file, const char *name, int element_size, unsigned long long chunk_count,
    CHDF5Dataset **dataset) {
    chdf5_enter();
    hsize_t count = 0, limit = H5S_UNLIMITED, chunk = chunk_count;
    hid_t space = H5Screate_simple(1, &count, &limit);
    hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    int status = CHDF5_OK;
    if (space < 0 || creation < 0 || H5Pset_chunk(creation, 1, &chunk) < 0
        || H5Pset_fletcher32(creation) < 0 || H5Pset_obj_track_times(creation, 0) < 0)
        status = chdf5_fail();
    if (status == CHDF5_OK)
        status = wrap_dataset(
            H5Dcreate2(
                file->id, name, stored_type(element_size), space, H5P_DEFAULT, creation,
                H5P_DEFAULT),
            dataset);
    H5Pclose(creation);
    H5Sclose(space);
    return chdf5_leave(status);
}

static int open_dataset(CHDF5File *file, const char *name, CHDF5Dataset **dataset) {
    htri_t exists = H5Lexists(file->id, name, H5P_DEFAULT);
    if (exists < 0) return chdf5_fail();
    if (!exists) return chdf5_explain(CHDF5_MISSING, name, "is not in the file");
    // A soft or external link could lead into another file.
    H5L_info_t link;
    if (H5Lget_info(file->id, name, &link, H5P_DEFAULT) < 0) return chdf5_fail();
    if (link.type != H5L_TYPE_HARD)
        return chdf5_explain(CHDF5_UNEXPECTED, name, "is a link to somewhere else");
    hid_t access = H5Pcreate(H5P_DATASET_ACCESS);
    if (access < 0) return chdf5_fail();
    if (H5Pset_chunk_cache(access, CACHE_SLOTS, CACHE_BYTES, CACHE_PREEMPTION) < 0) {
        int status = chdf5_fail();
        H5Pclose(access);
        return status;
    }
    int status = wrap_dataset(H5Dopen2(file->id, name, access), dataset);
    H5Pclose(access);
    return status;
}

int chdf5_open_dataset(CHDF5File *file, const char *name, CHDF5Dataset **dataset) {
    chdf5_enter();
    return chdf5_leave(open_dataset(file, name, dataset));
}

int chdf5_close_dataset(CHDF5Dataset *dataset) {
    chdf5_enter();
    int status = H5Dclose(dataset->id) < 0 ? chdf5_fail() : CHDF5_OK;
    free(dataset);
    return chdf5_leave(status);
}

static int describe_elements(hid_t type, CHDF5Layout *layout) {
    if (type < 0) return chdf5_fail();
    layout->element_size = (int)H5Tget_size(type);
    layout->is_unsigned_integer =
        H5Tequal(type, stored_type(layout->element_size)) > 0 ? 1 : 0;
    return CHDF5_OK;
}

static int describe_storage(hid_t creation, CHDF5Layout *layout) {
    if (creation < 0) return chdf5_fail();
    layout->chunk_count = 0;
    layout->is_checked_alone = 0;
    if (layout->rank != 1 || H5Pget_layout(creation) != H5D_CHUNKED) return CHDF5_OK;
    hsize_t chunk;
    if (H5Pget_chunk(creation, 1, &chunk) < 0) return chdf5_fail();
    layout->chunk_count = chunk;
    if (H5Pget_nfilters(creation) != 1) return CHDF5_OK;
    unsigned flags = 0, configuration = 0;
    size_t value_count = 0;
    H5Z_filter_t filter =
        H5Pget_filter2(creation, 0, &flags, &value_count, NULL, 0, NULL, &configuration);
    layout->is_checked_alone = filter == H5Z_FILTER_FLETCHER32;
    return CHDF5_OK;
}

static int describe_extent(hid_t space, CHDF5Layout *layout) {
    if (space < 0) return chdf5_fail();
    layout->rank = H5Sget_simple_extent_ndims(space);
    hssize_t count = H5Sget_simple_extent_npoints(space);
    if (layout->rank < 0 || count < 0) return chdf5_fail();
    layout->count = (unsigned long long)count;
    return CHDF5_OK;
}

int chdf5_layout(CHDF5Dataset *dataset, CHDF5Layout *layout) {
    chdf5_enter();
    hid_t space = H5Dget_space(dataset->id);
    hid_t type = H5Dget_type(dataset->id);
    hid_t creation = H5Dget_create_plist(dataset->id);
    int status = describe_extent(space, layout);
    if (status == CHDF5_OK) status = describe_elements(type, layout);
    if (status == CHDF5_OK) status = describe_storage(creation, layout);
    H5Pclose(creation);
    H5Tclose(type);
    H5Sclose(space);
    return chdf5_leave(status);
}
