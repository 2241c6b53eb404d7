#include "edge_genre_front_end.h"

#include <math.h>

#define N EDGE_GENRE_N_FFT

/* Put complex values at the places of their bit-reversed indices. */
static void reorder(float *values, int32_t n) {
  int32_t i, j = 0;
  for (i = 1; i < n; ++i) {
    int32_t bit = n >> 1;
    while (j & bit) {
      j ^= bit;
      bit >>= 1;
    }
    j |= bit;
    if (i < j) {
      const float real = values[2 * i], imaginary = values[2 * i + 1];
      values[2 * i] = values[2 * j];
      values[2 * i + 1] = values[2 * j + 1];
      values[2 * j] = real;
      values[2 * j + 1] = imaginary;
    }
  }
}

/* Fourier transform of n complex values in place: radix 2, decimation in time. */
static void transform(float *values, int32_t n) {
  int32_t size, j, start;
  reorder(values, n);
  for (size = 2; size <= n; size *= 2) {
    const int32_t half = size / 2, step = N / size;
    for (j = 0; j < half; ++j) {
      const float c = edge_genre_sine[j * step + N / 4], s = edge_genre_sine[j * step];
      for (start = j; start < n; start += size) {
        float *a = values + 2 * start, *b = a + size;
        const float real = b[0] * c + b[1] * s, imaginary = b[1] * c - b[0] * s;
        b[0] = a[0] - real;
        b[1] = a[1] - imaginary;
        a[0] += real;
        a[1] += imaginary;
      }
    }
  }
}

/* Power spectrum of N real values in place: N / 2 + 1 values. */
static void power_spectrum(float *frame) {
  int32_t k;
  float first, last;
  transform(frame, N / 2); /* even samples as real parts, odd ones as imaginary parts */
  first = frame[0] + frame[1];
  last = frame[0] - frame[1];
  for (k = 1; k <= N / 4; ++k) {
    float *a = frame + 2 * k, *b = frame + N - 2 * k;
    const float c = edge_genre_sine[k + N / 4], s = edge_genre_sine[k];
    /* Spectra of the even and of the odd samples, twice. */
    const float even_real = a[0] + b[0], even_imaginary = a[1] - b[1];
    const float odd_real = a[1] + b[1], odd_imaginary = b[0] - a[0];
    const float turned_real = odd_real * c + odd_imaginary * s;
    const float turned_imaginary = odd_imaginary * c - odd_real * s;
    a[0] = 0.5f * (even_real + turned_real);
    a[1] = 0.5f * (even_imaginary + turned_imaginary);
    b[0] = 0.5f * (even_real - turned_real);
    b[1] = 0.5f * (turned_imaginary - even_imaginary);
  }
  frame[0] = first * first;
  for (k = 1; k < N / 2; ++k) {
    frame[k] = frame[2 * k] * frame[2 * k] + frame[2 * k + 1] * frame[2 * k + 1];
  }
  frame[N / 2] = last * last;
}

void edge_genre_row(edge_genre_scratch *scratch, int32_t row) {
  float *frame = scratch->frame, *log_mel = scratch->rows + row * EDGE_GENRE_MELS;
  const float *weight = edge_genre_mel_weights;
  int32_t n, band;
  for (n = 0; n < N; ++n) {
    frame[n] *= edge_genre_window[n];
  }
  power_spectrum(frame);
  for (band = 0; band < EDGE_GENRE_MELS; ++band) {
    const float *bin = frame + edge_genre_mel_first[band];
    float power = 0.0f;
    for (n = 0; n < edge_genre_mel_bins[band]; ++n) {
      power += *weight++ * bin[n];
    }
    if (!(power > EDGE_GENRE_LOG_FLOOR)) {
      power = EDGE_GENRE_LOG_FLOOR;
    }
    log_mel[band] = 10.0f * log10f(power);
  }
}

/* Clip to what is EDGE_GENRE_TOP_DB below the window's loudest band. */
static void clip(float *rows) {
#ifdef EDGE_GENRE_TOP_DB
  float least = rows[0];
  int32_t i;
  for (i = 1; i < EDGE_GENRE_FRAMES * EDGE_GENRE_MELS; ++i) {
    if (rows[i] > least) {
      least = rows[i];
    }
  }
  least -= EDGE_GENRE_TOP_DB;
  for (i = 0; i < EDGE_GENRE_FRAMES * EDGE_GENRE_MELS; ++i) {
    if (rows[i] < least) {
      rows[i] = least;
    }
  }
#else
  (void)rows;
#endif
}

