#include "CHTML.h"

#include <gumbo.h>
#include <stdio.h>
#include <string.h>

/* The parser frees nested elements by recursion, so elements that stay open are counted first: those that
 * begin and those that end, whatever their names. */
static int is_too_deep(const char *page, size_t size, int maximum_depth) {
    long depth = 0;
    for (size_t i = 0; i + 1 < size; ++i) {
        if (page[i] != '<') continue;
        char next = page[i + 1];
        if (next == '/') depth -= depth > 0;
        else if ((next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z')) ++depth;
        if (depth > 64L * maximum_depth) return 1;
    }
    return 0;
}

static void mark_of(const GumboNode *node, char *mark, size_t size) {
    const GumboAttribute *class = gumbo_get_attribute(&node->v.element.attributes, "class");
    const GumboAttribute *id = gumbo_get_attribute(&node->v.element.attributes, "id");
    snprintf(mark, size, "%s\n%s", class ? class->value : "", id ? id->value : "");
}

static const char *name_of(const GumboNode *node, size_t *size) {
    const GumboAttribute *role = gumbo_get_attribute(&node->v.element.attributes, "role");
    const char *name = role != NULL && strcmp(role->value, "main") == 0
        ? "main" : gumbo_normalized_tagname(node->v.element.tag);
    *size = strlen(name);
    return name;
}

static void begin(const GumboNode *node, chtml_event *event, void *context) {
    char mark[256];
    size_t size;
    const char *name = name_of(node, &size);
    mark_of(node, mark, sizeof mark);
    event(context, CHTML_START, name, size, mark);
}

int chtml_walk(
    const char *page, size_t size, int maximum_depth, chtml_event *event, void *context) {
    enum { deepest = 4096 };
    if (maximum_depth > deepest || is_too_deep(page, size, maximum_depth)) return -1;
    GumboOutput *output = gumbo_parse_with_options(&kGumboDefaultOptions, page, size);
    if (output == NULL) return -1;
    const GumboNode *nodes[deepest];
    unsigned next[deepest];
    int depth = 0, status = 0;
    nodes[0] = output->root;
    next[0] = 0;
    begin(output->root, event, context);
    while (depth >= 0) {
        const GumboVector *children = &nodes[depth]->v.element.children;
        if (next[depth] >= children->length) {
            size_t length;
            const char *name = name_of(nodes[depth], &length);
            event(context, CHTML_END, name, length, "");
            --depth;
            continue;
        }
        const GumboNode *child = children->data[next[depth]++];
        if (child->type == GUMBO_NODE_TEXT || child->type == GUMBO_NODE_CDATA
            || child->type == GUMBO_NODE_WHITESPACE) {
            event(context, CHTML_TEXT, child->v.text.text, strlen(child->v.text.text), "");
        } else if (child->type == GUMBO_NODE_ELEMENT || child->type == GUMBO_NODE_TEMPLATE) {
            if (depth + 1 == maximum_depth) {
                status = -1;
                break;
            }
            nodes[++depth] = child;
            next[depth] = 0;
            begin(child, event, context);
        }
    }
    gumbo_destroy_output(&kGumboDefaultOptions, output);
    return status;
}
