// The tiles of a lower triangle, counted row by row: (0,0), (1,0), (1,1), (2,0), ...
#pragma once

#include <cmath>

#include "view.hpp"

namespace pyntk {

struct tile_place {
  index I, J;
};

PYNTK_INLINE index triangle_size(index blocks) { return blocks * (blocks + 1) / 2; }

PYNTK_INLINE tile_place triangle_place(index number) {
  index I = static_cast<index>((std::sqrt(8.0 * static_cast<double>(number) + 1) - 1) / 2);
  while (triangle_size(I) > number) --I;  // the root is rounded
  while (triangle_size(I + 1) <= number) ++I;
  return {I, number - triangle_size(I)};
}

}  // namespace pyntk
