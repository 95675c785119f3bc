// The only file that knows where LAPACK is: nowhere at link time. The module hands over function
// pointers (from SciPy's wheel) before the first call, so no BLAS is linked and no third one
// loaded.
#pragma once

#include <stdexcept>

namespace pyntk::lapack {

// LAPACK's ?syevd with 32-bit integers.
template <class T>
using syevd_function = void (*)(char* jobz, char* uplo, int* n, T* A, int* lda, T* w, T* work,
                                int* lwork, int* iwork, int* liwork, int* info);

template <class T>
inline syevd_function<T> syevd = nullptr;

// The iteration of an eigensolver did not converge.
struct no_convergence : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace pyntk::lapack
