#ifndef DIVERGENCE_H
#define DIVERGENCE_H

/* divergence.c */
typedef struct {
    float beta; /* 0: forward; 1: reverse; between: Jensen-Shannon */
    float temperature;
    float scale; /* of the gradients */
    float cap; /* of the logits; 0 for none */
} kernel_divergence_settings;

/* `gradients` may be `logits`, or NULL for none. The teacher has at least as many columns. */
void kernel_divergence(
    float *losses, float *gradients, const float *logits, const float *teacher, long rows,
    long columns, long teacher_columns, const kernel_divergence_settings *settings);
/* The same where of each row of the teacher `count` tokens and the logs of their shares are known. */
#define KERNEL_MOST_LIKELIEST 1024
void kernel_likeliest_divergence(
    float *losses, float *gradients, const float *logits, const int *ids, const float *log_shares,
    long rows, long columns, long count, const kernel_divergence_settings *settings);

#endif
