/* Windows of raw samples from stdin; for each, its features and the network's input to stdout.
 *
 * The argument says how the samples come: "float" or "int16" windows, or "steps": floats of which
 * no more than one frame is held at a time. */
#include <stdio.h>
#include <string.h>

#include "edge_genre_front_end.h"

static float floats[EDGE_GENRE_WINDOW_SAMPLES];
static int16_t pcm[EDGE_GENRE_WINDOW_SAMPLES];
static edge_genre_scratch scratch;
static int8_t input[EDGE_GENRE_FEATURES];

static const float *whole_floats(void) {
  if (fread(floats, sizeof floats, 1, stdin) != 1) {
    return NULL;
  }
  return edge_genre_features(floats, &scratch);
}

static const float *whole_int16(void) {
  if (fread(pcm, sizeof pcm, 1, stdin) != 1) {
    return NULL;
  }
  return edge_genre_features_int16(pcm, &scratch);
}

/* Where frames reach over the edges, zeros stand. */
static const float *steps(void) {
  static float frame[EDGE_GENRE_N_FFT];
  size_t left = EDGE_GENRE_WINDOW_SAMPLES, known = EDGE_GENRE_EDGE;
  int32_t row;
  memset(frame, 0, sizeof frame);
  for (row = 0; row < EDGE_GENRE_FRAMES; ++row) {
    const size_t room = EDGE_GENRE_N_FFT - known, count = room < left ? room : left;
    if (fread(frame + known, sizeof(float), count, stdin) != count) {
      return NULL;
    }
    memset(frame + known + count, 0, (room - count) * sizeof(float));
    left -= count;
    memcpy(scratch.frame, frame, sizeof frame);
    edge_genre_row(&scratch, row);
    known = EDGE_GENRE_N_FFT - EDGE_GENRE_HOP;
    memmove(frame, frame + EDGE_GENRE_HOP, known * sizeof(float));
  }
  while (left-- > 0) { /* samples behind the last frame */
    if (fread(frame, sizeof(float), 1, stdin) != 1) {
      return NULL;
    }
  }
  return edge_genre_finish(&scratch);
}

int main(int argc, char **argv) {
  const char *how = argc > 1 ? argv[1] : "float";
  const float *(*next)(void) = strcmp(how, "int16") == 0   ? whole_int16
                               : strcmp(how, "steps") == 0 ? steps
                                                           : whole_floats;
  const float *features;
  while ((features = next()) != NULL) {
    edge_genre_quantize(features, input);
    fwrite(features, sizeof(float), EDGE_GENRE_FEATURES, stdout);
    fwrite(input, sizeof input, 1, stdout);
  }
  return 0;
}
