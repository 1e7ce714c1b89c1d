#include <string.h>

#include "session.h"

// Sets *attribute, which the caller closes, when the status is CHDF5_OK.
static int open_scalar(CHDF5File *file, const char *name, hid_t *attribute) {
    htri_t exists = H5Aexists(file->id, name);
    if (exists < 0) return chdf5_fail();
    if (!exists) return chdf5_explain(CHDF5_MISSING, name, "is not an attribute of the file");
    *attribute = H5Aopen(file->id, name, H5P_DEFAULT);
    if (*attribute < 0) return chdf5_fail();
    hid_t space = H5Aget_space(*attribute);
    int is_scalar = space >= 0 && H5Sget_simple_extent_npoints(space) == 1;
    H5Sclose(space);
    if (is_scalar) return CHDF5_OK;
    H5Aclose(*attribute);
    return chdf5_explain(CHDF5_UNEXPECTED, name, "does not hold one value");
}

static int write_scalar(
    CHDF5File *file, const char *name, hid_t stored, hid_t given, const void *value) {
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t attribute = H5Acreate2(file->id, name, stored, space, H5P_DEFAULT, H5P_DEFAULT);
    int status = CHDF5_OK;
    if (attribute < 0 || H5Awrite(attribute, given, value) < 0) status = chdf5_fail();
    if (attribute >= 0 && H5Aclose(attribute) < 0) status = chdf5_fail();
    H5Sclose(space);
    return status;
}

static int read_integer(hid_t attribute, hid_t type, const char *name, long long *value) {
    if (type < 0) return chdf5_fail();
    if (H5Tget_class(type) != H5T_INTEGER || H5Tget_size(type) > sizeof *value)
        return chdf5_explain(CHDF5_UNEXPECTED, name, "is not an integer of at most 64 bits");
    return H5Aread(attribute, H5T_NATIVE_LLONG, value) < 0 ? chdf5_fail() : CHDF5_OK;
}

static int read_string(
    hid_t attribute, hid_t type, const char *name, char *bytes, unsigned long long capacity,
    unsigned long long *length) {
    if (type < 0) return chdf5_fail();
    if (H5Tget_class(type) != H5T_STRING || H5Tis_variable_str(type) != 0)
        return chdf5_explain(CHDF5_UNEXPECTED, name, "is not a fixed-length string");
    if (H5Tget_size(type) > capacity)
        return chdf5_explain(CHDF5_UNEXPECTED, name, "is a string that is too long");
    memset(bytes, 0, capacity);
    if (H5Aread(attribute, type, bytes) < 0) return chdf5_fail();
    *length = strnlen(bytes, H5Tget_size(type));
    return CHDF5_OK;
}

int chdf5_write_integer(CHDF5File *file, const char *name, long long value) {
    chdf5_enter();
    return chdf5_leave(write_scalar(file, name, H5T_STD_I64LE, H5T_NATIVE_LLONG, &value));
}

int chdf5_write_string(
    CHDF5File *file, const char *name, const char *bytes, unsigned long long length) {
    chdf5_enter();
    hid_t type = H5Tcopy(H5T_C_S1);
    int status = CHDF5_OK;
    if (type < 0 || H5Tset_size(type, length) < 0 || H5Tset_cset(type, H5T_CSET_UTF8) < 0
        || H5Tset_strpad(type, H5T_STR_NULLPAD) < 0)
        status = chdf5_fail();
    if (status == CHDF5_OK) status = write_scalar(file, name, type, type, bytes);
    H5Tclose(type);
    return chdf5_leave(status);
}

static int replace_string(
    hid_t attribute, hid_t type, const char *name, const char *bytes, unsigned long long length) {
    if (type < 0) return chdf5_fail();
    if (H5Tget_class(type) != H5T_STRING || H5Tis_variable_str(type) != 0
        || H5Tget_size(type) != length)
        return chdf5_explain(CHDF5_UNEXPECTED, name, "is not a string of that length");
    return H5Awrite(attribute, type, bytes) < 0 ? chdf5_fail() : CHDF5_OK;
}

int chdf5_replace_string(
    CHDF5File *file, const char *name, const char *bytes, unsigned long long length) {
    chdf5_enter();
    hid_t attribute;
    int status = open_scalar(file, name, &attribute);
    if (status != CHDF5_OK) return chdf5_leave(status);
    hid_t type = H5Aget_type(attribute);
    status = replace_string(attribute, type, name, bytes, length);
    H5Tclose(type);
    H5Aclose(attribute);
    return chdf5_leave(status);
}

int chdf5_read_integer(CHDF5File *file, const char *name, long long *value) {
    chdf5_enter();
    hid_t attribute;
    int status = open_scalar(file, name, &attribute);
    if (status != CHDF5_OK) return chdf5_leave(status);
    hid_t type = H5Aget_type(attribute);
    status = read_integer(attribute, type, name, value);
    H5Tclose(type);
    H5Aclose(attribute);
    return chdf5_leave(status);
}

int chdf5_read_string(
    CHDF5File *file, const char *name, char *bytes, unsigned long long capacity,
    unsigned long long *length) {
    chdf5_enter();
    hid_t attribute;
    int status = open_scalar(file, name, &attribute);
    if (status != CHDF5_OK) return chdf5_leave(status);
    hid_t type = H5Aget_type(attribute);
    status = read_string(attribute, type, name, bytes, capacity, length);
    H5Tclose(type);
    H5Aclose(attribute);
    return chdf5_leave(status);
}
