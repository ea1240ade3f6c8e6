// The trace that ships with the project.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "model/base/sha256.h"
#include "model/ple/replay/token_ids.h"

namespace plelab {
namespace shipped_trace_test {

constexpr int64_t kGemmaPieces = 262'144;

TEST(ShippedTrace, IsOfTheShippedText) {
  const std::string path = PLELAB_SOURCE_DIR "/configs/traces/northanger_abbey_gemma.json";
  EXPECT_GE(ReadTokenIds(path, kGemmaPieces).size(), 20'000u);
  std::ifstream file(path);
  const auto trace = nlohmann::json::parse(file);
  EXPECT_EQ(trace["sha256"], Sha256OfFile(PLELAB_SOURCE_DIR "/" + trace["source"].get<std::string>()));
}

}  // namespace shipped_trace_test
}  // namespace plelab
