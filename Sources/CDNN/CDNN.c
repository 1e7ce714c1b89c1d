#define _GNU_SOURCE
#include "CDNN.h"

#include <dlfcn.h>
#include <oneapi/dnnl/dnnl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

void cdnn_version(int *major, int *minor, int *patch) {
    const dnnl_version_t *version = dnnl_version();
    *major = version->major;
    *minor = version->minor;
    *patch = version->patch;
}

static const struct {
    dnnl_cpu_isa_t isa;
    const char *name;
} instruction_sets[] = {
    {dnnl_cpu_isa_sse41, "SSE4.1"},
    {dnnl_cpu_isa_avx, "AVX"},
    {dnnl_cpu_isa_avx2, "AVX2"},
    {dnnl_cpu_isa_avx2_vnni, "AVX2_VNNI"},
    {dnnl_cpu_isa_avx512_core, "AVX512_CORE"},
    {dnnl_cpu_isa_avx512_core_vnni, "AVX512_CORE_VNNI"},
    {dnnl_cpu_isa_avx512_core_bf16, "AVX512_CORE_BF16"},
    {dnnl_cpu_isa_avx512_core_amx, "AVX512_CORE_AMX"},
};

const char *cdnn_instruction_set(void) {
    dnnl_cpu_isa_t isa = dnnl_get_effective_cpu_isa();
    for (size_t i = 0; i < sizeof instruction_sets / sizeof *instruction_sets; i++)
        if (instruction_sets[i].isa == isa) return instruction_sets[i].name;
    return "portable";
}

/* The sets are nested: the bits of the smaller one are in the larger one. */
static int has(dnnl_cpu_isa_t isa) {
    return ((unsigned)dnnl_get_effective_cpu_isa() & (unsigned)isa) == (unsigned)isa;
}

int cdnn_has_avx2(void) { return has(dnnl_cpu_isa_avx2); }
int cdnn_has_avx512(void) { return has(dnnl_cpu_isa_avx512_core); }
int cdnn_has_bfloat16(void) { return has(dnnl_cpu_isa_avx512_core_bf16); }

/* Whichever OpenMP this oneDNN was built with: its setting counts for the calling thread alone. */
static void keep_to_thread(void) {
    static _Thread_local int is_kept;
    if (is_kept) return;
    is_kept = 1;
    void (*set_thread_count)(int);
    *(void **)&set_thread_count = dlsym(RTLD_DEFAULT, "omp_set_num_threads");
    if (set_thread_count) set_thread_count(1);
}

/* What oneDNN compiled for one product, with the memory objects that carry its operands. */
typedef struct {
    cdnn_product product;
    dnnl_primitive_t primitive;
    dnnl_memory_t a, b, out;
} entry;

/* A thread's entries, by hash; a full table is emptied and begins anew. */
enum { table_size = 1024, most_entries = 768 };

static _Thread_local entry *table;
static _Thread_local int entry_count;
static _Thread_local dnnl_stream_t stream;

static dnnl_engine_t engine;
static dnnl_status_t engine_status;
static pthread_once_t engine_once = PTHREAD_ONCE_INIT;

static void create_engine(void) { engine_status = dnnl_engine_create(&engine, dnnl_cpu, 0); }

static void destroy(entry *e) {
    if (e->primitive) dnnl_primitive_destroy(e->primitive);
    dnnl_memory_t memories[] = {e->a, e->b, e->out};
    for (int i = 0; i < 3; i++)
        if (memories[i]) dnnl_memory_destroy(memories[i]);
    memset(e, 0, sizeof *e);
}

static void empty_table(void) {
    for (int i = 0; table && i < table_size; i++) destroy(&table[i]);
    entry_count = 0;
}

void cdnn_forget(void) {
    empty_table();
    free(table);
    table = NULL;
    if (stream) dnnl_stream_destroy(stream);
    stream = NULL;
}

static dnnl_status_t prepare_thread(void) {
    keep_to_thread();
    pthread_once(&engine_once, create_engine);
    if (engine_status != dnnl_success) return engine_status;
    if (!table) table = calloc(table_size, sizeof *table);
    if (!table) return dnnl_out_of_memory;
    if (stream) return dnnl_success;
    return dnnl_stream_create(&stream, engine, dnnl_stream_default_flags);
}

static dnnl_memory_desc_t describe(
    long rows, long columns, long stride, int transposed, cdnn_type type) {
    dnnl_memory_desc_t descriptor;
    dnnl_dims_t sizes = {rows, columns};
    dnnl_dims_t strides = {transposed ? 1 : stride, transposed ? stride : 1};
    dnnl_memory_desc_init_by_strides(
        &descriptor, 2, sizes, type == CDNN_BFLOAT16 ? dnnl_bf16 : dnnl_f32, strides);
    return descriptor;
}

typedef struct {
    dnnl_memory_desc_t a, b, out;
} descriptors;

