/* Rows of a table by token id. */
#include "CKernels.h"
#include "vector.h"

void kernel_gather_rows(float *out, const float *table, const int *ids, long rows, long columns) {
    for (long r = 0; r < rows; r++)
        memcpy(
            out + r * columns, table + (long)ids[r] * columns,
            (unsigned long)columns * sizeof(float));
}

SWIFT_LLM_DISPATCH
void kernel_scatter_add_rows(
    float *table, const float *rows_in, const int *ids, long rows, long stride, long first_column,
    long columns) {
    for (long r = 0; r < rows; r++) {
        float *out = table + (long)ids[r] * stride + first_column;
        const float *in = rows_in + r * stride + first_column;
        for (long c = 0; c < columns; c++) out[c] += in[c];
    }
}
