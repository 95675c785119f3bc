// What the threads of a block do together: all of them must make the same call, on the same line.
#pragma once

#include "block.hpp"

inline void __syncthreads(const emulator::place& where = emulator::place::current()) {
  emulator::device.wait_for_block("__syncthreads", 0, where);
}
inline int __syncthreads_count(int predicate,
                               const emulator::place& where = emulator::place::current()) {
  return emulator::device.wait_for_block("__syncthreads_count", predicate, where);
}
inline int __syncthreads_or(int predicate,
                            const emulator::place& where = emulator::place::current()) {
  return emulator::device.wait_for_block("__syncthreads_or", predicate, where) > 0;
}
inline int __syncthreads_and(int predicate,
                             const emulator::place& where = emulator::place::current()) {
  const int votes = emulator::device.wait_for_block("__syncthreads_and", predicate, where);
  return votes == static_cast<int>(blockDim.x);
}
