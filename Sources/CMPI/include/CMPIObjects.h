#ifndef CMPI_OBJECTS_H
#define CMPI_OBJECTS_H

// What this process has loaded: the program itself, then its libraries.

#ifdef __cplusplus
extern "C" {
#endif

// Writes a line "NAME BUILD-ID" for each loaded object that has a build id (a GNU note, in hexadecimal),
// ended by a zero byte, into `text`, at most `capacity` bytes; lines that do not fit are left out. NAME is
// the file's name without its folder, and empty for the program. Writes nothing where the system does not
// tell.
void cmpi_loaded_objects(char *text, long capacity);

#ifdef __cplusplus
}
#endif

#endif
