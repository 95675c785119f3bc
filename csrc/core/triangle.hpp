// The tiles of a lower triangle, counted row by row: (0,0), (1,0), (1,1), (2,0), ...
#pragma once

#include "view.hpp"

namespace pyntk {

struct tile_place {
  index I, J;
};

PYNTK_HD inline index triangle_size(index blocks) { return blocks * (blocks + 1) / 2; }

PYNTK_HD inline tile_place triangle_place(index number) {
  index I = 0;
  for (; number > I; ++I) number -= I + 1;
  return {I, number};
}

}  // namespace pyntk
