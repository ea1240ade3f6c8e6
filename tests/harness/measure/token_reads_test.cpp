#include "harness/measure/token_reads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace plelab {
namespace token_reads_test {

const TokenReads& Find(const std::vector<TokenReads>& reads, const std::string& what) {
  for (const TokenReads& r : reads) {
    if (r.what == what) return r;
  }
  throw std::runtime_error("no " + what);
}

std::vector<TokenReads> ReadsOf(const std::string& shape) {
  return ReadsOfToken(ParseConfig(ShapeConfigJson(shape), shape));
}

TEST(TokenReads, APleRowIsOneReadOfAllLayers) {
  EXPECT_EQ(Find(ReadsOf("e2b"), "ple_row").bytes(), 30 * 256 * 2);
  EXPECT_EQ(Find(ReadsOf("e2b"), "ple_row").bytes(), 15'360);
  EXPECT_EQ(Find(ReadsOf("e4b"), "ple_row").bytes(), 35 * 256 * 2);
  EXPECT_EQ(Find(ReadsOf("e4b"), "ple_row").count(), 1);
}

TEST(TokenReads, DenseFfnIsThreeMatricesPerLayer) {
  const auto e2b = ReadsOf("e2b"), e4b = ReadsOf("e4b");
  EXPECT_EQ(Find(e2b, "ffn_dense").bytes(), int64_t{1'509'949'440} * 2);  // the MLP of model facts
  EXPECT_EQ(Find(e2b, "ffn_dense").count(), 90);
  EXPECT_EQ(Find(e4b, "ffn_dense").bytes(), int64_t{35} * 3 * 2048 * 16'384 * 2);
}

TEST(TokenReads, SparseLayersKeepTheGateAndTheUnitsThatStayOn) {
  const TokenReads sparse = Find(ReadsOf("e2b"), "ffn_sparse");
  const int64_t matrix = 2048 * 8192 * 2, unit = 2 * 2048 * 2, on = 410;  // 5 % of 8,192 is 409.6
  EXPECT_EQ(sparse.bytes(), 10 * (matrix + on * unit) + 20 * 3 * matrix);
  EXPECT_EQ(sparse.count(), 10 * (1 + on) + 20 * 3);
}

TEST(TokenReads, EveryWeightIsTheWorkingSetAndARow) {
  EXPECT_EQ(Find(ReadsOf("e2b"), "every_weight").bytes(), int64_t{2'421'916'768} * 2 + 15'360);
  EXPECT_EQ(Find(ReadsOf("e4b"), "every_weight").bytes(), int64_t{4'486'425'328} * 2 + 17'920);
}

}  // namespace token_reads_test
}  // namespace plelab
