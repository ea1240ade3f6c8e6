// Finished inputs are the same however many are computed at once, and a file of them is read as any other.
#include "model/text/folded/finished_inputs.h"

#include <gtest/gtest.h>

#include <cstring>
#include <numeric>

#include "model/base/error.h"
#include "model/catalog/synth.h"
#include "model/packing/pack_checkpoint.h"
#include "model/quantisation/encode_weights.h"
#include "model/text/folded/finished_inputs_file.h"
#include "model/text/folded/folded_table.h"
#include "tests/support/checkpoint_files.h"
#include "tests/support/golden.h"
#include "tests/support/multimodal_golden.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace finished_inputs_test {

std::vector<int64_t> AllIds(const Checkpoint& checkpoint) {
  std::vector<int64_t> ids(static_cast<size_t>(FinishedGeometry(checkpoint).vocab));
  std::iota(ids.begin(), ids.end(), 0);
  return ids;
}

// Up to eight rows multiply quantised weights as integers elsewhere in the model; not here.
void ExpectTheSameAlone(const Checkpoint& checkpoint) {
  const FinishedInputs inputs(checkpoint);
  const std::vector<int64_t> ids = AllIds(checkpoint);
  const torch::Tensor together = inputs.Compute(ids);
  ASSERT_EQ(together.size(0), std::ssize(ids));
  for (const int64_t id : ids) {
    const torch::Tensor alone = inputs.Compute({&id, 1});
    EXPECT_LE(MaxAbs(alone - together.narrow(0, id, 1)), 1e-6 * MaxAbs(together)) << id;
  }
}

class FinishedInputsTest : public ::testing::Test {
 protected:
  FinishedInputsTest() {
    WriteRandomCheckpoint(testing::TinyConfig(), folder_ / "published", {.seed = 3});
    checkpoint_ = std::make_unique<Checkpoint>(Checkpoint::Open(folder_ / "published"));
  }

  const testing::TemporaryFolder folder_;
  std::unique_ptr<Checkpoint> checkpoint_;
};

TEST_F(FinishedInputsTest, OfAnIdDoNotDependOnTheOthers) { ExpectTheSameAlone(*checkpoint_); }

TEST_F(FinishedInputsTest, OfQuantisedWeightsDoNotDependOnTheOthers) {
  const auto plan = PlanWeights(checkpoint_->config(), {.format = {8, 0}});
  const TensorEncoding encoding = QuantisedEncoding(*checkpoint_, plan);
  PackCheckpoint(*checkpoint_, folder_ / "int8", {.table = false, .weights = &encoding});
  ExpectTheSameAlone(Checkpoint::Open(folder_ / "int8"));
}

// The first range begins inside a row and the ids are no run: what rows in another order ask for.
TEST_F(FinishedInputsTest, ReadAsAFileAreThoseOfTheTable) {
  const PleTable table = *TableFor(ParsePleSpec("folded"), *checkpoint_).folded;
  const auto made = OpenRandomAccessFile(table.path, {});
  const auto computed = OpenFinishedInputs(*checkpoint_);
  const int64_t row = table.geometry.row_bytes();
  EXPECT_EQ(computed->size_bytes(), table.geometry.table_bytes());
  const std::vector<ReadRange> ranges = {{row / 2, row}, {7 * row, 3 * row}, {31 * row, row}, {0, row}};
  const auto rows = computed->Submit(ranges);
  for (const size_t i : {2, 0, 3, 1}) {
    std::vector<float> expected(static_cast<size_t>(ranges[i].size_bytes) / sizeof(float)), found = expected;
    made->Read(table.offset_bytes + ranges[i].offset_bytes, std::as_writable_bytes(std::span(expected)));
    ASSERT_EQ(rows->Wait(i).size(), ranges[i].size_bytes);
    std::memcpy(found.data(), rows->Wait(i).data(), rows->Wait(i).size());
    for (size_t k = 0; k < found.size(); ++k) EXPECT_NEAR(found[k], expected[k], 1e-5) << i;
  }
  EXPECT_EQ(computed->counters().read_calls, 4);
  EXPECT_EQ(computed->counters().bytes_asked, 6 * row);
}

TEST_F(FinishedInputsTest, HaveAnEnd) {
  const auto computed = OpenFinishedInputs(*checkpoint_);
  std::vector<std::byte> bytes(8);
  EXPECT_NO_THROW(computed->Read(computed->size_bytes() - 8, bytes));
  EXPECT_THROW(computed->Read(computed->size_bytes() - 7, bytes), RunError);
}

// Images and audio have no rows in it.
TEST(FinishedInputsOfMedia, ArePackedForTextAlone) {
  const MultimodalGolden golden;
  const testing::TemporaryFolder folder;
  const TableToPack finished = FinishedInputsToPack(*golden.checkpoint());
  EXPECT_LE(finished.table.geometry.vocab, golden.checkpoint()->config().vision->vocab_offset);
  PackCheckpoint(*golden.checkpoint(), folder / "packed",
                 {.format = {.form = RowForm::kBFloat16}, .folded = &finished});
  const PleTable packed = TableThere(ParsePleSpec("folded"), Checkpoint::Open(folder / "packed"));
  ASSERT_NE(packed.folded, nullptr);
  EXPECT_EQ(packed.folded->geometry.vocab, finished.table.geometry.vocab);
  ExpectTheSameAlone(*golden.checkpoint());
}

}  // namespace finished_inputs_test
}  // namespace plelab
