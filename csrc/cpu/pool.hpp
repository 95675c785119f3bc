// The persistent thread pool of the CPU kernels. Not OpenMP: its regions and a threaded BLAS fight
// for the cores, and its child processes hang after fork.
#pragma once

#include <functional>

#include "../core/view.hpp"

namespace pyntk {

// Called on the calling thread of parallel_for about every 50 ms. It may throw: the tasks that have
// not begun are then dropped, the running ones awaited, and the exception leaves parallel_for.
void set_interrupt_check(void (*check)());

// Calls task(0), ..., task(tasks - 1), each once, on at most `threads` threads. Returns when all
// are done; rethrows the first exception of a task. Callers on several threads take turns.
void parallel_for(index tasks, int threads, const std::function<void(index)>& task);

}  // namespace pyntk