static descriptors describe_all(const cdnn_product *p) {
    descriptors d = {
        .a = describe(p->rows, p->depth, p->a_stride, p->a_transposed, p->in),
        .b = describe(p->depth, p->columns, p->b_stride, p->b_transposed, p->in),
        .out = describe(p->rows, p->columns, p->out_stride, 0, p->out),
    };
    return d;
}

static dnnl_status_t compile(entry *e, const cdnn_product *p, const descriptors *d) {
    dnnl_matmul_desc_t matmul;
    dnnl_status_t status = dnnl_matmul_desc_init(&matmul, &d->a, &d->b, NULL, &d->out);
    if (status != dnnl_success) return status;
    dnnl_primitive_attr_t attributes;
    status = dnnl_primitive_attr_create(&attributes);
    if (status != dnnl_success) return status;
    if (p->adds) {
        dnnl_post_ops_t sum;
        dnnl_post_ops_create(&sum);
        dnnl_post_ops_append_sum(sum, 1.0f);
        dnnl_primitive_attr_set_post_ops(attributes, sum);
        dnnl_post_ops_destroy(sum);
    }
    dnnl_primitive_desc_t descriptor;
    status = dnnl_primitive_desc_create(&descriptor, &matmul, attributes, engine, NULL);
    dnnl_primitive_attr_destroy(attributes);
    if (status != dnnl_success) return status;
    status = dnnl_primitive_create(&e->primitive, descriptor);
    dnnl_primitive_desc_destroy(descriptor);
    return status;
}

static dnnl_status_t fill(entry *e, const cdnn_product *p) {
    descriptors d = describe_all(p);
    dnnl_status_t status = compile(e, p, &d);
    if (status == dnnl_success)
        status = dnnl_memory_create(&e->a, &d.a, engine, DNNL_MEMORY_NONE);
    if (status == dnnl_success)
        status = dnnl_memory_create(&e->b, &d.b, engine, DNNL_MEMORY_NONE);
    if (status == dnnl_success)
        status = dnnl_memory_create(&e->out, &d.out, engine, DNNL_MEMORY_NONE);
    if (status == dnnl_success) {
        e->product = *p;
        entry_count++;
    } else {
        destroy(e);
    }
    return status;
}

static int is_same(const cdnn_product *p, const cdnn_product *q) {
    return p->rows == q->rows && p->columns == q->columns && p->depth == q->depth
        && p->a_stride == q->a_stride && p->b_stride == q->b_stride
        && p->out_stride == q->out_stride && p->a_transposed == q->a_transposed
        && p->b_transposed == q->b_transposed && p->in == q->in && p->out == q->out
        && p->adds == q->adds;
}

static unsigned long hash_of(const cdnn_product *p) {
    long parts[] = {p->rows, p->columns, p->depth, p->a_stride, p->b_stride, p->out_stride,
        p->a_transposed + 2 * p->b_transposed + 4 * (int)p->in + 8 * (int)p->out + 16 * p->adds};
    unsigned long hash = 1469598103934665603UL;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        hash = (hash ^ (unsigned long)parts[i]) * 1099511628211UL;
    return hash ^ hash >> 29;
}

static dnnl_status_t find(const cdnn_product *p, entry **found) {
    if (entry_count >= most_entries) empty_table();
    unsigned long slot = hash_of(p) % table_size;
    while (table[slot].primitive && !is_same(&table[slot].product, p))
        slot = (slot + 1) % table_size;
    *found = &table[slot];
    return table[slot].primitive ? dnnl_success : fill(&table[slot], p);
}

/* oneDNN takes operands as writable but does not write them. */
static void carry(dnnl_memory_t memory, const void *address) {
    dnnl_memory_set_data_handle_v2(memory, (void *)address, stream);
}

int cdnn_multiply(const cdnn_product *product, const void *a, const void *b, void *out) {
    dnnl_status_t status = prepare_thread();
    entry *e = NULL;
    if (status == dnnl_success) status = find(product, &e);
    if (status != dnnl_success) return (int)status;
    carry(e->a, a);
    carry(e->b, b);
    carry(e->out, out);
    dnnl_exec_arg_t arguments[] = {
        {DNNL_ARG_SRC, e->a}, {DNNL_ARG_WEIGHTS, e->b}, {DNNL_ARG_DST, e->out}};
    return (int)dnnl_primitive_execute(e->primitive, stream, 3, arguments);
}

int cdnn_multiply_floats(const cdnn_product *p, const float *a, const float *b, float *out) {
    keep_to_thread();
    return (int)dnnl_sgemm(
        p->a_transposed ? 'T' : 'N', p->b_transposed ? 'T' : 'N', p->rows, p->columns, p->depth,
        1.0f, a, p->a_stride, b, p->b_stride, p->adds ? 1.0f : 0.0f, out, p->out_stride);
}
