// Which versions of the innermost loops run here.
#pragma once

#include <cstdint>

#include "descent_kernel.hpp"
#include "gram_kernel.hpp"
#include "micro_kernel.hpp"
#include "network_kernel.hpp"
#include "random_kernel.hpp"

namespace pyntk {

// The *_kernel.cpp files are compiled once per instruction set.
struct tile_kernels {
  micro_kernel<float> f32;
  micro_kernel<double> f64;
};

// Rows of patterns that are counted against each other at once.
constexpr int pattern_edge = 4;

struct bit_kernels {
  // counts(a, b) = the number of bits set in both p[a] and q[b], a and b below pattern_edge.
  void (*common_bits)(const std::uint64_t* const* p, const std::uint64_t* const* q, index words,
                      std::int64_t* counts);
  // The number of bits in which p and q differ.
  index (*different_bits)(const std::uint64_t* p, const std::uint64_t* q, index words);
};

struct gram_kernels {
  gram_kernel<float, float> f32;
  gram_kernel<float, double> f32_in_f64;
  gram_kernel<double, double> f64;
  block_product product;
  slope_row slopes;
  void (*stream_fence)();
};

struct network_kernels {
  network_kernel<float> f32;
  network_kernel<double> f64;
};

struct descent_kernels {
  descent_kernel<float> f32;
  descent_kernel<double> f64;
};

struct instruction_set {
  const char* name;
  const tile_kernels* tiles;
  const gram_kernels* grams;
  const network_kernels* networks;
  const bit_kernels* bits;
  const descent_kernels* descents;
  const random_kernel* randoms;
};

// The best one this machine has, or the one the environment variable PYNTK_ISA names ("avx512",
// "avx2", "baseline"); throws std::runtime_error where the machine lacks it.
const instruction_set& this_machine();

}  // namespace pyntk
