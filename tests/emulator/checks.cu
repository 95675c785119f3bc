// What tests/test_block_emulator.py looks at: checks NAME launches the kernels of that name and
// prints what they leave, a line per number, or what the emulator says against them.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string_view>

namespace {

constexpr int threads = 64;
constexpr unsigned whole = 0xFFFFFFFF;

double numbers[threads];

__global__ void nothing() {}

// Each block writes other values: what the block before left does not help.
__global__ void mirror(bool with_barrier) {
  __shared__ double s[threads];
  s[threadIdx.x] = 1000 * blockIdx.x + threadIdx.x;
  if (with_barrier) __syncthreads();
  const double other = s[threads - 1 - threadIdx.x];
  __syncthreads();
  if (other != 1000 * blockIdx.x + threads - 1 - threadIdx.x) numbers[threadIdx.x] = 1;
}

// Thread 0 writes what all read; it may not write again before they have.
__global__ void broadcast(bool with_barrier) {
  __shared__ double s;
  for (int i = 1; i < 4; ++i) {
    if (threadIdx.x == 0) s = i;
    __syncthreads();
    if (s != i) numbers[threadIdx.x] = 1;
    if (with_barrier) __syncthreads();
  }
}

__global__ void neighbours(bool with_barrier) {
  __shared__ double s[threads];
  s[threadIdx.x] = 1000 * blockIdx.x + threadIdx.x;
  __shfl_sync(whole, 1, 0);
  if (with_barrier) __syncwarp();
  if (s[threadIdx.x ^ 1] != 1000 * blockIdx.x + (threadIdx.x ^ 1)) numbers[threadIdx.x] = 1;
}

// Each half of a warp waits for itself alone.
__global__ void halves() {
  __shared__ double s[threads];
  const unsigned half = threadIdx.x % 32 < 16 ? 0xFFFFU : 0xFFFF0000U;
  double sum = 0;
  for (int i = 0; i < 3; ++i) {
    s[threadIdx.x] = threadIdx.x + i;
    __syncwarp(half);
    sum += s[threadIdx.x ^ 15];
    __syncwarp(half);
  }
  numbers[threadIdx.x] = sum;
}

__global__ void shuffle_from() {
  numbers[threadIdx.x] = __shfl_sync(whole, static_cast<float>(threadIdx.x), threadIdx.x * 5);
}
__global__ void shuffle_from_8() {
  const std::int64_t own = std::int64_t{threadIdx.x} << 40;
  numbers[threadIdx.x] = static_cast<double>(__shfl_sync(whole, own, 3, 8) >> 40);
}
__global__ void shuffle_xor() {
  numbers[threadIdx.x] = __shfl_xor_sync(whole, static_cast<double>(threadIdx.x), 5);
}
__global__ void shuffle_xor_4() {
  numbers[threadIdx.x] = __shfl_xor_sync(whole, static_cast<int>(threadIdx.x), 6, 4);
}
__global__ void shuffle_up() {
  numbers[threadIdx.x] = __shfl_up_sync(whole, static_cast<double>(threadIdx.x), 3, 16);
}
__global__ void shuffle_down() {
  numbers[threadIdx.x] = __shfl_down_sync(whole, static_cast<unsigned>(threadIdx.x), 7);
}
__global__ void ballots() {
  const bool third = threadIdx.x % 3 == 0;
  const int low = threadIdx.x < 32;
  numbers[threadIdx.x] = __ballot_sync(whole, third) + (__any_sync(whole, low) ? 0.5 : 0) +
                         (__all_sync(whole, low) ? 0.25 : 0);
}
__global__ void votes() {
  const int count = __syncthreads_count(threadIdx.x % 3 == 0);
  const int any = __syncthreads_or(threadIdx.x == 7), none = __syncthreads_or(0);
  const int all = __syncthreads_and(threadIdx.x < threads), few = __syncthreads_and(threadIdx.x);
  numbers[threadIdx.x] = count + 100 * any + 200 * none + 400 * all + 800 * few;
}

// A_ik = 1 / (1 + i + 3 k), B_kj = 1 / (2 + 5 k + j), D_ij = 1 / (3 + i + 7 j), in order of D.
__global__ void mma() {
  const int l = threadIdx.x, row = l / 4, column = 2 * (l % 4);
  double d[2] = {1.0 / (3 + row + 7 * column), 1.0 / (3 + row + 7 * (column + 1))};
  emulator_mma_m8n8k4(d, 1.0 / (1 + l / 4 + 3 * (l % 4)), 1.0 / (2 + 5 * (l % 4) + l / 4));
  numbers[8 * row + column] = d[0];
  numbers[8 * row + column + 1] = d[1];
}

__global__ void copies(bool waits) {
  __shared__ double s[threads];
  const double own = threadIdx.x;
  emulator_begin_copy(&s[threadIdx.x], &own, sizeof own);
  if (s[threadIdx.x] == s[threadIdx.x]) numbers[threadIdx.x] = -1;
  if (!waits) return;
  emulator_end_copies();
  numbers[threadIdx.x] += s[threadIdx.x];
}

__global__ void barrier_of_some() {
  if (threadIdx.x != 3) __syncthreads();
}
__global__ void two_barriers() {
  if (threadIdx.x < 40)
    __syncthreads();
  else
    __syncthreads();
}
__global__ void warp_of_some() {
  if (threadIdx.x != 35) __syncwarp();
}
__global__ void mma_of_some() {
  double d[2] = {};
  if (threadIdx.x % 32 < 16) emulator_mma_m8n8k4(d, 1, 1);
  __syncthreads();
}
__global__ void shuffle_outside() { __shfl_sync(threadIdx.x < 32 ? whole : 0xFFFF, 1, 20); }

int depth(int n) {
  volatile char frame[1024];
  std::memset(const_cast<char*>(frame), n, sizeof frame);
  return n ? depth(n - 1) + frame[n % 1024] : 0;
}
__global__ void overflow() { numbers[threadIdx.x] = depth(1 << 20); }

struct check {
  const char* name;
  unsigned blocks, threads;
  void (*kernel)();
};

constexpr check checks[] = {
    {"mirror", 5, threads, [] { mirror(true); }},
    {"mirror without barrier", 5, threads, [] { mirror(false); }},
    {"broadcast", 1, threads, [] { broadcast(true); }},
    {"broadcast without barrier", 1, threads, [] { broadcast(false); }},
    {"neighbours", 5, threads, [] { neighbours(true); }},
    {"neighbours without barrier", 5, threads, [] { neighbours(false); }},
    {"halves", 1, threads, halves},
    {"shuffle_from", 1, threads, shuffle_from},
    {"shuffle_from_8", 1, threads, shuffle_from_8},
    {"shuffle_xor", 1, threads, shuffle_xor},
    {"shuffle_xor_4", 1, threads, shuffle_xor_4},
    {"shuffle_up", 1, threads, shuffle_up},
    {"shuffle_down", 1, threads, shuffle_down},
    {"ballots", 1, threads, ballots},
    {"votes", 1, threads, votes},
    {"mma", 1, 32, mma},
    {"copies", 1, threads, [] { copies(true); }},
    {"copies without waiting", 1, threads, [] { copies(false); }},
    {"barrier of some", 3, threads, barrier_of_some},
    {"two barriers", 1, threads, two_barriers},
    {"warp of some", 1, threads, warp_of_some},
    {"mma of some", 1, threads, mma_of_some},
    {"shuffle outside", 1, threads, shuffle_outside},
    {"part of a warp", 1, 40, [] { __syncwarp(); }},
    {"overflow", 1, threads, overflow},
    {"many threads", 2, 1024, [] { __syncthreads(); }},
};

}  // namespace

int main(int, char** arguments) {
  for (const check& one : checks) {
    if (std::string_view(one.name) != arguments[1]) continue;
    try {
      emulator::run(one.blocks, one.threads, one.kernel);
    } catch (const std::exception& error) {
      std::puts(error.what());
      emulator::run(2, threads, [] { nothing(); });  // what was left in the failed launch is gone
      return 3;
    }
    for (const double number : numbers) std::printf("%.17g\n", number);
    return 0;
  }
  return 4;
}
