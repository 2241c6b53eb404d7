/* Posteriors out of the network's int8 outputs. Portable C99; link with -lm. */
#ifndef EDGE_GENRE_POSTERIOR_H_
#define EDGE_GENRE_POSTERIOR_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Softmax of the calibrated logits: EDGE_GENRE_LABELS posteriors, in the order of
 * edge_genre_labels. Returns the place of the greatest. */
int32_t edge_genre_posteriors(const int8_t *output, float *posteriors);

#ifdef __cplusplus
}
#endif

#endif /* EDGE_GENRE_POSTERIOR_H_ */
