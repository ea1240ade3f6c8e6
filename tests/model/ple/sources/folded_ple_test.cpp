#include "model/ple/sources/folded_ple.h"

#include <gtest/gtest.h>

#include "tests/support/fake_file.h"
#include "tests/support/ple_table.h"

namespace plelab {
namespace folded_ple_test {

constexpr PleGeometry kRows{.vocab = 40, .layers = 3, .dim = 8, .dtype = DType::kBFloat16};
constexpr int64_t kText = 30;  // ids from this one on are soft tokens of images and audio

class Folded : public ::testing::Test {
 protected:
  static PleGeometry OfFolded() {
    PleGeometry geometry = FoldedGeometry(kRows);
    geometry.vocab = kText;
    return geometry;
  }
  std::unique_ptr<PleSource> Make(const std::string& spec) {
    PleTable table = rows_.At("rows");
    table.folded = std::make_shared<const PleTable>(folded_.At("folded"));
    return MakePleSource(ParsePleSpec(spec), table,
                         {.warm_ids = {}, .open = [this](const std::string& path, const IoOptions& options) {
                            const auto& disk = path == "folded" ? folded_disk_ : rows_disk_;
                            return FakeDisk::Opener(disk)(path, options);
                          }});
  }

  const TableBytes rows_{kRows, 100, 1}, folded_{OfFolded(), 64, 2};
  const std::shared_ptr<FakeDisk> rows_disk_ = std::make_shared<FakeDisk>(rows_.file);
  const std::shared_ptr<FakeDisk> folded_disk_ = std::make_shared<FakeDisk>(folded_.file);
};

constexpr const char* kSpecs[] = {"folded", "folded,over=resident", "folded,over=cached,over.capacity=1KiB",
                                  "folded,over.backend=mmap,over.prefetch=false"};

TEST_F(Folded, TextGetsItsFinishedInputs) {
  const std::vector<int64_t> ids = {7, 29, 0, 7};
  for (const char* spec : kSpecs) {
    const auto source = Make(spec);
    const auto request = source->Begin(ids);
    EXPECT_EQ(request->kind(), PleKind::kFolded) << spec;
    EXPECT_EQ(AllLayers(*request, kRows.layers), AllLayersExpected(folded_, ids)) << spec;
  }
}

TEST_F(Folded, ARequestWithASoftTokenFallsBackToRowsWhole) {
  for (const int64_t soft : {int64_t{30}, int64_t{39}, int64_t{40}, int64_t{-1}}) {
    const std::vector<int64_t> ids = {7, soft, 2};
    for (const char* spec : kSpecs) {
      const auto source = Make(spec);
      const auto request = source->Begin(ids);
      EXPECT_EQ(request->kind(), PleKind::kRows) << spec;
      EXPECT_EQ(AllLayers(*request, kRows.layers), AllLayersExpected(rows_, ids)) << spec;
    }
  }
}

TEST_F(Folded, CountsWhatBothTablesWereAsked) {
  const auto source = Make("folded,over=resident");
  source->Begin(std::vector<int64_t>{1, 2, 3})->Layer(0);
  EXPECT_EQ(source->stats().hits, 3);
  source->Begin(std::vector<int64_t>{1, 35})->Layer(0);
  EXPECT_EQ(source->stats().lookups, 5);
  EXPECT_EQ(source->stats().misses, 2);
  EXPECT_GT(source->stats().read_calls, 0);
}

TEST_F(Folded, ReadsAFloatRowOfAFinishedInputAndARowOfTheTableElse) {
  for (const char* spec : kSpecs) {
    const auto source = Make(spec);
    source->Begin(std::vector<int64_t>{1, 2, 3})->Layer(0);
    EXPECT_EQ(source->stats().row_bytes, 3 * OfFolded().row_bytes()) << spec;
    source->Begin(std::vector<int64_t>{1, 35})->Layer(0);
    EXPECT_EQ(source->stats().row_bytes, 3 * OfFolded().row_bytes() + 2 * kRows.row_bytes()) << spec;
  }
}

TEST_F(Folded, HoldsWhatTheSourceOfItsFinishedInputsHolds) {
  EXPECT_EQ(Make("folded")->held_bytes(), 0);
  EXPECT_EQ(Make("folded,over=resident")->held_bytes(), OfFolded().table_bytes());
  const auto cached = Make("folded,over=cached,over.capacity=1KiB");
  EXPECT_EQ(cached->held_bytes(), 0);
  cached->Begin(std::vector<int64_t>{1, 2, 1})->Layer(0);
  EXPECT_EQ(cached->held_bytes(), 2 * OfFolded().row_bytes());
}

TEST_F(Folded, IsAsItsFootprintSaysAndKeepsStateWhereACacheDoes) {
  for (const char* spec : {"folded", "folded,over=cached"}) {
    EXPECT_EQ(FootprintOf(ParsePleSpec(spec), TableOf(OfFolded())).fast_bytes, Make(spec)->fast_bytes())
        << spec;
  }
  const PleFootprint footprint = FootprintOf(ParsePleSpec("folded"), TableOf(kRows));
  EXPECT_EQ(footprint.file_bytes, 2 * kRows.table_bytes()) << "float32 for bfloat16";
  EXPECT_EQ(footprint.table_bytes, 2 * kRows.table_bytes());
  EXPECT_FALSE(Make("folded")->keeps_state());
  EXPECT_TRUE(Make("folded,over=cached")->keeps_state());
}

}  // namespace folded_ple_test
}  // namespace plelab
