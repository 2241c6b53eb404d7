#include "edge_genre_posterior.h"

#include <math.h>

#include "labels.h"
#include "model_data.h"

int32_t edge_genre_posteriors(const int8_t *output, float *posteriors) {
  int32_t i, best = 0;
  float sum = 0.0f;
  for (i = 1; i < EDGE_GENRE_LABELS; ++i) {
    if (output[i] > output[best]) {
      best = i;
    }
  }
  /* The zero point falls out, as only differences from the greatest count. */
  for (i = 0; i < EDGE_GENRE_LABELS; ++i) {
    const float below = (float)(output[i] - output[best]) * EDGE_GENRE_OUTPUT_SCALE;
    posteriors[i] = expf(below / EDGE_GENRE_TEMPERATURE);
    sum += posteriors[i];
  }
  for (i = 0; i < EDGE_GENRE_LABELS; ++i) {
    posteriors[i] /= sum;
  }
  return best;
}
