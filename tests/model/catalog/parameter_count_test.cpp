#include "model/catalog/parameter_count.h"

#include <gtest/gtest.h>

namespace plelab {
namespace parameter_count_test {

using Sums = std::vector<std::pair<std::string, int64_t>>;

ParameterCount Published(const std::string& shape) {
  return CountPublished(ParseConfig(ShapeConfigJson(shape), shape), DType::kBFloat16);
}

TEST(ParameterCount, E2BIsCountedExactly) {
  const ParameterCount count = Published("e2b");
  EXPECT_EQ(NamedSums(count.parameters), (Sums{{"total", 5'439'438'272},
                                               {"effective", 1'905'495'648},
                                               {"working_set", 2'421'916'768},
                                               {"ple_table", 2'013'265'920},
                                               {"token_embedding", 537'395'200},
                                               {"text_stack", 1'884'521'568},
                                               {"unused_kv", 20'974'080},
                                               {"vision", 294'126'912 + 4'460'544},
                                               {"audio", 681'348'640 + 3'345'408}}));
  EXPECT_EQ(count.bytes.total(), 2 * 5'439'438'272);
}

TEST(ParameterCount, E4BIsCountedExactly) {
  const ParameterCount count = Published("e4b");
  EXPECT_EQ(NamedSums(count.parameters), (Sums{{"total", 7'849'978'192},
                                               {"effective", 3'980'491'248},
                                               {"working_set", 4'486'425'328},
                                               {"ple_table", 2'348'810'240},
                                               {"token_embedding", 537'395'200},
                                               {"text_stack", 3'949'030'128},
                                               {"unused_kv", 31'461'120},
                                               {"vision", 294'126'912 + 4'460'544},
                                               {"audio", 681'348'640 + 3'345'408}}));
}

TEST(ParameterCount, SmallIsSmall) { EXPECT_LE(Published("small").parameters.total(), 12'000'000); }

TEST(ParameterCount, ACheckpointCountsWhatIsThereInItsOwnTypes) {
  const Checkpoint checkpoint =
      Checkpoint::Open("tests/data/text/odd");  // saved without unused k/v, in float32
  const ParameterCount there = CountCheckpoint(checkpoint);
  const ParameterCount published = CountPublished(checkpoint.config(), DType::kFloat32);
  EXPECT_EQ(there.parameters[ParameterGroup::kUnusedKv], 0);
  EXPECT_GT(published.parameters[ParameterGroup::kUnusedKv], 0);
  EXPECT_EQ(there.parameters.total(),
            published.parameters.total() - published.parameters[ParameterGroup::kUnusedKv]);
  EXPECT_EQ(there.bytes.total(), 4 * there.parameters.total());
}

}  // namespace parameter_count_test
}  // namespace plelab
