// What holds for every transform over every source.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/base/format.h"
#include "tests/support/ple_table.h"
#include "tests/support/value_table.h"

namespace plelab {
namespace transforms_test {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr PleGeometry kGeometry{.vocab = 64, .layers = 3, .dim = 8, .dtype = DType::kBFloat16};

class Transforms : public ::testing::TestWithParam<const char*> {
 protected:
  std::unique_ptr<PleSource> Over(std::string_view source) const {
    return table_.Make(Format("{},transform={}", source, GetParam()));
  }
  const ValueTable table_{kGeometry};
};

TEST_P(Transforms, GiveTheSameRowsOverAnySource) {
  const std::vector<int64_t> prompt = {5, 63, 0, -1, 64, 5, 12}, step = {9};
  const auto rows = [&](std::string_view below) {
    const auto source = Over(below);
    std::vector<std::byte> all;
    for (const auto& ids : {prompt, step, prompt}) {
      const auto part = AllLayers(*source->Begin(ids), kGeometry.layers);
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  };
  const auto resident = rows("resident");
  EXPECT_EQ(rows("disk"), resident);
  EXPECT_EQ(rows("disk,prefetch=false"), resident);
  EXPECT_EQ(rows("cached,capacity=20%,over=disk"), resident);
  EXPECT_EQ(rows("cached,capacity=0,over=resident"), resident);
}

TEST_P(Transforms, AreNeverExactAndChangeSomething) {
  const std::string spec = Format("resident,transform={}", GetParam());
  EXPECT_FALSE(IsExact(ParsePleSpec(spec)));
  EXPECT_FALSE(IsExact(ParsePleSpec(Format("cached,transform={}", GetParam()))));
  const std::vector<int64_t> ids = {5, 63, 0};
  EXPECT_NE(AllLayers(*Over("resident")->Begin(ids), 3), AllLayers(*table_.Make("resident")->Begin(ids), 3));
}

TEST_P(Transforms, CountOnlyWhatIsAskedOfTheSource) {
  const auto source = Over("cached,capacity=10%,over=disk");
  EXPECT_EQ(source->stats().lookups, 0);
  const std::vector<int64_t> ids = {1, 2, 3};
  source->Begin(ids)->Layer(0);
  EXPECT_EQ(source->stats().lookups, 3);
  EXPECT_TRUE(source->keeps_state());
  EXPECT_EQ(source->fast_bytes(), 6 * kGeometry.row_bytes());
  const int64_t distinct = std::string(GetParam()) == "previous" ? 2 : 3;  // it reads rows 1, 1 and 2
  EXPECT_EQ(source->held_bytes(), distinct * kGeometry.row_bytes());
}

TEST_P(Transforms, AnswerLayersInAnyOrderAndKeepThem) {
  const auto source = Over("resident");
  const std::vector<int64_t> ids = {5, 9, 5};
  const auto request = source->Begin(ids);
  const auto last = request->Layer(2);
  const auto copy = Copy(last);
  EXPECT_EQ(last.size(), static_cast<size_t>(3 * kGeometry.layer_bytes()));
  request->Layer(0);
  EXPECT_EQ(Copy(request->Layer(2)), copy);
  EXPECT_EQ(Copy(last), copy) << "an earlier span must stay valid";
  EXPECT_THROW(request->Layer(3), RunError);
}

TEST_P(Transforms, PassOnWhatReadingThrows) {
  const auto source = Over("disk,prefetch=false");
  table_.disk().Truncate(80);
  const std::vector<int64_t> ids = {40};
  EXPECT_THROW(source->Begin(ids)->Layer(0), RunError);
}

// The same numbers in float32 are the second path: a transform computes in float32 and rounds once.
TEST_P(Transforms, OfFloat16RowsAreThoseOfFloat32Rounded) {
  PleGeometry half = kGeometry, wide = kGeometry;
  half.dtype = DType::kFloat16;
  wide.dtype = DType::kFloat32;
  const ValueTable narrow(half);
  std::vector<float> values;
  for (int64_t row = 0; row < half.vocab; ++row) {
    for (int64_t layer = 0; layer < half.layers; ++layer) {
      const std::vector<float> part = narrow.Row(row, layer);
      values.insert(values.end(), part.begin(), part.end());
    }
  }
  const ValueTable same(wide, values);
  const std::string spec = Format("resident,transform={}", GetParam());
  const auto source = narrow.Make(spec), expected = same.Make(spec);
  const std::vector<int64_t> ids = {5, 63, 0, 17};
  const auto got = source->Begin(ids), wanted = expected->Begin(ids);
  for (int64_t layer = 0; layer < half.layers; ++layer) {
    std::vector<float> rounded = same.Values(*wanted, layer);
    for (float& value : rounded) value = FromFloat16(ToFloat16(value));
    EXPECT_EQ(narrow.Values(*got, layer), rounded) << layer;
  }
}

INSTANTIATE_TEST_SUITE_P(All, Transforms,
                         ::testing::Values("zero_layers,layers=1-2", "mean_layers,layers=0", "shuffled",
                                           "previous", "random", "shared", "low_rank,rank=2", "int8",
                                           "int4,group=4", "codebook,entries=8", "zero_soft"),
                         [](const auto& info) {
                           const std::string spec = info.param;
                           return spec.substr(0, spec.find(','));
                         });

TEST(TransformStacks, ATransformBelowACacheIsCached) {
  const ValueTable table(kGeometry);
  const auto source = table.Make("cached,capacity=50%,over=disk,over.transform=int4");
  const auto plain = table.Make("resident,transform=int4");
  for (int i = 0; i < 2; ++i) EXPECT_EQ(table.RowOf(*source, 7, 1), table.RowOf(*plain, 7, 1));
  EXPECT_EQ(source->stats().hits, 1);
}

std::string MakingFails(const ValueTable& table, std::string_view spec) {
  try {
    table.Make(spec);
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

TEST(TransformsAndTables, MustFitEachOther) {
  const ValueTable table(kGeometry);
  EXPECT_THAT(MakingFails(table, "resident,transform=zero_layers,layers=1-3"),
              AllOf(HasSubstr("'transform: zero_layers' names layer 3"), HasSubstr("layers 0 to 2")));
  EXPECT_THAT(MakingFails(table, "resident,transform=low_rank,rank=9"),
              AllOf(HasSubstr("asks 'rank' 9"), HasSubstr("8 wide")));
  EXPECT_THAT(MakingFails(table, "resident,transform=codebook,entries=65"),
              AllOf(HasSubstr("asks 65 'entries'"), HasSubstr("at most 64")));
  const PleGeometry bytes{.vocab = 4, .layers = 1, .dim = 2, .dtype = DType::kInt8};
  EXPECT_THAT(MakingFails(ValueTable(bytes), "resident,transform=int8"),
              HasSubstr("the PLE table is in int8"));
  EXPECT_THROW(FootprintOf(ParsePleSpec("disk,transform=low_rank,rank=9"), TableOf(kGeometry)), UserError);
}

}  // namespace transforms_test
}  // namespace plelab
