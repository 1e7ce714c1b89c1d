#ifdef __linux__
// For dl_iterate_phdr.
#define _GNU_SOURCE
#include <elf.h>
#include <link.h>
#endif

#include "CMPIObjects.h"

#include <stdio.h>
#include <string.h>

#ifdef __linux__

struct listing {
    char *text;
    size_t capacity, length;
};

static void append(struct listing *list, const char *name, const unsigned char *id, size_t count) {
    size_t need = strlen(name) + 2 * count + 2;
    if (need >= list->capacity - list->length) return;
    char *place = list->text + list->length;
    place += sprintf(place, "%s ", name);
    for (size_t i = 0; i < count; i++) place += sprintf(place, "%02x", id[i]);
    *place++ = '\n';
    *place = 0;
    list->length += need;
}

// The notes of a segment: a header, then a name and a description, each filled up to 4 bytes.
static int append_note(struct listing *list, const char *name, const char *notes, size_t size) {
    size_t offset = 0;
    while (offset + sizeof(ElfW(Nhdr)) <= size) {
        ElfW(Nhdr) header;
        memcpy(&header, notes + offset, sizeof header);
        size_t owner = offset + sizeof header;
        size_t description = owner + (((size_t)header.n_namesz + 3) & ~(size_t)3);
        size_t next = description + (((size_t)header.n_descsz + 3) & ~(size_t)3);
        if (next > size) return 0;
        if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == 4
            && memcmp(notes + owner, "GNU", 4) == 0) {
            append(list, name, (const unsigned char *)notes + description, header.n_descsz);
            return 1;
        }
        offset = next;
    }
    return 0;
}

static int append_object(struct dl_phdr_info *object, size_t size, void *data) {
    (void)size;
    const char *slash = strrchr(object->dlpi_name, '/');
    const char *name = slash == NULL ? object->dlpi_name : slash + 1;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        if (part->p_type != PT_NOTE) continue;
        const char *notes = (const char *)(object->dlpi_addr + part->p_vaddr);
        if (append_note(data, name, notes, part->p_memsz)) break;
    }
    return 0;
}

#endif

void cmpi_loaded_objects(char *text, long capacity) {
    if (capacity <= 0) return;
    text[0] = 0;
#ifdef __linux__
    struct listing list = {text, (size_t)capacity, 0};
    dl_iterate_phdr(append_object, &list);
#endif
}
