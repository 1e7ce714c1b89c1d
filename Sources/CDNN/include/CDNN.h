#ifndef CDNN_H
#define CDNN_H

/* Products of matrices by oneDNN, each on the calling thread alone.
 *
 * A thread keeps what oneDNN has compiled for the shapes that it met; a status other than 0 is
 * oneDNN's own. No system header is included here, so that Swift imports nothing of oneDNN. */

typedef enum { CDNN_FLOAT = 0, CDNN_BFLOAT16 = 1 } cdnn_type;

/* out = a b, or out += a b. Sizes are as the product sees them; strides are elements from row
 * to row as stored, where a transposed matrix has its columns as rows. */
typedef struct {
    long rows, columns, depth;
    long a_stride, b_stride, out_stride;
    int a_transposed, b_transposed;
    cdnn_type in, out;
    int adds;
} cdnn_product;

void cdnn_version(int *major, int *minor, int *patch);

/* The instructions that oneDNN uses: "AVX512_CORE_BF16"; DNNL_MAX_CPU_ISA lowers them. */
const char *cdnn_instruction_set(void);
int cdnn_has_avx2(void);
int cdnn_has_avx512(void);
/* Whether products of bfloat16 are computed by instructions made for them. */
int cdnn_has_bfloat16(void);

/* Frees what the thread keeps; called before it ends. */
void cdnn_forget(void);

int cdnn_multiply(const cdnn_product *product, const void *a, const void *b, void *out);
/* The same for floats by the classic interface, which is faster for large products. */
int cdnn_multiply_floats(const cdnn_product *product, const float *a, const float *b, float *out);

#endif
