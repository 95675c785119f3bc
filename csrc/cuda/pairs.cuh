// A tile of pairs of unit rows: their angles, and the entry of a Gram matrix at an angle.
#pragma once

#include <type_traits>

#include "../math/deep.hpp"
#include "../math/opposite.hpp"
#include "tile.cuh"
#include "unit_rows.cuh"

namespace pyntk {

// |u - v|^2 where the cosine is positive, |u + v|^2 where it is negative.
template <class W>
struct chord_term {
  const thread_tile<W>& cosine;

  __device__ W operator()(W sum, W x, W z, int i, int j) const {
    const W t = x - std::copysign(W(1), cosine[i][j]) * z;
    return std::fma(t, t, sum);
  }
};

template <class W>
__device__ bool any_beyond_border(const thread_tile<W>& cosine) {
  bool beyond = false;
  for (int i = 0; i < thread_sums; ++i)
    for (int j = 0; j < thread_sums; ++j) beyond |= std::fabs(cosine[i][j]) > chord_border<W>();
  return beyond;
}

// What angle_between() takes, in shared memory: cosines in memory.a, squared chords in memory.b.
//
// The chords are a second tile sum, made only if an entry of the tile lies beyond chord_border.
// Whether an entry takes its chord depends on its own cosine alone. A row and itself have chord 0,
// so the diagonal is the entry at t = 0 (at t = 1 if the row is zero) without a case of its own.
template <class W>
__device__ void put_pairs(tile_memory<W>& memory, const rows_from<W>& x, const rows_from<W>& z) {
  thread_tile<W> cosine, chord = {};
  tile_sum(memory, x, z, x.A.columns, product_term{}, cosine);
  if (__syncthreads_or(any_beyond_border(cosine)))
    tile_sum(memory, x, z, x.A.columns, chord_term<W>{cosine}, chord);
  put_tile(cosine, memory.a);
  put_tile(chord, memory.b);
  __syncthreads();
}

// The value times the factors of two rows. Each product keeps what its rounding loses, so the
// result is as if it came from doubles: rounded once, and once more only where it is subnormal.
__device__ inline float times_factors(float value, const row_factor& x, const row_factor& z) {
  const float high = x.high * z.high;
  const float low = std::fma(x.high, z.high, -high) + (x.high * z.low + x.low * z.high);
  const float product = value * high;
  const float result = product + (std::fma(value, high, -product) + value * low);
  const int e = (x.twice_exponent + z.twice_exponent) / 2;
  if (e < -100 || e > 100) return static_cast<float>(times_power_of_two(double{result}, e));
  union {
    std::uint32_t bits;
    float value;
  } power;
  power.bits = static_cast<std::uint32_t>(127 + e) << 23;
  return result * power.value;
}

// k(x_i, z_j), not yet rounded to the type of the result. Deep: by deep_value().
template <class W, bool Deep>
struct pair_entry {
  using working_type = W;

  unit_rows<W> X, Z;
  kernel_constants of;

  __device__ W operator()(const angle<W>& at, index i, index j) const {
    if constexpr (std::is_same_v<W, float>)
      return times_factors(unit_value(at, of.kind), X.factors[i], Z.factors[j]);
    else
      return in_double(at, i, j);
  }

  __device__ double in_double(const angle<W>& at, index i, index j) const {
    double value;
    if constexpr (Deep)
      value = deep_value(at, of, X.shares_of(i), Z.shares_of(j));
    else
      value = unit_value(mended_if_given(at, i, j), of.kind);
    return times_norms(of.scale * value, X.sizes[i], Z.sizes[j]);
  }

  __device__ angle<W> mended_if_given(const angle<W>& at, index i, index j) const {
    if constexpr (std::is_same_v<W, double>) {
      const index d = X.inputs;
      if (X.given)
        return mended(at, X.given + i * d, X.lengths[i], Z.given + j * d, Z.lengths[j], d);
    }
    return at;
  }
};

// use.operator()<W, Deep>(constants) for the type that inputs of type T are computed in: their own,
// but double for a deep recipe and for float64_sums.
template <class T, class Use>
void with_working_type(const recipe& recipe, const Use& use) {
  const kernel_constants of = constants_of(recipe);
  if (of.deep)
    use.template operator()<double, true>(of);
  else if (recipe.float64_sums)
    use.template operator()<double, false>(of);
  else
    use.template operator()<T, false>(of);
}

}  // namespace pyntk
