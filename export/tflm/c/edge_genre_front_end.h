/* The front end of an edge-genre model: one window of sound in, the network's input out.
 *
 * Portable C99: no allocation, no operating system, no state beside the scratch memory that the
 * caller owns. All arithmetic is float32. The parameters are those of one model: they come from
 * front_end_tables.h, which edge-genre export writes. Link with the C library's math (-lm).
 */
#ifndef EDGE_GENRE_FRONT_END_H_
#define EDGE_GENRE_FRONT_END_H_

#include <stdint.h>

#include "front_end_tables.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Values that the network takes: frames, each of so many coefficients. */
#define EDGE_GENRE_FEATURES (EDGE_GENRE_FRAMES * EDGE_GENRE_COEFFICIENTS)

typedef struct {
  /* The samples of one frame; its spectrum, in place. */
  float frame[EDGE_GENRE_N_FFT];
  /* Log-mel of the window, row by row, dB; at the end its features, in place. */
  float rows[EDGE_GENRE_FRAMES * EDGE_GENRE_MELS];
} edge_genre_scratch;

/* Features of one window of EDGE_GENRE_WINDOW_SAMPLES samples.
 *
 * Samples are mono at EDGE_GENRE_SAMPLE_RATE, and must be finite: floats with full scale at 1, or
 * int16. Returns EDGE_GENRE_FEATURES values in scratch memory, normalised, frame by frame; they
 * stay until the next call. */
const float *edge_genre_features(const float *samples, edge_genre_scratch *scratch);
const float *edge_genre_features_int16(const int16_t *samples, edge_genre_scratch *scratch);

/* Features as the network's int8 input tensor holds them. */
void edge_genre_quantize(const float *features, int8_t *input);

/* The same in steps, for a device without room for a whole window of sound: put the samples of
 * frame `row` into scratch->frame, call edge_genre_row, and so on; after the last row,
 * edge_genre_finish gives the features. Frame `row` begins EDGE_GENRE_EDGE samples before sample
 * row * EDGE_GENRE_HOP of the window; where it reaches over the window's edges, the samples are
 * those that edge_genre_sample_index names. */
void edge_genre_row(edge_genre_scratch *scratch, int32_t row);
const float *edge_genre_finish(edge_genre_scratch *scratch);

/* Which sample of the window stands at a place before its start or behind its end; -1 for zero. */
int32_t edge_genre_sample_index(int32_t place);

#ifdef __cplusplus
}
#endif

#endif /* EDGE_GENRE_FRONT_END_H_ */
