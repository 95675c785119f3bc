// Buffers of one size that the tasks of a call hand on to each other.
#pragma once

#include <mutex>
#include <vector>

#include "../core/buffer.hpp"

namespace pyntk {

template <class T>
class scratch {
 public:
  explicit scratch(index size) : size_(size) {}

  class loan {
   public:
    loan(scratch& owner, buffer<T> memory) : owner_(owner), memory_(std::move(memory)) {}
    loan(const loan&) = delete;
    loan& operator=(const loan&) = delete;
    ~loan() { owner_.give(std::move(memory_)); }
    T* get() const { return memory_.get(); }

   private:
    scratch& owner_;
    buffer<T> memory_;
  };

  // Uninitialised; given back when the loan goes out of scope.
  loan take() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!free_.empty()) {
        buffer<T> memory = std::move(free_.back());
        free_.pop_back();
        return loan(*this, std::move(memory));
      }
    }
    return loan(*this, make_buffer<T>(size_));
  }

 private:
  void give(buffer<T> memory) {
    const std::lock_guard<std::mutex> lock(mutex_);
    free_.push_back(std::move(memory));
  }

  index size_;
  std::mutex mutex_{};
  std::vector<buffer<T>> free_{};
};

}  // namespace pyntk
