// The threads of a block, each a fiber that runs until it waits, and the scheduler, which notices
// when nobody can go on.
//
// After every wait the threads run in another order (drawn from a fixed seed), and so do the blocks
// of a launch: what a missing barrier leaves to chance comes out wrong.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "cuda_thread.hpp"

namespace emulator {

class scheduler {
 public:
  // kernel() by every thread of every block. One kernel at a time, as on one stream.
  template <class Kernel>
  void run(unsigned blocks, unsigned threads, const Kernel& kernel) {
    const std::lock_guard<std::mutex> lock(device_);
    invoke_ = [](const void* one) { (*static_cast<const Kernel*>(one))(); };
    kernel_ = &kernel;
    prepare(blocks, threads);
    draw(blocks_);
    for (const unsigned b : blocks_) run_block(b);
  }

  // By a thread: until all threads of its block are here; how many came with a predicate.
  PYNTK_UNSEEN int wait_for_block(const char* name, int predicate, const place& where) {
    ++at_barrier_;
    current->predicate = predicate;
    wait({name, where, false, 0, nullptr}, nullptr);
    return votes_;
  }

  // By a thread: until all threads in the mask are here and one has called at.compute.
  PYNTK_UNSEEN void wait_for_warp(const call& at, void* own, bool orders_memory) {
    const unsigned lane = current->number % warpSize, first = current->number - lane;
    if (!(at.mask >> lane & 1)) misuse(at, "its mask leaves out");
    if (count_ - first < warpSize && at.mask >> (count_ - first))
      misuse(at, "is in a block without all threads of its mask");
    ++in_warp_[first / warpSize];
    if (!completes(at, own, first, orders_memory)) wait(at, own);
  }

  // By a thread: what it did is an error.
  [[noreturn]] PYNTK_UNSEEN void misuse(const call& at, const char* why) {
    current->at = at;
    misuse_ = why;
    current->reached.release();
    for (;;) current->run.pause();
  }

 private:
  friend cuda_thread;

  PYNTK_UNSEEN void wait(const call& at, void* own) {
    current->at = at;
    current->own = own;
    current->now = cuda_thread::waits;
    current->reached.release();
    current->run.pause();
    current->allowed.acquire();
  }

  // Whether the current thread is the last of those in the mask; then all of them may go on.
  PYNTK_UNSEEN bool completes(const call& at, void* own, unsigned first, bool orders_memory) {
    const auto lanes_named = static_cast<unsigned>(__builtin_popcount(at.mask));
    unsigned& waiting = in_warp_[first / warpSize];
    if (waiting < lanes_named) return false;
    cuda_thread* named[warpSize] = {};
    void* lanes[warpSize] = {};
    for (unsigned lane = 0; lane < warpSize; ++lane) {
      if (!(at.mask >> lane & 1)) continue;
      cuda_thread& one = *threads_[first + lane];
      const bool here = one.now == cuda_thread::waits && one.at.same_as(at);
      if (&one != current && !here) return false;
      named[lane] = &one;
      lanes[lane] = &one == current ? own : one.own;
    }
    if (at.compute) at.compute(lanes);
    if (orders_memory) put_in_order(named);
    for (cuda_thread* one : named)
      if (one) one->now = cuda_thread::ready;
    waiting -= lanes_named;
    return true;
  }

  // What all of them did so far comes before what any of them does from now on.
  PYNTK_UNSEEN static void put_in_order(cuda_thread* const (&named)[warpSize]) {
    for (cuda_thread* one : named)
      if (one && one != current) one->reached.acquire();
    for (cuda_thread* one : named)
      if (one && one != current) one->allowed.release();
  }

  void prepare(unsigned blocks, unsigned threads) {
    while (threads_.size() < threads)
      threads_.push_back(std::make_unique<cuda_thread>(static_cast<unsigned>(threads_.size())));
    count_ = threads;
    for (auto [numbers, size] : {std::pair{&blocks_, blocks}, std::pair{&sequence_, threads}}) {
      numbers->resize(size);
      std::iota(numbers->begin(), numbers->end(), 0U);
    }
    random_ = 1;
    blockDim = {threads, 1, 1};
    gridDim = {blocks, 1, 1};
  }

  PYNTK_UNSEEN void run_block(unsigned number) {
    blockIdx.x = number;
    at_barrier_ = ended_ = 0;
    in_warp_.assign((count_ + warpSize - 1) / warpSize, 0);
    let_all_go_on();
    while (ended_ < count_) {
      if (at_barrier_ == count_) open_barrier();
      if (!run_all_ready()) stop();
    }
    wait_for_all();
  }

