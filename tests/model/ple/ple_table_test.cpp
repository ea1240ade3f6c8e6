// Where rows lie in a table of any layout, and that every source finds them there.
#include "model/ple/ple_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <random>

#include "model/ple/formats/integer_codec.h"
#include "model/ple/formats/row_values.h"
#include "tests/support/fake_file.h"
#include "tests/support/ple_table.h"

namespace plelab {
namespace ple_table_test {

constexpr PleGeometry kGeometry{.vocab = 40, .layers = 3, .dim = 8, .dtype = DType::kBFloat16};

std::shared_ptr<const std::vector<int32_t>> RandomPlaces(uint32_t seed) {
  auto places = std::make_shared<std::vector<int32_t>>(kGeometry.vocab);
  std::iota(places->begin(), places->end(), 0);
  std::shuffle(places->begin(), places->end(), std::mt19937(seed));
  return places;
}

struct Form {
  const char* name;
  TableLayout layout;
  std::shared_ptr<const RowCodec> codec;
};

std::vector<Form> Forms() {
  const auto int4 = std::make_shared<IntegerCodec>(kGeometry.dim, kGeometry.dtype, 4, 4);
  return {{"published", {}, nullptr},
          {"layer_major", {.order = TableOrder::kLayerMajor}, nullptr},
          {"padded", {.part_alignment = 64}, nullptr},
          {"reordered", {.place_of_row = RandomPlaces(1)}, nullptr},
          {"int4", {}, int4},
          {"all",
           {.order = TableOrder::kLayerMajor, .part_alignment = 16, .place_of_row = RandomPlaces(2)},
           int4}};
}

// A packed table, written here byte by byte from a published one, and what it must return.
class PackedForm : public ::testing::TestWithParam<Form> {
 protected:
  PackedForm() {
    table_ = published_.At("fake");
    table_.offset_bytes = 24;
    table_.layout = GetParam().layout;
    table_.codec = GetParam().codec;
    bytes_.assign(static_cast<size_t>(24 + table_.stored_bytes()), std::byte{0});
    expected_.resize(static_cast<size_t>(kGeometry.layers));
    for (int64_t row = 0; row < kGeometry.vocab; ++row) {
      for (int64_t layer = 0; layer < kGeometry.layers; ++layer) Pack(row, layer);
    }
  }

  // The offset is computed here once more, from the words of TableLayout.
  void Pack(int64_t row, int64_t layer) {
    const bool by_layer = table_.layout.order == TableOrder::kLayerMajor;
    const int64_t slice = table_.codec ? table_.codec->slice_bytes() : kGeometry.layer_bytes();
    const int64_t part = by_layer ? slice : slice * kGeometry.layers;
    const int64_t unit = table_.layout.part_alignment;
    const int64_t stride = (part + unit - 1) / unit * unit;
    const int64_t place = table_.layout.place_of_row ? (*table_.layout.place_of_row)[row] : row;
    const int64_t at = by_layer ? (layer * kGeometry.vocab + place) * stride : place * stride + layer * slice;
    const auto values = published_.Expected({row}, layer);
    std::vector<std::byte> stored = values, returned = values;
    if (table_.codec) {
      std::vector<float> floats(static_cast<size_t>(kGeometry.dim));
      LoadValues(kGeometry.dtype, values, floats);
      stored.resize(static_cast<size_t>(slice));
      table_.codec->Encode(layer, floats, stored);
      table_.codec->Decode(layer, stored.data(), returned);
    }
    std::ranges::copy(stored, bytes_.begin() + 24 + at);
    expected_[layer].push_back(returned);
    EXPECT_EQ(table_.RangeOf(row, layer).offset_bytes, 24 + at);
    EXPECT_EQ(table_.RangeOf(row, layer).size_bytes, slice);
  }

  std::vector<std::byte> Expected(const std::vector<int64_t>& ids, int64_t layer) const {
    std::vector<std::byte> rows;
    for (const int64_t id : ids) {
      const auto& row = expected_[layer][PleRowOfId(id, kGeometry.vocab)];
      rows.insert(rows.end(), row.begin(), row.end());
    }
    return rows;
  }
  std::unique_ptr<PleSource> Make(const std::string& spec) {
    disk_ = std::make_shared<FakeDisk>(bytes_);
    return MakePleSource(ParsePleSpec(spec), table_, {.warm_ids = {}, .open = FakeDisk::Opener(disk_)});
  }

