// Scratch memory of a kernel, 64-byte aligned (one cache line, one zmm register).
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

#include "view.hpp"

namespace pyntk {

struct free_memory {
  void operator()(void* memory) const { std::free(memory); }
};

template <class T>
using buffer = std::unique_ptr<T[], free_memory>;

// Uninitialised.
template <class T>
buffer<T> make_buffer(index count) {
  const std::size_t bytes = (static_cast<std::size_t>(count) * sizeof(T) + 64) / 64 * 64;
  void* memory = std::aligned_alloc(64, bytes);
  if (!memory) throw std::bad_alloc();
  return buffer<T>(static_cast<T*>(memory));
}

}  // namespace pyntk
