#ifndef OPTIMIZERS_H
#define OPTIMIZERS_H

#include "bfloat16.h"

/* optimizer.c */
typedef struct {
    float learning_rate, beta1, beta2, epsilon, weight_decay;
    float first_correction, second_correction; /* 1 - beta1^t, 1 - beta2^t */
    float gradient_scale;
} kernel_adamw_settings;

/* The exclusive or of the bits of the numbers in some lists, which any one flipped bit changes: the
 * weights, and up to three lists of an optimizer's state in their order; 0 for a list that is not there. */
typedef struct {
    unsigned weights, first_moments, second_moments, third;
} kernel_parity;

/* `found` and `written` become what the lists hold before and after. */
void kernel_adamw(
    float *parameters, float *first_moments, float *second_moments, const float *gradients,
    long n, const kernel_adamw_settings *settings, kernel_parity *found, kernel_parity *written);
/* Writes the new parameters rounded, too. */
void kernel_adamw_bf16(
    float *parameters, float *first_moments, float *second_moments, const float *gradients,
    long n, const kernel_adamw_settings *settings, bfloat16 *rounded, kernel_parity *found,
    kernel_parity *written);
/* What one list comes to. */
unsigned kernel_parity_of(const float *a, long n);

/* muon.c */
/* g = gradient scale; m = decay m + (1 - decay) g; the gradient becomes decay m + (1 - decay) g. */
void kernel_muon_momentum(
    float *momentum, float *gradients, long n, float decay, float scale, kernel_parity *found,
    kernel_parity *written);
/* p = p shrink - rate direction; of the parities only those of the weights are set. */
void kernel_muon(
    float *parameters, const float *directions, long n, float rate, float shrink,
    kernel_parity *found, kernel_parity *written);
/* Writes the new parameters rounded, too. */
void kernel_muon_bf16(
    float *parameters, const float *directions, long n, float rate, float shrink,
    bfloat16 *rounded, kernel_parity *found, kernel_parity *written);
/* out = share a + rest out. */
void kernel_scaled_sum(float *out, const float *a, long n, float share, float rest);

/* schedule_free.c */
typedef struct {
    float learning_rate, beta1, beta2, epsilon, weight_decay;
    float second_correction; /* 1 - beta2^t */
    float gradient_scale;
    float share; /* of the new iterate in the average */
} kernel_schedule_free_settings;

/* The parameters y, the iterates z, the second moments v and the average x of n weights. */
void kernel_schedule_free(
    float *parameters, float *iterates, float *second_moments, float *averages,
    const float *gradients, long n, const kernel_schedule_free_settings *settings,
    kernel_parity *found, kernel_parity *written);
/* Writes the new parameters rounded, too. */
void kernel_schedule_free_bf16(
    float *parameters, float *iterates, float *second_moments, float *averages,
    const float *gradients, long n, const kernel_schedule_free_settings *settings,
    bfloat16 *rounded, kernel_parity *found, kernel_parity *written);
/* The parameters y that an update leaves, with the same bits. */
void kernel_schedule_free_point(
    float *parameters, const float *iterates, const float *averages, long n, float beta1);

#endif
