// Compiled once per instruction set: loops over a group of counters become vectors.
#include "random_kernel.hpp"

#include "../math/random.hpp"

namespace pyntk::PYNTK_ISA {
namespace {

constexpr int group = 16;

// The words of a group of counters, word by word.
struct word_group {
  std::uint32_t at[4][group];
};

// Calls store(first, count, words) for groups of the blocks of the rows, counted over all of them.
template <class Store>
PYNTK_INLINE void over_groups(std::uint64_t seed, int stream, std::uint64_t first, index rows,
                              index blocks, const Store& store) {
  std::uint64_t row = first, rows_of[group];
  std::uint32_t block = 0, blocks_of[group];
  word_group words;
  for (index begin = 0; begin < rows * blocks; begin += group) {
    for (int v = 0; v < group; ++v) {
      rows_of[v] = row;
      blocks_of[v] = block;
      if (++block == static_cast<std::uint32_t>(blocks)) block = 0, ++row;
    }
    for (int v = 0; v < group; ++v) {
      const random_words w =
          philox(blocks_of[v], rows_of[v], static_cast<std::uint32_t>(stream), seed);
      for (int i = 0; i < 4; ++i) words.at[i][v] = w.at[i];
    }
    store(begin, rows * blocks - begin < group ? static_cast<int>(rows * blocks - begin) : group,
          words);
  }
}

void normals(std::uint64_t seed, int stream, std::uint64_t first, index rows, index blocks,
             float* z) {
  over_groups(seed, stream, first, rows, blocks, [&](index begin, int count, const word_group& w) {
    float of_group[4][group];
    for (int half = 0; half < 4; half += 2) {
      for (int v = 0; v < group; ++v) {
        const normal_pair pair = normal_pair_of(w.at[half][v], w.at[half + 1][v]);
        of_group[half][v] = pair.first;
        of_group[half + 1][v] = pair.second;
      }
    }
    for (int v = 0; v < count; ++v)
      for (int i = 0; i < 4; ++i) z[4 * (begin + v) + i] = of_group[i][v];
  });
}

void uniforms(std::uint64_t seed, int stream, std::uint64_t first, index rows, index blocks,
              double* u) {
  over_groups(seed, stream, first, rows, blocks, [&](index begin, int count, const word_group& w) {
    for (int v = 0; v < count; ++v)
      for (int half = 0; half < 2; ++half)
        u[2 * (begin + v) + half] = uniform_of(w.at[2 * half][v], w.at[2 * half + 1][v]);
  });
}

}  // namespace

extern const random_kernel randoms;
const random_kernel randoms = {normals, uniforms};

}  // namespace pyntk::PYNTK_ISA
