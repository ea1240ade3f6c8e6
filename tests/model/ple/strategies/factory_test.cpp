#include "model/ple/strategies/factory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <utility>

#include "model/ple/strategies/strategy_table.h"
#include "tests/support/fake_file.h"
#include "tests/support/ple_table.h"

namespace plelab {
namespace factory_test {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr PleGeometry kGeometry{.vocab = 20, .layers = 3, .dim = 8, .dtype = DType::kFloat32};

class Factory : public ::testing::Test {
 protected:
  std::unique_ptr<PleSource> Make(std::string_view spec) {
    PleTable table = bytes_.At("fake");
    table.folded = std::make_shared<PleTable>(bytes_.At("fake"));
    return Make(spec, table);
  }
  std::unique_ptr<PleSource> Make(std::string_view spec, const PleTable& table) {
    return MakePleSource(ParsePleSpec(spec), table, {.warm_ids = {}, .open = FakeDisk::Opener(disk_)});
  }

  const TableBytes bytes_{kGeometry, 100};
  const std::shared_ptr<FakeDisk> disk_ = std::make_shared<FakeDisk>(bytes_.file);
};

// Contains every strategy at least once.
constexpr const char* kSpecs[] = {
    "resident",  //
    "cached",      "cached,over=resident,capacity=2KiB",
    "disk",        "disk,prefetch=false",
    "dropped",  //
    "folded",      "folded,over=resident",
    "speculative", "speculative,over=resident",
};

TEST(FactorySpecs, AreOfEveryStrategy) {
  std::set<PleStrategy> tested;
  for (const char* spec : kSpecs) tested.insert(ParsePleSpec(spec).strategy);
  for (const StrategyRow& row : Strategies()) EXPECT_TRUE(tested.contains(row.strategy)) << row.name;
}

TEST_F(Factory, EverySourceIsAsItsFootprintSays) {
  for (const char* spec : kSpecs) {
    const auto source = Make(spec);
    EXPECT_EQ(source->fast_bytes(), FootprintOf(ParsePleSpec(spec), TableOf(kGeometry)).fast_bytes) << spec;
    EXPECT_EQ(source->geometry().vocab, kGeometry.vocab) << spec;
    EXPECT_EQ(source->threads(), FootprintOf(ParsePleSpec(spec), TableOf(kGeometry)).helper_threads) << spec;
  }
  const auto helpers = [](const char* spec) {
    return FootprintOf(ParsePleSpec(spec), TableOf(kGeometry)).helper_threads;
  };
  EXPECT_EQ(helpers("resident"), 0);
  EXPECT_EQ(helpers("disk"), 1);
  EXPECT_EQ(helpers("disk,prefetch=false"), 0);
  EXPECT_EQ(helpers("cached"), 1) << "that of the disk below it";
  EXPECT_EQ(helpers("folded"), 1) << "rows of soft tokens are read without a thread";
  EXPECT_EQ(FootprintOf(ParsePleSpec("resident"), TableOf(kGeometry)).file_bytes, 0);
  EXPECT_EQ(FootprintOf(ParsePleSpec("disk"), TableOf(kGeometry)).file_bytes, kGeometry.table_bytes());
  EXPECT_EQ(FootprintOf(ParsePleSpec("cached"), TableOf(kGeometry)).file_bytes, kGeometry.table_bytes());
  EXPECT_EQ(FootprintOf(ParsePleSpec("cached,over=resident"), TableOf(kGeometry)).file_bytes, 0);
  EXPECT_EQ(FootprintOf(ParsePleSpec("dropped"), TableOf(kGeometry)).file_bytes, 0);
  for (const char* spec : {"resident", "disk", "cached,over=cached"}) {
    EXPECT_EQ(FootprintOf(ParsePleSpec(spec), TableOf(kGeometry)).table_bytes, kGeometry.table_bytes())
        << spec;
  }
  EXPECT_EQ(FootprintOf(ParsePleSpec("dropped"), TableOf(kGeometry)).table_bytes, 0);
}

TEST_F(Factory, OnlyACacheKeepsState) {
  EXPECT_FALSE(Make("resident")->keeps_state());
  EXPECT_FALSE(Make("disk")->keeps_state());
  EXPECT_FALSE(Make("dropped")->keeps_state());
  EXPECT_TRUE(Make("cached")->keeps_state());
}

TEST_F(Factory, ATableBeyondTheEndOfItsFileIsTheUsersMistake) {
  disk_->Truncate(disk_->size_bytes() - 1);
  for (const char* spec : {"resident", "disk", "cached"}) {
    try {
      Make(spec);
      FAIL() << spec;
    } catch (const UserError& error) {
      EXPECT_THAT(error.what(),
                  AllOf(HasSubstr("fake"), HasSubstr("100 to 2020"), HasSubstr("the file has 2019")));
    }
  }
}

TEST_F(Factory, AnImpossibleShapeIsTheUsersMistake) {
  PleTable table = bytes_.At("fake");
  table.geometry.vocab = 0;
  EXPECT_THROW(Make("disk", table), UserError);
  table = bytes_.At("fake");
  table.offset_bytes = -8;
  EXPECT_THROW(Make("disk", table), UserError);
  table = bytes_.At("fake");
  table.geometry.vocab = table.geometry.dim = int64_t{1} << 31;
  EXPECT_THROW(Make("resident", table), UserError);
  table.geometry.vocab = table.geometry.dim = table.geometry.layers = (int64_t{1} << 31) - 1;
  EXPECT_THROW(Make("resident", table), UserError);
}

TEST_F(Factory, AFailureWhileLoadingIsARunError) {
  disk_->FailRead(1);
  EXPECT_THROW(Make("resident"), RunError);
}

TEST_F(Factory, ALargeTableIsLoadedWholeByItsThreadsAndFailsOnce) {
  // A table of 58 MiB.
  const TableBytes large({.vocab = 3000, .layers = 10, .dim = 1024, .dtype = DType::kBFloat16}, 13);
  const auto disk = std::make_shared<FakeDisk>(large.file);
  const auto make = [&] {
    return MakePleSource(ParsePleSpec("resident"), large.At("fake"),
                         {.warm_ids = {}, .open = FakeDisk::Opener(disk)});
  };
  const std::vector<int64_t> ids = {0, 819, 820, 1638, 1639, 2457, 2458, 2999};
  EXPECT_EQ(AllLayers(*make()->Begin(ids), 10), AllLayersExpected(large, ids));
  EXPECT_EQ(disk->counters().bytes_asked, large.geometry.table_bytes());
  disk->FailRead(3);
  EXPECT_THROW(make(), ReadError);
}

TEST_F(Factory, ResidentReadsNothingOnceLoaded) {
  const auto source = Make("resident");
  const int64_t reads = disk_->reads_started();
  disk_->Truncate(0);
  const std::vector<int64_t> ids = {1, 2, 1, -4};
  EXPECT_EQ(AllLayers(*source->Begin(ids), kGeometry.layers), AllLayersExpected(bytes_, ids));
  EXPECT_EQ(disk_->reads_started(), reads);
  EXPECT_EQ(source->stats().hits, 4);
  EXPECT_EQ(source->stats().read_calls, 0);
}

TEST_F(Factory, DroppedNeedsNoFileAndSaysWhatItsRowsMean) {
  const PleTable nowhere{"/nonexistent", 0, kGeometry};
  const std::vector<int64_t> ids = {1, 2, 400};
  const auto kind_and_bytes = [&](std::string_view spec) {
    const auto source = MakePleSource(ParsePleSpec(spec), nowhere);
    const auto request = source->Begin(ids);
    EXPECT_THROW(request->Layer(3), RunError);
    const auto rows = request->Layer(2);
    EXPECT_TRUE(std::all_of(rows.begin(), rows.end(), [](std::byte b) { return b == std::byte{0}; }));
    EXPECT_EQ(source->stats().lookups, 3);
    EXPECT_EQ(source->stats().hits + source->stats().misses, 3);
    return std::pair(request->kind(), std::ssize(rows));
  };
  EXPECT_EQ(kind_and_bytes("dropped"), std::pair(PleKind::kRows, ptrdiff_t{3 * 8 * 4}));
  EXPECT_EQ(kind_and_bytes("dropped,mode=projection_only"),
            std::pair(PleKind::kProjectionOnly, ptrdiff_t{0}));
  EXPECT_EQ(kind_and_bytes("dropped,mode=block_off"), std::pair(PleKind::kBlockOff, ptrdiff_t{0}));
}

TEST_F(Factory, EverySourceTimesItsCaller) {
  for (const char* spec : kSpecs) {
    const auto source = Make(spec);
    EXPECT_EQ(source->stats().wait_ns, 0) << spec;
    const std::vector<int64_t> ids = {1, 2, 3};
    const auto request = source->Begin(ids);
    const int64_t after_begin = source->stats().wait_ns;
    EXPECT_GT(after_begin, 0) << spec;
    request->Layer(0);
    EXPECT_GT(source->stats().wait_ns, after_begin) << spec;
  }
}

}  // namespace factory_test
}  // namespace plelab
