// Random numbers by counters: a number depends on the seed, the stream, its row and its column
// alone, so threads and blocks of rows do not change it. Philox4x32-10 of Salmon, Moraes, Dror and
// Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011; the normal distribution by Box and
// Muller (1958).
//
// The arithmetic is that of float32, without a library function: the same bits on the host and on
// the device, in both precisions of a network. The tails end at 6.76 standard deviations.
#pragma once

#include <cstdint>
#include <cstring>

#include "../core/view.hpp"

namespace pyntk {

// Four words of the columns 4 block ... 4 block + 3.
struct random_words {
  std::uint32_t at[4];
};

PYNTK_INLINE random_words philox(std::uint32_t block, std::uint64_t row, std::uint32_t stream,
                                 std::uint64_t seed) {
  std::uint32_t c0 = block, c1 = static_cast<std::uint32_t>(row),
                c2 = static_cast<std::uint32_t>(row >> 32), c3 = stream;
  std::uint32_t k0 = static_cast<std::uint32_t>(seed), k1 = static_cast<std::uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p = std::uint64_t{0xD2511F53} * c0, q = std::uint64_t{0xCD9E8D57} * c2;
    c0 = static_cast<std::uint32_t>(q >> 32) ^ c1 ^ k0;
    c1 = static_cast<std::uint32_t>(q);
    c2 = static_cast<std::uint32_t>(p >> 32) ^ c3 ^ k1;
    c3 = static_cast<std::uint32_t>(p);
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
}

// In [0, 1), a multiple of 2^-53: column 2 block + half, from the words 2 half and 2 half + 1.
PYNTK_INLINE double uniform_of(std::uint32_t high, std::uint32_t low) {
  const std::uint64_t bits = (std::uint64_t{high} << 32 | low) >> 11;
  return static_cast<double>(bits) * 0x1p-53;
}

// -2 log u, u = (word + 1/2) / 2^32 rounded to float32, at most 1. u = 2^e m with m in
// [sqrt 1/2, sqrt 2), log m = 2 artanh s, s = (m - 1) / (m + 1), |s| < 0.172: the next term of the
// series is 2e-9 of the sum.
PYNTK_INLINE float twice_minus_log(std::uint32_t word) {
  const float u = static_cast<float>(word) * 0x1p-32f + 0x1p-33f;
  std::int32_t bits;
  std::memcpy(&bits, &u, sizeof bits);
  const std::int32_t e = (bits - 0x3F3504F3) >> 23;
  bits -= e * (1 << 23);
  float m;
  std::memcpy(&m, &bits, sizeof m);
  const float f = m - 1.0f, s = f / (f + 2.0f), t = s * s;
  const float series = 2.0f + t * (0.66666667f + t * (0.4f + t * (0.28571429f + t * 0.22222222f)));
  return -2.0f * (static_cast<float>(e) * 0.69314718f + s * series);
}

struct normal_pair {
  float first, second;
};

// sqrt(-2 log u) (cos, sin) of 2 pi word / 2^32 - pi/4: the upper two bits are the quarter of the
// circle, the rest an angle in [-pi/4, pi/4), whose Taylor series end 3e-8 from the sum.
PYNTK_INLINE normal_pair normal_pair_of(std::uint32_t radius_word, std::uint32_t angle_word) {
  const float radius = __builtin_sqrtf(twice_minus_log(radius_word));
  const std::uint32_t quarter = angle_word >> 30;
  const auto part = static_cast<std::int32_t>(angle_word & 0x3FFFFFFFu) - (1 << 29);
  const float phi = static_cast<float>(part) * 1.4629180e-9f, t = phi * phi;  // pi/2 / 2^30
  const float s =
      phi *
      (1.0f - t * (0.16666667f - t * (8.3333333e-3f - t * (1.9841270e-4f - t * 2.7557319e-6f))));
  const float c = 1.0f - t * (0.5f - t * (4.1666667e-2f - t * (1.3888889e-3f - t * 2.4801587e-5f)));
  const bool turned = quarter & 1;
  const float x = turned ? s : c, y = turned ? c : s;
  return {radius * (quarter == 1 || quarter == 2 ? -x : x), radius * (quarter >= 2 ? -y : y)};
}

}  // namespace pyntk
