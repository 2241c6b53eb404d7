/* Windows of raw float32 (or, with an argument, int16) from stdin; features and int8 to stdout. */
#include <stdio.h>
#include <string.h>

#include "edge_genre_front_end.h"

static float window[EDGE_GENRE_WINDOW_SAMPLES];
static int16_t pcm[EDGE_GENRE_WINDOW_SAMPLES];
static edge_genre_scratch scratch;
static int8_t input[EDGE_GENRE_FEATURES];

int main(int argc, char **argv) {
  const int is_int16 = argc > 1 && strcmp(argv[1], "int16") == 0;
  void *samples = is_int16 ? (void *)pcm : (void *)window;
  const size_t size = is_int16 ? sizeof pcm : sizeof window;
  while (fread(samples, 1, size, stdin) == size) {
    const float *features = is_int16 ? edge_genre_features_int16(pcm, &scratch)
                                     : edge_genre_features(window, &scratch);
    edge_genre_quantize(features, input);
    fwrite(features, sizeof(float), EDGE_GENRE_FEATURES, stdout);
    fwrite(input, 1, sizeof input, stdout);
  }
  return 0;
}
