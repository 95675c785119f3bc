// A fiber: a function that stops in the middle and goes on later, on a stack of its own. It runs
// in the OS thread that resumes it, so a switch is a few instructions and no system call.
//
// Below a stack lies a page that nobody may touch: an overflow ends the process at once. The
// sanitizers are told of every switch. To the thread sanitizer a fiber is a thread, and a switch
// orders nothing: what two fibers do is in order only where barriers say so (race_order).
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#define PYNTK_UNSEEN __attribute__((no_sanitize("thread"), noinline))
#else
#define PYNTK_UNSEEN
#endif

#if !defined(__x86_64__)
#define PYNTK_UCONTEXT 1
#endif
#if defined(PYNTK_UCONTEXT)
#include <ucontext.h>
#endif

namespace emulator {

#if defined(PYNTK_UCONTEXT)

// Where a stack stopped.
struct stack_place {
  ucontext_t registers;

  void begin(void* stack, std::size_t bytes, void (*body)()) {
    getcontext(&registers);
    registers.uc_stack.ss_sp = stack;
    registers.uc_stack.ss_size = bytes;
    registers.uc_link = nullptr;
    makecontext(&registers, body, 0);
  }
};

inline void switch_stacks(stack_place& from, stack_place& to) {
  swapcontext(&from.registers, &to.registers);
}

#else

// Puts what a call must keep (System V ABI: six registers, the control words of SSE and x87) on
// the stack, leaves that one at *from, and goes on where the other stack stopped.
[[gnu::naked, gnu::noinline, gnu::noipa]] PYNTK_UNSEEN inline void jump(void** /*from*/,
                                                                        void* /*to*/) {
  asm("pushq %rbp\n\t"
      "pushq %rbx\n\t"
      "pushq %r12\n\t"
      "pushq %r13\n\t"
      "pushq %r14\n\t"
      "pushq %r15\n\t"
      "subq $8, %rsp\n\t"
      "stmxcsr (%rsp)\n\t"
      "fnstcw 4(%rsp)\n\t"
      "movq %rsp, (%rdi)\n\t"
      "movq %rsi, %rsp\n\t"
      "ldmxcsr (%rsp)\n\t"
      "fldcw 4(%rsp)\n\t"
      "addq $8, %rsp\n\t"
      "popq %r15\n\t"
      "popq %r14\n\t"
      "popq %r13\n\t"
      "popq %r12\n\t"
      "popq %rbx\n\t"
      "popq %rbp\n\t"
      "ret");
}

struct stack_place {
  void* top = nullptr;

  void begin(void* stack, std::size_t bytes, void (*body)()) {
    const auto end = (reinterpret_cast<std::uintptr_t>(stack) + bytes) & ~std::uintptr_t{15};
    auto* const word = reinterpret_cast<std::uintptr_t*>(end) - 9;  // as after a call
    for (int i = 0; i < 9; ++i) word[i] = 0;
    auto* const control = reinterpret_cast<std::uint32_t*>(word);
    asm volatile("stmxcsr %0" : "=m"(control[0]));
    asm volatile("fnstcw %0" : "=m"(control[1]));
    word[7] = reinterpret_cast<std::uintptr_t>(body);  // a zero, its return address, ends traces
    top = word;
  }
};

PYNTK_UNSEEN inline void switch_stacks(stack_place& from, stack_place& to) {
  jump(&from.top, to.top);
}

#endif

class fiber {
 public:
  // body() must not return; it may throw nothing.
  explicit fiber(void (*body)(), std::size_t shift) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    mapped_ = stack_bytes + page;
    memory_ = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory_ == MAP_FAILED || mprotect(memory_, page, PROT_NONE)) throw std::bad_alloc();
    stack_ = static_cast<char*>(memory_) + page;
    bytes_ = stack_bytes - shift;  // so that not all stacks end in the same sets of the cache
    own_.begin(stack_, bytes_, body);
#if defined(__SANITIZE_THREAD__)
    own_thread_ = __tsan_create_fiber(0);
#endif
  }
  fiber(const fiber&) = delete;
  fiber& operator=(const fiber&) = delete;
  ~fiber() {
#if defined(__SANITIZE_THREAD__)
    __tsan_destroy_fiber(own_thread_);
#endif
#if defined(__SANITIZE_ADDRESS__)
    __asan_unpoison_memory_region(stack_, stack_bytes);
#endif
    munmap(memory_, mapped_);
  }

  // By the host: goes on with the fiber until it pauses.
  PYNTK_UNSEEN void resume() {
#if defined(__SANITIZE_THREAD__)
    host_thread_ = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(own_thread_, __tsan_switch_to_fiber_no_sync);
#endif
#if defined(__SANITIZE_ADDRESS__)
    void* frames = nullptr;
    __sanitizer_start_switch_fiber(&frames, stack_, bytes_);
#endif
    switch_stacks(host_, own_);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(frames, nullptr, nullptr);
#endif
  }

  // By the fiber: back to the host.
  PYNTK_UNSEEN void pause() {
#if defined(__SANITIZE_THREAD__)
    __tsan_switch_to_fiber(host_thread_, __tsan_switch_to_fiber_no_sync);
#endif
#if defined(__SANITIZE_ADDRESS__)
    void* frames = nullptr;
    __sanitizer_start_switch_fiber(&frames, host_stack_, host_bytes_);
#endif
    switch_stacks(own_, host_);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(frames, &host_stack_, &host_bytes_);
#endif
  }

  // By the fiber, first of all.
  void entered() {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(nullptr, &host_stack_, &host_bytes_);
#endif
  }

 private:
  static constexpr std::size_t stack_bytes = std::size_t{256} << 10;

  void *memory_ = nullptr, *stack_ = nullptr;
  std::size_t mapped_ = 0, bytes_ = 0;
  stack_place own_, host_;
#if defined(__SANITIZE_ADDRESS__)
  const void* host_stack_ = nullptr;
  std::size_t host_bytes_ = 0;
#endif
#if defined(__SANITIZE_THREAD__)
  void *own_thread_ = nullptr, *host_thread_ = nullptr;
#endif
};

// For the thread sanitizer: what came before a release() is in order with what comes after an
// acquire() that follows it.
struct race_order {
#if defined(__SANITIZE_THREAD__)
  void release() { __tsan_release(this); }
  void acquire() { __tsan_acquire(this); }
#else
  void release() {}
  void acquire() {}
#endif
  char address = 0;
};

}  // namespace emulator
