// Which versions of the innermost loops run here.
#pragma once

#include <cstdint>

#include "gram_kernel.hpp"
#include "micro_kernel.hpp"

namespace pyntk {

// Of micro_kernel.cpp and gram_kernel.cpp, each compiled once per instruction set.
struct tile_kernels {
  micro_kernel<float> f32;
  micro_kernel<double> f64;
  // The number of bits set in both p and q.
  index (*common_bits)(const std::uint64_t* p, const std::uint64_t* q, index words);
};

struct gram_kernels {
  gram_kernel<float, float> f32;
  gram_kernel<float, double> f32_in_f64;
  gram_kernel<double, double> f64;
  block_product product;
  slope_row slopes;
  void (*stream_fence)();
};

struct instruction_set {
  const char* name;
  const tile_kernels* tiles;
  const gram_kernels* grams;
};

// The best one this machine has, or the one the environment variable PYNTK_ISA names ("avx512",
// "avx2", "baseline"); throws std::runtime_error where the machine lacks it.
const instruction_set& this_machine();

}  // namespace pyntk
