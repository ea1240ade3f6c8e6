#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "model/base/format.h"
#include "tests/support/ple_table.h"
#include "tests/support/value_table.h"

namespace plelab {
namespace low_rank_rows_test {

// An element of Sylvester's Hadamard matrix, +1 or −1, whose rows and columns are orthogonal.
float Hadamard(uint64_t i, uint64_t j) { return __builtin_parityll(i & j) ? -1.0f : 1.0f; }

constexpr PleGeometry kGeometry{.vocab = 16, .layers = 2, .dim = 4, .dtype = DType::kFloat32};
constexpr float kSingular[2][4] = {{8, 4, 2, 1}, {16, 8, 0.5, 0.25}};

// A table whose singular values are known: U [16, 4] and V [4, 4] consist of Hadamard columns, so that every
// number is exact.
ValueTable KnownTable() {
  std::vector<float> values;
  for (uint64_t row = 0; row < 16; ++row) {
    for (int layer = 0; layer < 2; ++layer) {
      for (uint64_t d = 0; d < 4; ++d) {
        float sum = 0;
        for (uint64_t k = 0; k < 4; ++k)
          sum += Hadamard(row, k) / 4 * kSingular[layer][k] * Hadamard(k, d) / 2;
        values.push_back(sum);
      }
    }
  }
  return {kGeometry, values};
}

double SquaredError(const ValueTable& table, PleSource& source, int64_t layer) {
  double error = 0;
  for (int64_t id = 0; id < table.geometry().vocab; ++id) {
    const auto row = table.Row(id, layer), kept = table.RowOf(source, id, layer);
    for (size_t d = 0; d < row.size(); ++d) error += std::pow(row[d] - kept[d], 2);
  }
  return error;
}

TEST(LowRankRows, LoseTheSquaresOfTheSingularValuesLeftOut) {
  const ValueTable table = KnownTable();
  for (int64_t rank = 1; rank <= 4; ++rank) {
    const auto source = table.Make(Format("resident,transform=low_rank,rank={}", rank));
    for (int layer = 0; layer < 2; ++layer) {
      double lost = 0;
      for (int64_t k = rank; k < 4; ++k) lost += std::pow(kSingular[layer][k], 2);
      EXPECT_NEAR(SquaredError(table, *source, layer), lost, 1e-5) << "rank " << rank;
    }
  }
}

TEST(LowRankRows, AtFullRankAreTheTableUpToRounding) {
  for (const DType dtype : {DType::kFloat32, DType::kBFloat16}) {
    const ValueTable table({.vocab = 90, .layers = 3, .dim = 12, .dtype = dtype});
    const auto source = table.Make("disk,transform=low_rank,rank=12");
    for (int64_t id = 0; id < 90; ++id) {
      const auto row = table.Row(id, 2), kept = table.RowOf(*source, id, 2);
      for (size_t d = 0; d < row.size(); ++d) EXPECT_NEAR(kept[d], row[d], 1e-6);
    }
  }
}

TEST(LowRankRows, MoreDirectionsThanARowIsWideIsTheUsersMistake) {
  const ValueTable table = KnownTable();
  EXPECT_THROW(table.Make("resident,transform=low_rank,rank=5"), UserError);
}

TEST(LowRankRows, TakeTheBytesOfTwoThinMatrices) {
  EXPECT_EQ(FootprintOf(ParsePleSpec("resident,transform=low_rank,rank=3"), TableOf(kGeometry)).table_bytes,
            2 * 3 * (16 + 4) * 4);
}

TEST(LowRankRows, EqualAndZeroSingularValuesAreFine) {
  constexpr PleGeometry kSquare{.vocab = 4, .layers = 2, .dim = 4, .dtype = DType::kFloat32};
  std::vector<float> values(4 * 2 * 4);  // layer 0 is three times the identity, layer 1 is zero
  for (int64_t i = 0; i < 4; ++i) values[i * 2 * 4 + i] = 3;
  const ValueTable table(kSquare, values);
  for (int64_t rank = 1; rank <= 4; ++rank) {
    const auto source = table.Make(Format("resident,transform=low_rank,rank={}", rank));
    EXPECT_NEAR(SquaredError(table, *source, 0), static_cast<double>(4 - rank) * 9, 1e-5) << "rank " << rank;
    EXPECT_EQ(SquaredError(table, *source, 1), 0) << "rank " << rank;
  }
}

TEST(LowRankRows, ATableThatIsNotFiniteIsAnError) {
  std::vector<float> values(16 * 2 * 4);
  values[5] = std::numeric_limits<float>::quiet_NaN();
  const ValueTable table(kGeometry, values);
  EXPECT_THROW(table.Make("resident,transform=low_rank,rank=2"), RunError);
}

}  // namespace low_rank_rows_test
}  // namespace plelab
