// A CUDA device on the CPU, for tests: g++ -std=c++20 -x c++ -include emulator.hpp compiles the
// very .cu files that ship, and the address, undefined-behaviour and thread sanitizers see them.
//
// Every CUDA thread of a block is a fiber, in one OS thread; the blocks run one after another, so
// __shared__ memory may be static. A barrier or a call of a warp that not all threads make fails
// the launch with a text that says who is where. Under the thread sanitizer the CUDA threads are
// threads to it, so it sees a missing barrier. Not emulated: dynamic shared memory (what the block
// before left in shared memory is still there), blocks and grids of several dimensions, atomics,
// streams, caches, speed, and the limits of a real device.
#pragma once

#define PYNTK_EMULATED 1

#include "async_copy.hpp"
#include "barrier.hpp"
#include "language.hpp"
#include "runtime.hpp"
#include "warp.hpp"
