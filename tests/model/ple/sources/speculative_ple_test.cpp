#include "model/ple/sources/speculative_ple.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_file.h"
#include "tests/support/ple_table.h"

namespace plelab {
namespace speculative_ple_test {

using ::testing::HasSubstr;

constexpr PleGeometry kGeometry{.vocab = 50, .layers = 3, .dim = 8, .dtype = DType::kFloat32};
const int64_t kRowBytes = kGeometry.row_bytes();
// Reads happen in the call that begins or needs them, so that a test can count them.
constexpr char kWaiting[] = "speculative,candidates=3,over.prefetch=false";

class Speculative : public ::testing::Test {
 protected:
  std::unique_ptr<PleSource> Make(std::string_view spec) {
    return MakePleSource(ParsePleSpec(spec), bytes_.At("fake"),
                         {.warm_ids = {}, .open = FakeDisk::Opener(disk_)});
  }
  // Requests the ids, checks every byte, and returns what the request added to the counts.
  PleStats Ask(PleSource& source, const std::vector<int64_t>& ids) {
    const PleStats before = source.stats();
    const auto request = source.Begin(ids);
    EXPECT_EQ(AllLayers(*request, kGeometry.layers), AllLayersExpected(bytes_, ids));
    return source.stats() - before;
  }
  static void Expect(PleSource& source, const std::vector<int64_t>& ids) { source.Expect(ids); }

  const TableBytes bytes_{kGeometry};
  const std::shared_ptr<FakeDisk> disk_ = std::make_shared<FakeDisk>(bytes_.file);
};

TEST_F(Speculative, AnExpectedIdIsAHitAndIsReadOnce) {
  const auto source = Make(kWaiting);
  EXPECT_EQ(source->candidates(), 3);
  Expect(*source, {7, 8, 9});
  const PleStats hit = Ask(*source, {8});
  EXPECT_EQ(hit.hits, 1);
  EXPECT_EQ(hit.row_bytes, kRowBytes);
  EXPECT_EQ(source->stats().bytes_asked, 3 * kRowBytes) << "two of them in vain";
  EXPECT_EQ(Ask(*source, {7}).bytes_asked, 0) << "expected until the next Expect";
}

TEST_F(Speculative, ReadsBeginBeforeTheChoice) {
  const auto source = Make("speculative");
  disk_->Block();
  Expect(*source, {7, 8});
  disk_->WaitUntilStarted(1);
  disk_->Release();
  EXPECT_EQ(Ask(*source, {7}).hits, 1);
}

TEST_F(Speculative, AnUnexpectedIdIsReadAsWithoutSpeculation) {
  const auto source = Make(kWaiting);
  EXPECT_EQ(Ask(*source, {5}).misses, 1);
  Expect(*source, {7, 8, 9});
  const PleStats missed = Ask(*source, {5});
  EXPECT_EQ(missed.misses, 1);
  EXPECT_EQ(missed.bytes_asked, kRowBytes);
}

TEST_F(Speculative, ABatchTakesRowsFromBoth) {
  const auto source = Make(kWaiting);
  Expect(*source, {9, 7, 9, -1});
  const PleStats asked = Ask(*source, {7, 30, 9, 7, 31, 30, kGeometry.vocab});
  EXPECT_EQ(asked.hits, 4);
  EXPECT_EQ(asked.misses, 3);
}

TEST_F(Speculative, TheLastExpectationCounts) {
  const auto source = Make(kWaiting);
  Expect(*source, {1, 2, 3});
  Expect(*source, {4, 5, 6});
  EXPECT_EQ(Ask(*source, {1}).hits, 0);
  EXPECT_EQ(Ask(*source, {4}).hits, 1);
  EXPECT_EQ(source->held_bytes(), 3 * kRowBytes);
  source->StartSequence();
  EXPECT_EQ(Ask(*source, {4}).hits, 0);
  EXPECT_EQ(source->held_bytes(), 0);
}

TEST_F(Speculative, ARequestOutlivesTheNextExpectation) {
  const auto source = Make(kWaiting);
  Expect(*source, {1, 2});
  const auto request = source->Begin(std::vector<int64_t>{2});
  Expect(*source, {3});
  EXPECT_EQ(AllLayers(*request, kGeometry.layers), AllLayersExpected(bytes_, {2}));
}

TEST_F(Speculative, AFailedReadOfARowThatNobodyUsesFailsNothing) {
  const auto source = Make(kWaiting);
  disk_->FailRead(1);
  Expect(*source, {1, 20});
  EXPECT_EQ(Ask(*source, {20}).lookups, 1) << "read once more";
  disk_->Truncate(0);
  Expect(*source, {3});
  const auto request = source->Begin(std::vector<int64_t>{3});
  try {
    request->Layer(0);
    ADD_FAILURE() << "the file has no such row any more";
  } catch (const RunError& error) {
    EXPECT_THAT(error.what(), HasSubstr("fake"));
  }
  EXPECT_THROW(request->Layer(0), RunError) << "at every call";
}

TEST_F(Speculative, ACacheAboveExpectsWhatItLacks) {
  const auto source = Make("cached,capacity=20%,over=speculative,over.over.prefetch=false");
  EXPECT_EQ(source->candidates(), 4);
  Ask(*source, {7});
  const int64_t read = source->stats().bytes_asked;
  Expect(*source, {7, 8});
  const PleStats asked = Ask(*source, {8});
  EXPECT_EQ(asked.misses, 1) << "of the cache";
  EXPECT_EQ(source->stats().bytes_asked - read, kRowBytes);
}

TEST_F(Speculative, HoldsItsCandidatesInMemory) {
  const PleFootprint footprint = FootprintOf(ParsePleSpec("speculative,candidates=5"), bytes_.At("fake"));
  EXPECT_EQ(footprint.fast_bytes, 5 * kRowBytes);
  EXPECT_EQ(footprint.file_bytes, kGeometry.table_bytes());
  EXPECT_EQ(Make("speculative,candidates=5")->fast_bytes(), 5 * kRowBytes);
  EXPECT_TRUE(Make("speculative")->keeps_state());
}

}  // namespace speculative_ple_test
}  // namespace plelab