  const TableBytes published_{[] {
    // Finite values, so that the codec has something to round.
    TableBytes bytes(kGeometry, 24);
    for (size_t i = 24; i + 1 < bytes.file.size(); i += 2) {
      const float value = static_cast<float>(static_cast<int>(i % 97) - 48) / 7;
      StoreValues(DType::kBFloat16, std::span(&value, 1), std::span(bytes.file).subspan(i, 2));
    }
    return bytes;
  }()};
  PleTable table_;
  std::vector<std::byte> bytes_;
  std::vector<std::vector<std::vector<std::byte>>> expected_;  // [layers][vocab]
  std::shared_ptr<FakeDisk> disk_;
};

TEST_P(PackedForm, EverySourceReturnsTheSameRows) {
  for (const char* spec : {"resident", "disk", "disk,prefetch=false", "cached,capacity=400B",
                           "cached,capacity=1MiB,over=cached,over.capacity=300B", "cached,capacity=0B"}) {
    const auto source = Make(spec);
    for (const std::vector<int64_t>& ids :
         {std::vector<int64_t>{7}, {39, 0, 7, 7, 41, 8, 9}, {}, {7, 8}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}}) {
      const auto request = source->Begin(ids);
      for (const int64_t layer : {1, 0, 2, 1}) {
        EXPECT_EQ(Copy(request->Layer(layer)), Expected(ids, layer)) << spec << ", layer " << layer;
      }
    }
  }
}

TEST_P(PackedForm, CachesAndFootprintsCountStoredBytes) {
  const auto resident = Make("resident");
  EXPECT_EQ(resident->fast_bytes(), table_.stored_bytes() + table_.index_bytes());
  const auto cached = Make("cached,capacity=50%");
  const int64_t rows = kGeometry.vocab / 2;
  EXPECT_EQ(cached->fast_bytes(), rows * table_.row_bytes() + table_.index_bytes());
  EXPECT_EQ(FootprintOf(ParsePleSpec("cached,capacity=50%"), table_).fast_bytes, cached->fast_bytes());
  const std::vector<int64_t> ids = {3, 4};
  cached->Begin(ids)->Layer(0);
  EXPECT_EQ(cached->held_bytes() - table_.index_bytes(), 2 * table_.row_bytes())
      << "also where the model asked for one layer only";
  EXPECT_EQ(cached->stats().row_bytes, 2 * table_.row_bytes());
}

INSTANTIATE_TEST_SUITE_P(, PackedForm, ::testing::ValuesIn(Forms()),
                         [](const auto& info) { return std::string(info.param.name); });

constexpr const char* kUnread = "the layer's own reads are enough for it";

TEST(LayerMajor, ALayerWaitsForItsOwnReadsOnly) {
  PleTable table = TableBytes(kGeometry).At("fake");
  table.layout.order = TableOrder::kLayerMajor;
  const TableBytes bytes(kGeometry);
  const auto disk = std::make_shared<FakeDisk>(bytes.file);
  const auto source = MakePleSource(ParsePleSpec("disk,prefetch=false"), table,
                                    {.warm_ids = {}, .open = FakeDisk::Opener(disk)});
  const std::vector<int64_t> ids = {3, 9, 20};
  const auto request = source->Begin(ids);
  request->Layer(0);
  EXPECT_EQ(disk->reads_started(), 3) << kUnread;
  request->Layer(1);
  EXPECT_EQ(disk->reads_started(), 6) << kUnread;
}

TEST(LayerMajor, AFailedReadNamesTheRowAndTheLayerAndSparesTheOthers) {
  PleTable table = TableBytes(kGeometry).At("fake");
  table.layout.order = TableOrder::kLayerMajor;
  for (const char* spec : {"disk", "disk,prefetch=false"}) {
    const auto disk = std::make_shared<FakeDisk>(TableBytes(kGeometry).file);
    const auto source =
        MakePleSource(ParsePleSpec(spec), table, {.warm_ids = {}, .open = FakeDisk::Opener(disk)});
    disk->FailRead(4);  // the second layer's first row
    const std::vector<int64_t> ids = {3, 9, 20};
    const auto request = source->Begin(ids);
    EXPECT_EQ(request->Layer(0).size(), 3u * 16u);
    try {
      request->Layer(1);
      ADD_FAILURE() << "no error";
    } catch (const RunError& error) {
      EXPECT_NE(std::string(error.what()).find("PLE row 3 of layer 1"), std::string::npos) << error.what();
    }
  }
}

}  // namespace ple_table_test
}  // namespace plelab
