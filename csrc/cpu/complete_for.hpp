// parallel_for for changes that must not be left half made.
#pragma once

#include <vector>

#include "pool.hpp"

namespace pyntk {

// All tasks are done when this is left, also where Ctrl-C throws.
template <class Task>
void complete_for(index tasks, int threads, const Task& task) {
  std::vector<char> finished(static_cast<std::size_t>(tasks));
  try {
    parallel_for(tasks, threads, [&](index i) {
      task(i);
      finished[static_cast<std::size_t>(i)] = 1;
    });
  } catch (...) {
    for (index i = 0; i < tasks; ++i)
      if (!finished[static_cast<std::size_t>(i)]) task(i);
    throw;
  }
}

}  // namespace pyntk
