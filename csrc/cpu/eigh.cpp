// All eigenpairs by LAPACK's divide and conquer (?syevd).
#include <algorithm>
#include <climits>
#include <stdexcept>
#include <string>

#include "../core/buffer.hpp"
#include "../core/kernels.hpp"
#include "lapack.hpp"

namespace pyntk {

template <class T>
void eigh(matrix_view<const T> A, vector_view<T> w, matrix_view<T> V) {
  const index n = A.rows;
  if (n == 0) return;
  // The documented workspace, in 64 bits: LAPACK's own query overflows silently from n = 32,767.
  const index work_size = 1 + 6 * n + 2 * n * n, iwork_size = 3 + 5 * n;
  if (work_size > INT_MAX) {
    throw std::length_error(
        "n = " + std::to_string(n) +
        ": the workspace of LAPACK's syevd overflows 32-bit integers from n = 32,767");
  }
  if (!lapack::syevd<T>) throw std::runtime_error("no LAPACK was handed over to eigh");
  std::copy(A.data, A.data + n * n, V.data);
  buffer<T> work = make_buffer<T>(work_size);
  buffer<int> iwork = make_buffer<int>(iwork_size);
  // LAPACK is column-major: its upper triangle is our lower one, its columns are our rows.
  char jobz = 'V', uplo = 'U';
  int order = static_cast<int>(n), lwork = static_cast<int>(work_size);
  int liwork = static_cast<int>(iwork_size), info = 0;
  lapack::syevd<T>(&jobz, &uplo, &order, V.data, &order, w.data, work.get(), &lwork, iwork.get(),
                   &liwork, &info);
  if (info != 0)
    throw lapack::no_convergence("LAPACK's syevd did not converge: info = " + std::to_string(info));
}

template void eigh(matrix_view<const float>, vector_view<float>, matrix_view<float>);
template void eigh(matrix_view<const double>, vector_view<double>, matrix_view<double>);

}  // namespace pyntk
