// Eigenvalues of a symmetric tridiagonal matrix T and products with its eigenvectors, without the
// eigenvectors: the implicit QL iteration, its rotations applied to a few rows alone (G. Golub and
// J. Welsch, "Calculation of Gauss quadrature rules", Math. Comp. 23, 1969, carry one row; the
// iteration is A. Dubrulle, R. Martin, J. Wilkinson, "The implicit QL algorithm", Numer. Math. 12,
// 1968).
//
// A sweep with n - 1 rotations waits for one square root and one division after the other, about
// 15 ns a rotation, and an eigenvalue takes fewer than two sweeps over what is left: about n^2
// rotations, while the tridiagonalisation takes 4 n^3 / 3 operations.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "../core/kernels.hpp"

namespace pyntk {
namespace {

constexpr double unit_roundoff = 0x1p-53;
constexpr double smallest = std::numeric_limits<double>::min();
constexpr index sweeps_per_eigenvalue = 30;  // on average; two are usual

struct tridiagonal {
  std::vector<double> d, e;  // e[i] couples i and i + 1
  std::vector<double> rows;  // (n, k): row i belongs to d[i]
  index k;

  // Coupled entries: e_i is not negligible beside the geometric mean of its neighbours, so that
  // small eigenvalues of a graded matrix keep their digits.
  bool coupled(index i) const {
    return e[i] * e[i] >
           unit_roundoff * unit_roundoff * std::abs(d[i]) * std::abs(d[i + 1]) + smallest;
  }

  // The end of the coupled entries that begin at `begin`, and do not pass `last`.
  index end_of(index begin, index last) const {
    while (begin < last && coupled(begin)) ++begin;
    return begin;
  }

  // From the last entry to the first.
  void reverse(index first, index last) {
    std::reverse(d.begin() + first, d.begin() + last + 1);
    std::reverse(e.begin() + first, e.begin() + last);
    for (index i = first, j = last; i < j; ++i, --j)
      std::swap_ranges(rows.begin() + i * k, rows.begin() + (i + 1) * k, rows.begin() + j * k);
  }

  void rotate_rows(index i, double c, double s) {
    double* above = rows.data() + i * k;
    double* below = above + k;
    for (index j = 0; j < k; ++j) {
      const double moved = below[j];
      below[j] = s * above[j] + c * moved;
      above[j] = c * above[j] - s * moved;
    }
  }

  // One implicit QL sweep over the entries first ... last with Wilkinson's shift, the eigenvalue of
  // the leading 2 x 2 block that is nearer to d[first].
  void sweep(index first, index last) {
    const double half = (d[first + 1] - d[first]) / (2 * e[first]);
    const double shift = e[first] / (half + std::copysign(std::hypot(half, 1.0), half));
    double g = d[last] - d[first] + shift, c = 1, s = 1, p = 0;
    for (index i = last - 1; i >= first; --i) {
      const double f = s * e[i], b = c * e[i];
      // The rotation that maps (g, f) to (r, 0); squares that could underflow go to hypot.
      double r = std::sqrt(f * f + g * g);
      if (!(r > 0x1p-480)) r = std::hypot(f, g);
      if (r == 0) {
        c = 1, s = 0;
      } else {
        c = g / r, s = f / r;
      }
      if (i + 1 < last) e[i + 1] = r;
      const double moved = d[i + 1] - p;
      const double t = (d[i] - moved) * s + 2 * c * b;
      p = s * t;
      d[i + 1] = moved + p;
      g = c * t - b;
      rotate_rows(i, c, s);
    }
    d[first] -= p;
    e[first] = g;
  }

  // Diagonalises T; false where it does not converge.
  bool diagonalise() {
    const index n = static_cast<index>(d.size());
    index sweeps = 0;
    for (index begin = 0, end; begin < n; begin = end + 1) {
      end = end_of(begin, n - 1);
      // QL finds the eigenvalues from the first on: the smallest entries belong there.
      if (std::abs(d[end]) < std::abs(d[begin])) reverse(begin, end);
      for (index first = begin; first <= end;) {
        const index last = end_of(first, end);
        if (last == first) {
          ++first;
        } else if (++sweeps > sweeps_per_eigenvalue * n) {
          return false;
        } else {
          sweep(first, last);
        }
      }
    }
    return true;
  }
};

}  // namespace

void tridiagonal_spectrum(vector_view<const double> d, vector_view<const double> e,
                          matrix_view<const double> Y, vector_view<double> w,
                          matrix_view<double> Z) {
  const index n = d.size, k = Y.rows;
  double largest = 0;
  for (index i = 0; i < n; ++i) largest = std::max(largest, std::abs(d[i]));
  for (index i = 0; i + 1 < n; ++i) largest = std::max(largest, std::abs(e[i]));
  int exponent = 0;
  std::frexp(largest, &exponent);  // exact: no square overflows, and none that counts underflows
  tridiagonal T{std::vector<double>(n), std::vector<double>(n), std::vector<double>(n * k), k};
  for (index i = 0; i < n; ++i) T.d[i] = std::ldexp(d[i], -exponent);
  for (index i = 0; i + 1 < n; ++i) T.e[i] = std::ldexp(e[i], -exponent);
  for (index j = 0; j < k; ++j)
    for (index i = 0; i < n; ++i) T.rows[i * k + j] = Y(j, i);
  if (!T.diagonalise()) {
    std::fill_n(w.data, n, std::numeric_limits<double>::quiet_NaN());
    std::fill_n(Z.data, k * n, std::numeric_limits<double>::quiet_NaN());
    return;
  }
  std::vector<index> order(n);
  std::iota(order.begin(), order.end(), index{0});
  std::stable_sort(order.begin(), order.end(), [&](index i, index j) { return T.d[i] < T.d[j]; });
  for (index i = 0; i < n; ++i) {
    w[i] = std::ldexp(T.d[order[i]], exponent);
    for (index j = 0; j < k; ++j) Z(j, i) = T.rows[order[i] * k + j];
  }
}

}  // namespace pyntk
