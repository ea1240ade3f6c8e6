#include "model/ple/transforms/random_rows.h"

#include <cmath>
#include <vector>

#include "model/base/random_bits.h"

namespace plelab {
namespace {

// The sum of the eight bytes of `bits`, less its mean: an integer, nearly normally distributed, the same on
// every machine.
double NearlyNormal(uint64_t bits) {
  int64_t sum = 0;
  for (; bits != 0; bits >>= 8) sum += static_cast<int64_t>(bits & 0xff);
  return static_cast<double>(sum - 8 * 255 / 2);
}

double Norm(std::span<const double> x) {
  double squares = 0;
  for (double value : x) squares += value * value;
  return std::sqrt(squares);
}

}  // namespace

void RandomRows::Apply(int64_t layer, std::span<const int64_t> rows, std::span<float> values) const {
  std::vector<double> direction(dim_);
  for (size_t i = 0; i < rows.size(); ++i) {
    const std::span<float> row = values.subspan(i * dim_, dim_);
    const double norm = Norm(std::vector<double>(row.begin(), row.end()));
    uint64_t key =
        MixBits(MixBits(MixBits(seed_) ^ static_cast<uint64_t>(rows[i])) ^ static_cast<uint64_t>(layer));
    for (double& value : direction) value = NearlyNormal(key = MixBits(key));
    const double length = Norm(direction);
    const double scale = length > 0 ? norm / length : 0;
    for (int64_t d = 0; d < dim_; ++d) row[d] = static_cast<float>(direction[d] * scale);
  }
}

}  // namespace plelab
