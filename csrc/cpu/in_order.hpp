// Steps that many tasks arrive at in any order, taken in the order of their numbers: so sums of
// floating-point parts do not depend on which thread was first.
#pragma once

#include <functional>
#include <map>
#include <mutex>

#include "../core/view.hpp"

namespace pyntk {

class in_order {
 public:
  // Runs the step of each number, 0, 1, 2, ..., once. A step that comes too early waits here, its
  // thread does not.
  void run(index number, std::function<void()> step) {
    const std::lock_guard<std::mutex> lock(mutex_);
    waiting_.emplace(number, std::move(step));
    for (auto first = waiting_.begin(); first != waiting_.end() && first->first == next_; ++next_) {
      first->second();
      first = waiting_.erase(first);
    }
  }

 private:
  std::mutex mutex_{};
  index next_ = 0;
  std::map<index, std::function<void()>> waiting_{};
};

}  // namespace pyntk
