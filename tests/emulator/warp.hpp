// What the 32 threads of a warp do together. All threads in the mask must make the same call, on
// the same line; only __syncwarp() puts memory in order.
#pragma once

#include <cmath>
#include <type_traits>

#include "block.hpp"

#if defined(__SANITIZE_THREAD__)
extern "C" {
void AnnotateIgnoreReadsBegin(const char* file, int line);
void AnnotateIgnoreReadsEnd(const char* file, int line);
void AnnotateIgnoreWritesBegin(const char* file, int line);
void AnnotateIgnoreWritesEnd(const char* file, int line);
}
#endif

namespace emulator {

constexpr unsigned whole_warp = 0xFFFFFFFFU;

// Passing values from lane to lane is not a race.
struct exchange {
#if defined(__SANITIZE_THREAD__)
  exchange() {
    AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
    AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
  }
  ~exchange() {
    AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
    AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
  }
#else
  exchange() {}
  ~exchange() {}
#endif
};

// Compute(lanes) once for all lanes in the mask: lanes[l] is what lane l gave as `own`, null if it
// is not in the mask. Whoever comes last computes, then all go on.
template <auto Compute, class Lane>
void warp_collective(const char* name, unsigned mask, Lane& own, const place& where) {
  const auto compute = [](void* const* given) {
    const exchange unseen;
    Lane* lanes[warpSize];
    for (int l = 0; l < warpSize; ++l) lanes[l] = static_cast<Lane*>(given[l]);
    Compute(lanes);
  };
  device.wait_for_warp({name, where, true, mask, compute}, &own, false);
}

// The lane that a shuffle reads from: its number, or its own if it would leave its segment.
enum class shuffle { from, exclusive_or, up, down };

template <class T>
struct shuffled_lane {
  T value, result;
  shuffle how;
  int argument, width;
  bool outside;

  int source(int lane) const {
    const int first = lane & ~(width - 1), end = first + width;
    if (how == shuffle::from) return first | (argument & (width - 1));
    if (how == shuffle::up) return lane - argument < first ? lane : lane - argument;
    const int other = how == shuffle::down ? lane + argument : lane ^ argument;
    return other < end ? other : lane;
  }
};

template <class T>
void compute_shuffle(shuffled_lane<T>* const* lanes) {
  for (int l = 0; l < warpSize; ++l) {
    if (!lanes[l]) continue;
    const shuffled_lane<T>* const source = lanes[lanes[l]->source(l)];
    lanes[l]->outside = !source;
    if (source) lanes[l]->result = source->value;
  }
}

template <class T>
T shuffled(const char* name, unsigned mask, T value, shuffle how, int argument, int width,
           const place& where) {
  static_assert(std::is_arithmetic_v<T> && (sizeof(T) == 4 || sizeof(T) == 8));
  shuffled_lane<T> own{value, value, how, argument, width, false};
  warp_collective<compute_shuffle<T>>(name, mask, own, where);
  if (own.outside)
    device.misuse({name, where, true, mask, nullptr}, "reads a lane that its mask leaves out");
  return own.result;
}

struct voting_lane {
  bool vote;
  unsigned votes;
};

inline void compute_votes(voting_lane* const* lanes) {
  unsigned votes = 0;
  for (int l = 0; l < warpSize; ++l)
    if (lanes[l] && lanes[l]->vote) votes |= 1U << l;
  for (int l = 0; l < warpSize; ++l)
    if (lanes[l]) lanes[l]->votes = votes;
}

inline unsigned ballot(const char* name, unsigned mask, bool vote, const place& where) {
  voting_lane own{vote, 0};
  warp_collective<compute_votes>(name, mask, own, where);
  return own.votes;
}

struct mma_lane {
  double a, b;
  double* d;
};

inline void compute_mma_m8n8k4(mma_lane* const* lanes) {
  double b[4][8];
  for (int l = 0; l < warpSize; ++l) b[l % 4][l / 4] = lanes[l]->b;
  for (int r = 0; r < 8; ++r) {
    double row[8];
    for (int c = 0; c < 8; ++c) row[c] = lanes[4 * r + c / 2]->d[c % 2];
    for (int k = 0; k < 4; ++k)
      for (int c = 0; c < 8; ++c) row[c] = std::fma(lanes[4 * r + k]->a, b[k][c], row[c]);
    for (int c = 0; c < 8; ++c) lanes[4 * r + c / 2]->d[c % 2] = row[c];
  }
}

}  // namespace emulator

// mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64: D = A B + D by a whole warp, terms ascending.
// Lane l holds A[l / 4][l % 4], B[l % 4][l / 4], D[l / 4][2 (l % 4)] and the entry beside it.
inline void emulator_mma_m8n8k4(double (&d)[2], double a, double b,
                                const emulator::place& where = emulator::place::current()) {
  emulator::mma_lane own{a, b, d};
  emulator::warp_collective<emulator::compute_mma_m8n8k4>("mma.m8n8k4", emulator::whole_warp, own,
                                                          where);
}

inline void __syncwarp(unsigned mask = emulator::whole_warp,
                       const emulator::place& where = emulator::place::current()) {
  emulator::device.wait_for_warp({"__syncwarp", where, true, mask, nullptr}, nullptr, true);
}

template <class T>
T __shfl_sync(unsigned mask, T value, int lane, int width = warpSize,
              const emulator::place& where = emulator::place::current()) {
  using enum emulator::shuffle;
  return emulator::shuffled("__shfl_sync", mask, value, from, lane, width, where);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int with, int width = warpSize,
                  const emulator::place& where = emulator::place::current()) {
  using enum emulator::shuffle;
  return emulator::shuffled("__shfl_xor_sync", mask, value, exclusive_or, with, width, where);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned by, int width = warpSize,
                 const emulator::place& where = emulator::place::current()) {
  using enum emulator::shuffle;
  return emulator::shuffled("__shfl_up_sync", mask, value, up, static_cast<int>(by), width, where);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned by, int width = warpSize,
                   const emulator::place& where = emulator::place::current()) {
  using enum emulator::shuffle;
  return emulator::shuffled("__shfl_down_sync", mask, value, down, static_cast<int>(by), width,
                            where);
}

inline unsigned __ballot_sync(unsigned mask, int predicate,
                              const emulator::place& where = emulator::place::current()) {
  return emulator::ballot("__ballot_sync", mask, predicate != 0, where);
}
inline int __any_sync(unsigned mask, int predicate,
                      const emulator::place& where = emulator::place::current()) {
  return emulator::ballot("__any_sync", mask, predicate != 0, where) != 0;
}
inline int __all_sync(unsigned mask, int predicate,
                      const emulator::place& where = emulator::place::current()) {
  return emulator::ballot("__all_sync", mask, predicate != 0, where) == mask;
}
