// The kinds of layers that take nearly all of a network's time, to the same bits as in layers.js: the
// same sums of doubles in the same order, but for two places of a row at once, and for four filters.
//
// `python -m reproduce.book.wasm` makes layers.wasm of this. There is no library beneath it, and nothing
// is allocated: wasm.js puts what a layer takes behind `__heap_base`.

#include <stddef.h>
#include <wasm_simd128.h>

#define EXPORT __attribute__((visibility("default")))
#define INLINE static inline __attribute__((always_inline))

/** Filters that share what is read of the input. */
#define GROUP 4

/** As in wasm.js. With any other, sums are left as they are, as doubles. */
enum activation { LINEAR, RELU, LEAKY_RELU };

typedef struct {
  const float *planes;   // with the margins of the kernel
  size_t stride, plane;  // from a row to the next, from a channel to the next
  size_t channels;
  const double *kernel;  // filter by filter, channel by channel, row by row
  size_t rows, columns;
} input;

INLINE v128_t activated(v128_t sums, int activation) {
  const v128_t is_positive = wasm_f64x2_gt(sums, wasm_f64x2_const_splat(0));
  if (activation == RELU) return wasm_v128_and(sums, is_positive);
  if (activation != LEAKY_RELU) return sums;
  const v128_t less = wasm_f64x2_mul(wasm_f64x2_const_splat(0.2), sums);
  return wasm_v128_bitselect(sums, less, is_positive);
}

INLINE v128_t two_values(const float *at) {
  return wasm_f64x2_promote_low_f32x4(wasm_v128_load64_zero(at));
}

/**
 * Adds to sums what kernels make of the input at a place and the next. The nine products of a 3 x 3
 * kernel are added before they are added to the sum, those of other kernels one by one.
 */
INLINE void add(v128_t *sums, size_t filters, const input *in, size_t filter, size_t place, int is_3_x_3) {
  const size_t rows = is_3_x_3 ? 3 : in->rows, columns = is_3_x_3 ? 3 : in->columns;
  const size_t taps = rows * columns, of_filter = in->channels * taps;
  const float *values = in->planes + place;
  const double *weights = in->kernel + filter * of_filter;
  for (size_t channel = 0; channel < in->channels; channel++) {
    v128_t products[GROUP];
    for (size_t row = 0; row < rows; row++) {
      for (size_t column = 0; column < columns; column++) {
        const v128_t two = two_values(values + row * in->stride + column);
        for (size_t i = 0; i < filters; i++) {
          const v128_t weight = wasm_v128_load64_splat(weights + i * of_filter + row * columns + column);
          const v128_t product = wasm_f64x2_mul(weight, two);
          if (!is_3_x_3) sums[i] = wasm_f64x2_add(sums[i], product);
          else products[i] = row + column ? wasm_f64x2_add(products[i], product) : product;
        }
      }
    }
    if (is_3_x_3)
      for (size_t i = 0; i < filters; i++) sums[i] = wasm_f64x2_add(sums[i], products[i]);
    values += in->plane;
    weights += taps;
  }
}

INLINE void put(v128_t sums, int activation, size_t count, void *made, size_t at) {
  if (activation <= LEAKY_RELU) {
    const v128_t values = wasm_f32x4_demote_f64x2_zero(activated(sums, activation));
    float *to = (float *)made + at;
    if (count == 2) wasm_v128_store64_lane(to, values, 0);
    else wasm_v128_store32_lane(to, values, 0);
  } else {
    double *to = (double *)made + at;
    if (count == 2) wasm_v128_store(to, sums);
    else wasm_v128_store64_lane(to, sums, 0);
  }
}

/** Some filters, of which `count` is known when this is compiled. */
INLINE void filtered(const input *in, const double *bias, size_t first, size_t count, size_t height,
                     size_t width, int activation, void *made, int is_3_x_3) {
  for (size_t y = 0; y < height; y++) {
    for (size_t x = 0; x < width; x += 2) {
      v128_t sums[GROUP];
      for (size_t i = 0; i < count; i++) sums[i] = wasm_v128_load64_splat(bias + first + i);
      add(sums, count, in, first, y * in->stride + x, is_3_x_3);
      for (size_t i = 0; i < count; i++)
        put(sums[i], activation, width - x < 2 ? 1 : 2, made, ((first + i) * height + y) * width + x);
    }
  }
}

/** Writes filters x height x width values, or with another activation than those above sums. */
EXPORT void convolve(const float *planes, size_t stride, size_t plane, size_t channels,
                     const double *kernel, size_t rows, size_t columns, const double *bias,
                     size_t filters, size_t height, size_t width, int activation, void *made) {
  const input in = {planes, stride, plane, channels, kernel, rows, columns};
  const int is_3_x_3 = rows == 3 && columns == 3;
  size_t filter = 0;
  for (; filter + GROUP <= filters; filter += GROUP) {
    if (is_3_x_3) filtered(&in, bias, filter, GROUP, height, width, activation, made, 1);
    else filtered(&in, bias, filter, GROUP, height, width, activation, made, 0);
  }
  for (; filter < filters; filter++) {
    if (is_3_x_3) filtered(&in, bias, filter, 1, height, width, activation, made, 1);
    else filtered(&in, bias, filter, 1, height, width, activation, made, 0);
  }
}
