// Steps that many tasks arrive at in any order, taken in the order of their numbers: so sums of
// floating-point parts do not depend on which thread was first. What waits is memory, so only so
// many steps wait.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>

#include "../core/view.hpp"

namespace pyntk {

class in_order {
 public:
  // At most as many steps wait as there are threads.
  explicit in_order(int threads) : most_(static_cast<std::size_t>(threads)) {}

  // Runs the step of each number, 0, 1, 2, ..., once. A step that comes too early waits here. Its
  // thread does not, unless too many wait already; and then not for ever, since the thread that all
  // wait for may have failed.
  void run(index number, std::function<void()> step) {
    std::unique_lock<std::mutex> lock(mutex_);
    room_.wait_for(lock, patience, [&] { return number == next_ || waiting_.size() < most_; });
    waiting_.emplace(number, std::move(step));
    for (auto first = waiting_.begin(); first != waiting_.end() && first->first == next_; ++next_) {
      first->second();
      first = waiting_.erase(first);
    }
    room_.notify_all();
  }

 private:
  static constexpr std::chrono::milliseconds patience{100};

  std::size_t most_;
  std::mutex mutex_{};
  std::condition_variable room_{};
  index next_ = 0;
  std::map<index, std::function<void()>> waiting_{};
};

}  // namespace pyntk
