#ifndef CHDF5_H
#define CHDF5_H

// A small door to HDF5: one-dimensional, chunked, Fletcher32-checked datasets of unsigned integers
// at the root of a file, and scalar attributes of the root group.
//
// Every call returns a status. After anything but CHDF5_OK, chdf5_error_text() tells the cause in
// the words of the HDF5 error stack (per thread, valid until the thread's next call). The library
// is entered under one lock, for it may be built without thread safety. No system header is
// included here, so that Swift imports nothing of HDF5.

#define CHDF5_OK 0
/// HDF5 reports an error.
#define CHDF5_FAILED 1
/// The dataset or the attribute is not in the file.
#define CHDF5_MISSING 2
/// It is there, but of a type, rank or size that is not expected; nothing was read or allocated.
#define CHDF5_UNEXPECTED 3

typedef struct CHDF5File CHDF5File;
typedef struct CHDF5Dataset CHDF5Dataset;

/// What a dataset says of itself, read from its header alone.
typedef struct CHDF5Layout {
    int rank;
    unsigned long long count;         ///< elements; meaningful for rank 1
    unsigned long long chunk_count;   ///< elements in a chunk; 0 where it is not chunked
    int element_size;                 ///< bytes
    int is_unsigned_integer;          ///< little-endian, without padding
    int is_checked_alone;             ///< Fletcher32 is its one and only filter
} CHDF5Layout;

const char *chdf5_error_text(void);

/// The version of the library that is loaded, which may be newer than that of its headers.
int chdf5_version(unsigned *major, unsigned *minor, unsigned *release);

/// Creates (or truncates) a file in the format of HDF5 1.10 that holds no time of any object.
int chdf5_create_file(const char *path, CHDF5File **file);
/// Opens for reading, without file locks: shards are written under another name and never change.
int chdf5_open_file(const char *path, CHDF5File **file);
/// Closes and frees, also when it reports an error.
int chdf5_close_file(CHDF5File *file);

/// Creates an empty dataset that grows; element_size is 2, 4 or 8 bytes.
int chdf5_create_dataset(
    CHDF5File *file, const char *name, int element_size, unsigned long long chunk_count,
    CHDF5Dataset **dataset);
int chdf5_open_dataset(CHDF5File *file, const char *name, CHDF5Dataset **dataset);
int chdf5_close_dataset(CHDF5Dataset *dataset);
int chdf5_layout(CHDF5Dataset *dataset, CHDF5Layout *layout);

/// Appends elements of the dataset's own type in the byte order of this machine.
int chdf5_append(CHDF5Dataset *dataset, const void *elements, unsigned long long count);
/// Reads elements [start, start + count); values past the range of the result are clipped to it.
int chdf5_read_int32(
    CHDF5Dataset *dataset, unsigned long long start, unsigned long long count, int *elements);
int chdf5_read_uint64(
    CHDF5Dataset *dataset, unsigned long long start, unsigned long long count,
    unsigned long long *elements);

int chdf5_write_integer(CHDF5File *file, const char *name, long long value);
int chdf5_read_integer(CHDF5File *file, const char *name, long long *value);
/// Writes a fixed-length UTF-8 string, padded with zeros; length > 0.
int chdf5_write_string(
    CHDF5File *file, const char *name, const char *bytes, unsigned long long length);
/// Replaces a string of the same length in a file that is being written.
int chdf5_replace_string(
    CHDF5File *file, const char *name, const char *bytes, unsigned long long length);
/// Reads a fixed-length string of at most `capacity` bytes; `length` becomes its length without
/// the padding. Variable-length strings are CHDF5_UNEXPECTED: their heap carries no checksum.
int chdf5_read_string(
    CHDF5File *file, const char *name, char *bytes, unsigned long long capacity,
    unsigned long long *length);

#endif
