// Eigenvectors of a small symmetric matrix.
#pragma once

#include <cstdint>
#include <vector>

namespace plelab {

struct SymmetricEigen {
  std::vector<double> values;   // [n], the largest first
  std::vector<double> vectors;  // [n, n]: row k belongs to values[k], length 1
};

// Cyclic Jacobi rotations: slow for large n, exact to rounding for any.  matrix [n, n], symmetric.
SymmetricEigen EigenOfSymmetric(std::vector<double> matrix, int64_t n);

}  // namespace plelab
