#include "pool.hpp"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <new>
#include <thread>

namespace pyntk {
namespace {

using clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds slice{50};

std::atomic<void (*)()> interrupt_check{nullptr};

void serve_interrupts() {
  if (auto* check = interrupt_check.load()) check();
}

struct job {
  const std::function<void(index)>* task;
  index tasks;
  int tickets;  // how many more workers may join
  int running = 0;
  std::atomic<index> next{0};
  std::exception_ptr error{};

  bool finished() const { return running == 0 && next.load() >= tasks; }
  void cancel() { next = tasks; }
};

class pool {
 public:
  void run(index tasks, int threads, const std::function<void(index)>& task) {
    std::unique_lock<std::mutex> lock(mutex_);
    wait(lock, turn_, [&] { return current_ == nullptr; });
    job work{&task, tasks, threads};
    spawn(threads);
    current_ = &work;
    wake_.notify_all();
    std::exception_ptr interrupt;
    try {
      wait(lock, done_, [&] { return work.finished(); });
    } catch (...) {
      interrupt = std::current_exception();
      work.cancel();
      lock.lock();
      done_.wait(lock, [&] { return work.finished(); });
    }
    current_ = nullptr;
    turn_.notify_one();
    lock.unlock();
    if (interrupt) std::rethrow_exception(interrupt);
    if (work.error) std::rethrow_exception(work.error);
  }

 private:
  // Waits in slices, serving interrupts between them; if one throws, the lock is released.
  template <class Done>
  static void wait(std::unique_lock<std::mutex>& lock, std::condition_variable& news,
                   const Done& done) {
    while (!news.wait_for(lock, slice, done)) {
      lock.unlock();
      serve_interrupts();
      lock.lock();
    }
  }

  void spawn(int threads) {
    for (; workers_ < threads; ++workers_) std::thread([this] { serve(); }).detach();
  }

  // A worker's life: join a job that has a ticket left, take its tasks one by one, report.
  void serve() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return current_ && current_->tickets > 0; });
      job& work = *current_;
      --work.tickets;
      ++work.running;
      lock.unlock();
      std::exception_ptr error;
      try {
        for (index i = work.next++; i < work.tasks; i = work.next++) (*work.task)(i);
      } catch (...) {
        error = std::current_exception();
        work.cancel();
      }
      lock.lock();
      if (error && !work.error) work.error = error;
      if (--work.running == 0) done_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable turn_, wake_, done_;
  job* current_ = nullptr;  // of the caller whose turn it is
  int workers_ = 0;
};

// Never destroyed: its threads may outlive every static destructor. A forked child has none of them
// and perhaps a locked mutex, so it begins with a new pool in the same place.
alignas(pool) unsigned char storage[sizeof(pool)];

pool& the_pool() {
  static pool* instance = [] {
    pthread_atfork(nullptr, nullptr, [] { new (storage) pool; });
    return new (storage) pool;
  }();
  return *instance;
}

void run_inline(index tasks, const std::function<void(index)>& task) {
  auto last = clock::now();
  for (index i = 0; i < tasks; ++i) {
    task(i);
    if (i + 1 < tasks && clock::now() - last > slice) {
      serve_interrupts();
      last = clock::now();
    }
  }
}

}  // namespace

void set_interrupt_check(void (*check)()) { interrupt_check = check; }

void parallel_for(index tasks, int threads, const std::function<void(index)>& task) {
  if (tasks <= 1 || threads <= 1) return run_inline(tasks, task);
  the_pool().run(tasks, static_cast<int>(std::min<index>(threads, tasks)), task);
}

}  // namespace pyntk
