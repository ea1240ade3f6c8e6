#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "model/base/format.h"
#include "tests/support/ple_table.h"
#include "tests/support/value_table.h"

namespace plelab {
namespace codebook_rows_test {

constexpr PleGeometry kGeometry{.vocab = 120, .layers = 2, .dim = 4, .dtype = DType::kFloat32};

double SquaredDistance(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (size_t d = 0; d < a.size(); ++d) sum += std::pow(a[d] - b[d], 2);
  return sum;
}

// The distinct rows that the tokens read in a layer.
std::set<std::vector<float>> BookOf(const ValueTable& table, PleSource& source, int64_t layer) {
  std::set<std::vector<float>> book;
  for (int64_t id = 0; id < table.geometry().vocab; ++id) book.insert(table.RowOf(source, id, layer));
  return book;
}

TEST(CodebookRows, EveryTokenTakesTheNearestEntry) {
  const ValueTable table(kGeometry);
  const auto source = table.Make("resident,transform=codebook,entries=8");
  for (int64_t layer = 0; layer < 2; ++layer) {
    const auto book = BookOf(table, *source, layer);
    EXPECT_LE(book.size(), 8u);
    EXPECT_GT(book.size(), 4u);
    for (int64_t id = 0; id < kGeometry.vocab; ++id) {
      const double own = SquaredDistance(table.Row(id, layer), table.RowOf(*source, id, layer));
      for (const auto& entry : book) EXPECT_LE(own, SquaredDistance(table.Row(id, layer), entry) + 1e-5);
    }
  }
}

TEST(CodebookRows, FindClustersThatStandApart) {
  // Tokens lie around three distant points.  The codebook must hold their means; what remains is the distance
  // within a cluster.
  const PleGeometry geometry{.vocab = 90, .layers = 1, .dim = 2, .dtype = DType::kFloat32};
  std::vector<float> values;
  for (int i = 0; i < 90; ++i) {
    const float jitter = i / 3 % 2 == 0 ? 0.25f : -0.25f;
    values.push_back((i % 3 == 1 ? 100.0f : 0.0f) + jitter);
    values.push_back(i % 3 == 2 ? 100.0f : 0.0f);
  }
  const ValueTable table(geometry, values);
  int found = 0;
  for (int seed = 0; seed < 8; ++seed) {  // k-means may start badly; most starts find the three means
    const auto source = table.Make(Format("resident,transform=codebook,entries=3,seed={}", seed));
    found += BookOf(table, *source, 0) == std::set<std::vector<float>>{{0, 0}, {100, 0}, {0, 100}};
  }
  EXPECT_GE(found, 2);
}

TEST(CodebookRows, AsManyEntriesAsRowsIsTheTable) {
  const ValueTable table(kGeometry);
  const auto source = table.Make("disk,transform=codebook,entries=120");
  for (int64_t id = 0; id < 120; ++id)
    EXPECT_LT(SquaredDistance(table.Row(id, 1), table.RowOf(*source, id, 1)), 1e-9);
}

TEST(CodebookRows, MoreEntriesThanRowsIsTheUsersMistake) {
  EXPECT_THROW(ValueTable(kGeometry).Make("resident,transform=codebook,entries=121"), UserError);
}

TEST(CodebookRows, TakeTheBytesOfIndicesAndBooks) {
  const auto bytes = [](const char* spec) {
    return FootprintOf(ParsePleSpec(spec), TableOf(kGeometry)).table_bytes;
  };
  EXPECT_EQ(bytes("resident,transform=codebook,entries=8"), 2 * (120 * 3 / 8 + 8 * 4 * 4));
  EXPECT_EQ(bytes("resident,transform=codebook,entries=9"), 2 * (120 * 4 / 8 + 9 * 4 * 4));
}

}  // namespace codebook_rows_test
}  // namespace plelab