#ifdef EDGE_GENRE_MFCC
/* Cepstral coefficients of one row of log-mel, which may lie where they are written.
 *
 * All cosines but the first sum to zero, so that the row's mean may be taken off before: what is
 * left is small, and float32 enough for it. */
static void cepstrum(float *row, float *coefficients) {
  float values[EDGE_GENRE_COEFFICIENTS];
  float mean = 0.0f, rest = 0.0f;
  int32_t band, k;
  for (band = 0; band < EDGE_GENRE_MELS; ++band) {
    mean += row[band];
  }
  mean /= (float)EDGE_GENRE_MELS;
  for (band = 0; band < EDGE_GENRE_MELS; ++band) {
    row[band] -= mean;
    rest += row[band]; /* what rounding left out of the mean */
  }
  values[0] = ((float)EDGE_GENRE_MELS * mean + rest) * edge_genre_dct[0];
  for (k = 1; k < EDGE_GENRE_COEFFICIENTS; ++k) {
    const float *cosine = edge_genre_dct + k * EDGE_GENRE_MELS;
    float sum = 0.0f;
    for (band = 0; band < EDGE_GENRE_MELS; ++band) {
      sum += cosine[band] * row[band];
    }
    values[k] = sum;
  }
  for (k = 0; k < EDGE_GENRE_COEFFICIENTS; ++k) {
    coefficients[k] = values[k];
  }
}
#endif

static void normalise(float *features) {
#ifdef EDGE_GENRE_NORMALISED
  int32_t k;
  for (k = 0; k < EDGE_GENRE_COEFFICIENTS; ++k) {
    features[k] = (features[k] - edge_genre_mean[k]) / edge_genre_std[k];
  }
#else
  (void)features;
#endif
}

const float *edge_genre_finish(edge_genre_scratch *scratch) {
  float *rows = scratch->rows;
  int32_t row;
  clip(rows);
  for (row = 0; row < EDGE_GENRE_FRAMES; ++row) {
    float *features = rows + row * EDGE_GENRE_COEFFICIENTS;
#ifdef EDGE_GENRE_MFCC
    cepstrum(rows + row * EDGE_GENRE_MELS, features);
#endif
    normalise(features);
  }
  return rows;
}

int32_t edge_genre_sample_index(int32_t place) {
  if (place >= 0 && place < EDGE_GENRE_WINDOW_SAMPLES) {
    return place;
  }
#ifdef EDGE_GENRE_REFLECT
  return place < 0 ? -place : 2 * (EDGE_GENRE_WINDOW_SAMPLES - 1) - place;
#else
  return -1;
#endif
}

const float *edge_genre_features(const float *samples, edge_genre_scratch *scratch) {
  int32_t row, n;
  for (row = 0; row < EDGE_GENRE_FRAMES; ++row) {
    for (n = 0; n < N; ++n) {
      const int32_t index = edge_genre_sample_index(row * EDGE_GENRE_HOP - EDGE_GENRE_EDGE + n);
      scratch->frame[n] = index < 0 ? 0.0f : samples[index];
    }
    edge_genre_row(scratch, row);
  }
  return edge_genre_finish(scratch);
}

const float *edge_genre_features_int16(const int16_t *samples, edge_genre_scratch *scratch) {
  int32_t row, n;
  for (row = 0; row < EDGE_GENRE_FRAMES; ++row) {
    for (n = 0; n < N; ++n) {
      const int32_t index = edge_genre_sample_index(row * EDGE_GENRE_HOP - EDGE_GENRE_EDGE + n);
      scratch->frame[n] = index < 0 ? 0.0f : (float)samples[index] * (1.0f / 32768.0f);
    }
    edge_genre_row(scratch, row);
  }
  return edge_genre_finish(scratch);
}

void edge_genre_quantize(const float *features, int8_t *input) {
  int32_t i;
  for (i = 0; i < EDGE_GENRE_FEATURES; ++i) {
    /* rintf rounds half to even, as numpy does. */
    const float step = rintf(features[i] / EDGE_GENRE_INPUT_SCALE) + (float)EDGE_GENRE_INPUT_ZERO_POINT;
    input[i] = (int8_t)(step > 127.0f ? 127.0f : step > -128.0f ? step : -128.0f);
  }
}