  // What the host has seen comes before what the threads do now.
  PYNTK_UNSEEN void let_all_go_on() {
    for (unsigned t = 0; t < count_; ++t) {
      threads_[t]->allowed.release();
      threads_[t]->now = cuda_thread::ready;
    }
  }

  // What the threads did comes before what the host does now.
  PYNTK_UNSEEN void wait_for_all() {
    for (unsigned t = 0; t < count_; ++t) threads_[t]->reached.acquire();
  }

  // Each thread that is ready, until it waits; whether there was one.
  PYNTK_UNSEEN bool run_all_ready() {
    bool any = false;
    draw(sequence_);
    for (const unsigned t : sequence_) {
      if (threads_[t]->now != cuda_thread::ready) continue;
      current = threads_[t].get();
      threadIdx.x = t;
      current->run.resume();
      if (misuse_) stop();
      any = true;
    }
    return any;
  }

  // Another order, each as likely.
  void draw(std::vector<unsigned>& numbers) {
    for (std::size_t left = numbers.size(); left > 1; --left) {
      random_ = random_ * 6364136223846793005U + 1442695040888963407U;
      std::swap(numbers[left - 1], numbers[(random_ >> 33) * left >> 31]);
    }
  }

  PYNTK_UNSEEN void open_barrier() {
    votes_ = 0;
    for (unsigned t = 0; t < count_; ++t) {
      if (!threads_[t]->at.same_as(threads_[0]->at)) stop();
      votes_ += threads_[t]->predicate != 0;
    }
    at_barrier_ = 0;
    wait_for_all();
    let_all_go_on();
  }

  // Nobody can go on: the launch fails, and the fibers that are left in it go with it.
  [[noreturn]] PYNTK_UNSEEN void stop() {
    const std::string why = misuse_ ? what_is_misused() : who_waits();
    misuse_ = nullptr;
    wait_for_all();
    threads_.clear();
    throw std::logic_error("CUDA block emulator: block " + std::to_string(blockIdx.x) + ": " + why);
  }

  std::string what_is_misused() const { return text_of(*current) + ", which " + misuse_; }

  std::string who_waits() const {
    for (unsigned t = 0; t < count_; ++t) {
      const cuda_thread& one = *threads_[t];
      if (one.now != cuda_thread::waits) continue;
      for (unsigned other = 0; other < count_; ++other)
        if (waits_for(one, *threads_[other]))
          return text_of(one) + ", but " + text_of(*threads_[other]);
    }
    return "nobody can go on";
  }

  static bool waits_for(const cuda_thread& one, const cuda_thread& other) {
    if (other.now == cuda_thread::waits && other.at.same_as(one.at)) return false;
    if (!one.at.of_warp) return true;
    return one.number / warpSize == other.number / warpSize &&
           (one.at.mask >> other.number % warpSize & 1);
  }

  static std::string text_of(const cuda_thread& one) {
    const std::string name = "thread " + std::to_string(one.number);
    if (one.now == cuda_thread::ended) return name + " has ended";
    const auto& where = one.at.where;
    const std::string line = std::string(where.file_name()) + ":" + std::to_string(where.line());
    return name + " is at " + one.at.name + (where.line() ? " (" + line + ")" : "");
  }

  std::mutex device_;
  void (*invoke_)(const void*) = nullptr;
  const void* kernel_ = nullptr;
  std::vector<std::unique_ptr<cuda_thread>> threads_;  // kept for the blocks and launches to come
  std::vector<unsigned> blocks_, sequence_;
  std::vector<unsigned> in_warp_;  // how many wait in each warp
  unsigned count_ = 0, at_barrier_ = 0, ended_ = 0;
  int votes_ = 0;
  std::uint64_t random_ = 0;
  const char* misuse_ = nullptr;
};

// Never destroyed: whoever still runs when the process ends has its stack.
inline scheduler& device = *new scheduler;

template <class Kernel>
void run(unsigned blocks, unsigned threads, const Kernel& kernel) {
  device.run(blocks, threads, kernel);
}

// One round for each block.
PYNTK_UNSEEN inline void cuda_thread::life() noexcept {
  current->run.entered();
  for (;;) {
    current->allowed.acquire();
    device.invoke_(device.kernel_);
    if (!current->copies.empty()) device.misuse({"its end"}, "has not waited for its copies");
    current->reached.release();
    current->now = ended;
    ++device.ended_;
    current->run.pause();
  }
}

}  // namespace emulator
