// Counts over bit patterns. Compiled once per instruction set, as micro_kernel.cpp is.
#include <cstdint>

#include "instruction_set.hpp"
#include "simd.hpp"

namespace pyntk::PYNTK_ISA {
namespace {

constexpr int edge = pattern_edge;

void common_words(const std::uint64_t* const* p, const std::uint64_t* const* q, index words,
                  std::int64_t* counts) {
  for (int a = 0; a < edge; ++a) {
    for (int b = 0; b < edge; ++b) {
      std::int64_t total = 0;
      for (index w = 0; w < words; ++w) total += __builtin_popcountll(p[a][w] & q[b][w]);
      counts[a * edge + b] = total;
    }
  }
}

index different_words(const std::uint64_t* p, const std::uint64_t* q, index words) {
  index total = 0;
  for (index w = 0; w < words; ++w) total += __builtin_popcountll(p[w] ^ q[w]);
  return total;
}

#if defined(__AVX512F__)
// The instruction that counts bits in a vector is not in every machine with AVX-512.
bool counts_in_vectors() {
  static const bool can = __builtin_cpu_supports("avx512vpopcntdq") != 0;
  return can;
}

// Not the intrinsic, which warns of its own header in GCC 12.
std::int64_t sum_of(__m512i v) {
  alignas(64) std::int64_t parts[8];
  _mm512_store_si512(parts, v);
  std::int64_t total = 0;
  for (std::int64_t part : parts) total += part;
  return total;
}

__attribute__((target("avx512f,avx512vpopcntdq"))) void common_vectors(
    const std::uint64_t* const* p, const std::uint64_t* const* q, index words,
    std::int64_t* counts) {
  __m512i sums[edge][edge];
#pragma GCC unroll 4
  for (int a = 0; a < edge; ++a)
#pragma GCC unroll 4
    for (int b = 0; b < edge; ++b) sums[a][b] = _mm512_setzero_si512();
  for (index w = 0; w < words; w += 8) {
    const __mmask8 there = words - w >= 8 ? 0xff : static_cast<__mmask8>((1u << (words - w)) - 1);
    __m512i column[edge];
#pragma GCC unroll 4
    for (int b = 0; b < edge; ++b) column[b] = _mm512_maskz_loadu_epi64(there, q[b] + w);
#pragma GCC unroll 4
    for (int a = 0; a < edge; ++a) {
      const __m512i row = _mm512_maskz_loadu_epi64(there, p[a] + w);
#pragma GCC unroll 4
      for (int b = 0; b < edge; ++b)
        sums[a][b] =
            _mm512_add_epi64(sums[a][b], _mm512_popcnt_epi64(_mm512_and_si512(row, column[b])));
    }
  }
#pragma GCC unroll 4
  for (int a = 0; a < edge; ++a)
#pragma GCC unroll 4
    for (int b = 0; b < edge; ++b) counts[a * edge + b] = sum_of(sums[a][b]);
}

__attribute__((target("avx512f,avx512vpopcntdq"))) index different_vectors(const std::uint64_t* p,
                                                                           const std::uint64_t* q,
                                                                           index words) {
  __m512i sum = _mm512_setzero_si512();
  index w = 0;
  for (; w + 8 <= words; w += 8)
    sum = _mm512_add_epi64(sum, _mm512_popcnt_epi64(_mm512_xor_si512(_mm512_loadu_si512(p + w),
                                                                     _mm512_loadu_si512(q + w))));
  return sum_of(sum) + different_words(p + w, q + w, words - w);
}

void common_bits(const std::uint64_t* const* p, const std::uint64_t* const* q, index words,
                 std::int64_t* counts) {
  (counts_in_vectors() ? common_vectors : common_words)(p, q, words, counts);
}

index different_bits(const std::uint64_t* p, const std::uint64_t* q, index words) {
  return (counts_in_vectors() ? different_vectors : different_words)(p, q, words);
}
#else
constexpr auto common_bits = common_words;
constexpr auto different_bits = different_words;
#endif

}  // namespace

extern const bit_kernels bits;
const bit_kernels bits = {common_bits, different_bits};

}  // namespace pyntk::PYNTK_ISA
