// Copies that a thread begins and waits for later (cp.async): until then their target is full of
// NaN, and a thread that ends without waiting is an error.
#pragma once

#include <cstddef>
#include <cstring>

#include "block.hpp"

inline void emulator_begin_copy(void* to, const void* from, std::size_t bytes) {
  std::memset(to, 0xFF, bytes);
  emulator::current->copies.push_back({to, from, bytes});
}

inline void emulator_end_copies() {
  for (const emulator::pending_copy& copy : emulator::current->copies)
    std::memcpy(copy.to, copy.from, copy.bytes);
  emulator::current->copies.clear();
}
