// The persistent thread pool of the CPU kernels. Not OpenMP: its regions and a threaded BLAS fight
// for the cores, and its child processes hang after fork.
#pragma once

#include <functional>

#include "../core/view.hpp"

namespace pyntk {

// Called on the calling thread of parallel_for, or of several in a row, about every 50 ms. It may
// throw: the tasks that have not begun are then dropped, the running ones awaited, and the
// exception leaves parallel_for. A kernel that it calls runs on the calling thread alone.
void set_interrupt_check(void (*check)());

// Calls task(0), ..., task(tasks - 1), each once, on at most `threads` threads. Returns when all
// are done; rethrows the first exception of a task. Callers on several threads take turns.
void parallel_for(index tasks, int threads, const std::function<void(index)>& task);

// How far the kernel that runs on the calling thread is; the interrupt check may ask.
struct progress {
  double done, total;  // in tasks; total is 0 outside of a progress_scope
};
progress progress_here();

// A kernel that shows progress opens a scope around its calls of parallel_for, with the sum of
// their tasks. The inner one of nested scopes changes nothing.
class progress_scope {
 public:
  explicit progress_scope(index tasks);
  ~progress_scope();
  progress_scope(const progress_scope&) = delete;
  progress_scope& operator=(const progress_scope&) = delete;

 private:
  bool outermost_;
};

}  // namespace pyntk
