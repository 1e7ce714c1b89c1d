/* The events of a page of HTML in the order of the document, over libgumbo. */
#ifndef CHTML_H
#define CHTML_H

#include <stddef.h>
#include <stdint.h>

enum { CHTML_START = 0, CHTML_END = 1, CHTML_TEXT = 2 };

/* `name` is the tag of an element in lower case, or "main" where its role says so; `mark` its class and, on
 * the next line, its id; of a text `name` is the text and `size` its bytes. The strings live as long as the call. */
typedef void chtml_event(
    void *context, int kind, const char *name, size_t size, const char *mark);

/* Returns 0; -1 where the page is nested deeper than `maximum_depth`, whose depth a guess bounds before
 * it is parsed. */
int chtml_walk(
    const char *page, size_t size, int maximum_depth, chtml_event *event, void *context);

#endif
