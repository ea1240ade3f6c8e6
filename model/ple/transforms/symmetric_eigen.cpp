#include "model/ple/transforms/symmetric_eigen.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace plelab {
namespace {

constexpr int kMostSweeps = 60;      // ten are enough for any matrix that is not made to fool us
constexpr double kRelative = 1e-15;  // of the diagonal: what is left beside it is rounding

// Turns rows a and b of `m` [n, n] in their plane.
void TurnRows(std::vector<double>& m, int64_t n, int64_t a, int64_t b, double c, double s) {
  double* x = m.data() + a * n;
  double* y = m.data() + b * n;
  for (int64_t k = 0; k < n; ++k) {
    const double u = x[k], v = y[k];
    x[k] = c * u - s * v;
    y[k] = s * u + c * v;
  }
}

void TurnColumns(std::vector<double>& m, int64_t n, int64_t a, int64_t b, double c, double s) {
  for (int64_t k = 0; k < n; ++k) {
    const double u = m[k * n + a], v = m[k * n + b];
    m[k * n + a] = c * u - s * v;
    m[k * n + b] = s * u + c * v;
  }
}

// The rotation that makes m[a][b] zero, applied to the matrix and to the vectors found so far.
bool Annihilate(std::vector<double>& m, std::vector<double>& vectors, int64_t n, int64_t a, int64_t b) {
  const double off = m[a * n + b], p = m[a * n + a], q = m[b * n + b];
  if (std::abs(off) <= kRelative * std::sqrt(std::abs(p * q)) || off == 0) return false;
  const double theta = (q - p) / (2 * off);
  const double t = (theta >= 0 ? 1 : -1) / (std::abs(theta) + std::hypot(1.0, theta));
  const double c = 1 / std::hypot(1.0, t), s = t * c;
  TurnColumns(m, n, a, b, c, s);
  TurnRows(m, n, a, b, c, s);
  TurnRows(vectors, n, a, b, c, s);
  return true;
}

}  // namespace

SymmetricEigen EigenOfSymmetric(std::vector<double> matrix, int64_t n) {
  std::vector<double> vectors(n * n);
  for (int64_t i = 0; i < n; ++i) vectors[i * n + i] = 1;
  bool turned = true;
  for (int sweep = 0; turned && sweep < kMostSweeps; ++sweep) {
    turned = false;
    for (int64_t a = 0; a < n; ++a) {
      for (int64_t b = a + 1; b < n; ++b) turned = Annihilate(matrix, vectors, n, a, b) || turned;
    }
  }
  std::vector<int64_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return matrix[a * n + a] > matrix[b * n + b]; });
  SymmetricEigen eigen{{}, std::vector<double>(n * n)};
  for (int64_t k = 0; k < n; ++k) {
    eigen.values.push_back(matrix[order[k] * n + order[k]]);
    std::copy_n(vectors.data() + order[k] * n, n, eigen.vectors.data() + k * n);
  }
  return eigen;
}

}  // namespace plelab
