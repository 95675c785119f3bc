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

// What the calling thread is doing.
struct call_state {
  clock::time_point served{};  // when interrupts were served last
  bool waiting = false;  // for its tasks: a kernel that it begins now is of an interrupt check
  bool in_scope = false;
  double total = 0;  // tasks of the scope,
  double done = 0;   // those of finished calls of parallel_for,
  index now = 0;     // and the finished ones of the running call
};
thread_local call_state here;

struct waiting_flag {
  waiting_flag() { here.waiting = true; }
  ~waiting_flag() { here.waiting = false; }
};

std::chrono::nanoseconds until_due() { return here.served + slice - clock::now(); }

// Many short calls of parallel_for are one long kernel, so the slices go on from call to call.
void serve_interrupts(index finished) {
  here.now = finished;
  here.served = clock::now();
  if (auto* check = interrupt_check.load()) check();
}

struct job {
  const std::function<void(index)>* task;
  index tasks;
  int tickets;  // how many more workers may join
  int running = 0;
  std::atomic<index> next{0}, completed{0};
  std::exception_ptr error{};

  bool finished() const { return running == 0 && next.load() >= tasks; }
  void cancel() { next = tasks; }
};

class pool {
 public:
  void run(index tasks, int threads, const std::function<void(index)>& task) {
    std::unique_lock<std::mutex> lock(mutex_);
    job work{&task, tasks, threads};
    wait(lock, turn_, work, [&] { return current_ == nullptr; });
    spawn(threads);
    current_ = &work;
    wake_.notify_all();
    std::exception_ptr interrupt;
    try {
      wait(lock, done_, work, [&] { return work.finished(); });
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
                   const job& work, const Done& done) {
    while (!news.wait_for(lock, until_due(), done)) {
      lock.unlock();
      serve_interrupts(work.completed.load());
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
        for (index i = work.next++; i < work.tasks; i = work.next++) {
          (*work.task)(i);
          ++work.completed;
        }
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
  for (index i = 0; i < tasks; ++i) {
    task(i);
    if (i + 1 < tasks && until_due().count() <= 0) serve_interrupts(i + 1);
  }
}

}  // namespace

void set_interrupt_check(void (*check)()) { interrupt_check = check; }

void parallel_for(index tasks, int threads, const std::function<void(index)>& task) {
  // The job that this thread waits for holds the pool until the interrupt check returns.
  if (here.waiting) return run_inline(tasks, task);
  const waiting_flag flag;
  if (tasks > 0 && until_due().count() <= 0) serve_interrupts(0);
  if (tasks <= 1 || threads <= 1) {
    run_inline(tasks, task);
  } else {
    the_pool().run(tasks, static_cast<int>(std::min<index>(threads, tasks)), task);
  }
  here.done += static_cast<double>(tasks);
}

progress progress_here() {
  if (!here.in_scope) return {0, 0};
  return {here.done + static_cast<double>(here.now), here.total};
}

progress_scope::progress_scope(index tasks) : outermost_(!here.in_scope) {
  if (!outermost_) return;
  here.in_scope = true;
  here.done = 0;
  here.total = static_cast<double>(tasks);
}

progress_scope::~progress_scope() {
  if (outermost_) here.in_scope = false;
}

}  // namespace pyntk
