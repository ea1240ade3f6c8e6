// A packed folder is a checkpoint: its rows are, bit for bit, those that the same transform makes of the
// published table, and what is damaged or belongs to other weights is refused.
#include "model/packing/pack_checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <numeric>

#include "model/base/error.h"
#include "model/catalog/parameter_count.h"
#include "model/catalog/synth.h"
#include "model/catalog/weight_catalog.h"
#include "model/gemma3n/gemma3n.h"
#include "model/packing/table_of_folder.h"
#include "model/ple/strategies/factory.h"
#include "model/text/folded/finished_inputs_file.h"
#include "model/text/folded/folded_table.h"
#include "tests/support/checkpoint_files.h"
#include "tests/support/ple_table.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace pack_checkpoint_test {
namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Pack : public ::testing::Test {
 protected:
  Pack() {
    WriteRandomCheckpoint(testing::TinyConfig(), original_.path(), {.seed = 3});
    checkpoint_ = std::make_unique<Checkpoint>(Checkpoint::Open(original_.path()));
    ids_.resize(32);
    std::iota(ids_.begin(), ids_.end(), 0);
  }

  Checkpoint PackInto(const std::string& name, const PackOptions& options) {
    PackCheckpoint(*checkpoint_, packed_.path() + "/" + name, options);
    return Checkpoint::Open(packed_.path() + "/" + name);
  }
  std::vector<std::byte> Rows(const std::string& spec, const Checkpoint& checkpoint) const {
    const PleOptions options = ParsePleSpec(spec);
    const auto source = MakePleSource(options, TableFor(options, checkpoint));
    return AllLayers(*source->Begin(ids_), 3);
  }

  const testing::TemporaryFolder original_, packed_;
  std::unique_ptr<Checkpoint> checkpoint_;
  std::vector<int64_t> ids_;
};

std::string ErrorOf(const std::function<void()>& call) {
  try {
    call();
  } catch (const UserError& error) {
    return error.what();
  }
  ADD_FAILURE() << "no UserError";
  return "";
}

TEST_F(Pack, RowsAreThoseOfTheSameTransformOnTheFly) {
  const std::vector<std::pair<RowFormat, std::string>> forms = {
      {{.form = RowForm::kBFloat16}, ""},
      {{.form = RowForm::kInt8, .group = 3}, ",transform=int8,group=3"},
      {{.form = RowForm::kInt4}, ",transform=int4"},
      {{.form = RowForm::kCodebook, .entries = 5}, ",transform=codebook,entries=5"}};
  int folder = 0;
  for (const auto& [format, transform] : forms) {
    for (const TableOrder order : {TableOrder::kTokenMajor, TableOrder::kLayerMajor}) {
      for (const int64_t alignment : {1, 4096}) {
        PackOptions options{.format = format, .order = order, .part_alignment = alignment};
        if (folder % 2 == 1) options.order_by_ids = {5, 5, 5, 30, 30, 2};
        const Checkpoint packed = PackInto(std::to_string(folder++), options);
        const auto expected = Rows("resident" + transform, *checkpoint_);
        for (const char* spec :
             {"resident", "disk", "disk,backend=direct", "disk,backend=mmap", "cached,capacity=200B"}) {
          EXPECT_EQ(Rows(spec, packed), expected) << Name(format.form) << " " << spec << " " << alignment;
          EXPECT_EQ(Rows(std::string(spec) + ",table=" + packed.directory(), *checkpoint_), expected) << spec;
        }
      }
    }
  }
}

TEST_F(Pack, ThePackedFolderIsACheckpointOfTheSameWeights) {
  const Checkpoint packed = PackInto("a", {.format = {.form = RowForm::kInt4}});
  EXPECT_NO_THROW(VerifyTensors(packed, {}));
  EXPECT_TRUE(packed.has_packed_table());
  EXPECT_EQ(packed.weights_label(), "random");
  EXPECT_NE(packed.fingerprint(), checkpoint_->fingerprint());
  const ParameterCount before = CountCheckpoint(*checkpoint_), after = CountCheckpoint(packed);
  EXPECT_EQ(after.parameters.total(), before.parameters.total());
  EXPECT_EQ(after.bytes[ParameterGroup::kPleTable], 32 * 3 * (2 + 2)) << "four nibbles and one scale";
  EXPECT_EQ(before.bytes[ParameterGroup::kPleTable], 32 * 3 * 4 * 2);
  for (const auto& [name, info] : packed.tensors()) {
    std::vector<std::byte> ours(static_cast<size_t>(info.size_bytes)), theirs = ours;
    packed.ReadRange(info, 0, ours);
    checkpoint_->ReadRange(*checkpoint_->Find(name), 0, theirs);
    EXPECT_EQ(ours, theirs) << name;
  }
}

TEST_F(Pack, FrequentRowsComeFirst) {
  PackOptions options{.format = {.form = RowForm::kBFloat16}, .order_by_ids = {7, 3, 7, 99, 31, 3, 7}};
  const PleTable table = PackInto("a", options).ple_table();
  EXPECT_EQ(table.PlaceOf(7), 0);
  EXPECT_EQ(table.PlaceOf(3), 1);
  EXPECT_EQ(table.PlaceOf(0), 2) << "id 99 reads row 0";
  EXPECT_EQ(table.PlaceOf(31), 3);
  EXPECT_EQ(table.PlaceOf(1), 4) << "the others in the table's own order";
  EXPECT_EQ(table.index_bytes(), 32 * 4);
}

TEST_F(Pack, RowsBeginAtPagesWhereTheyAreAskedTo) {
  const PleTable table = PackInto("a", {.part_alignment = 4096}).ple_table();
  for (int64_t row = 0; row < 32; ++row) EXPECT_EQ(table.RangesOf(row).front().offset_bytes % 4096, 0);
}

TEST_F(Pack, FoldedInputsArePackedBesideThePublishedTable) {
  const TableToPack folded = FinishedInputsToPack(*checkpoint_);
  const Checkpoint narrow = PackInto("a", {.format = {.form = RowForm::kBFloat16}, .folded = &folded});
  EXPECT_FALSE(narrow.has_packed_table());
  EXPECT_EQ(Rows("resident", narrow), Rows("resident", *checkpoint_));
  const PleTable packed = *TableFor(ParsePleSpec("folded"), narrow).folded;
  EXPECT_EQ(packed.row_bytes(), 3 * 4 * 2);
  EXPECT_EQ(packed.geometry.dtype, DType::kFloat32) << "the model gets float32";
  const Checkpoint same = PackInto("b", {.format = {.form = RowForm::kFloat32}, .folded = &folded});
  EXPECT_FALSE(fs::exists(original_ / "ple_folded.safetensors")) << "no table of float32 is needed";
  EXPECT_EQ(Rows("folded", same), Rows("folded", *checkpoint_));
}

TEST_F(Pack, FoldedInputsAreThoseOfTheirFileInEveryForm) {
  const TableToPack computed = FinishedInputsToPack(*checkpoint_);
  const TableToPack of_file{*TableFor(ParsePleSpec("folded"), *checkpoint_).folded};
  int folder = 0;
  for (const RowFormat& format :
       {RowFormat{.form = RowForm::kFloat32}, RowFormat{.form = RowForm::kInt8},
        RowFormat{.form = RowForm::kInt4, .group = 2}, RowFormat{.form = RowForm::kCodebook, .entries = 5}}) {
    for (const TableOrder order : {TableOrder::kTokenMajor, TableOrder::kLayerMajor}) {
      PackOptions options{.format = format, .order = order, .order_by_ids = {5, 5, 5, 30, 30, 2}};
      options.folded = &computed;
      const auto rows = Rows("folded", PackInto(std::to_string(folder++), options));
      options.folded = &of_file;
      EXPECT_EQ(rows, Rows("folded", PackInto(std::to_string(folder++), options))) << Name(format.form);
    }
  }
}

TEST_F(Pack, FoldedInputsOfAPackedTableAreRefused) {
  const Checkpoint packed = PackInto("a", {.format = {.form = RowForm::kInt8}});
  const TableToPack finished = FinishedInputsToPack(packed);
  EXPECT_THAT(ErrorOf([&] { PackCheckpoint(packed, packed_ / "b", {.folded = &finished}); }),
              HasSubstr("packed already"));
  EXPECT_THAT(ErrorOf([&] { OpenFinishedInputs(packed); }), HasSubstr("this one is packed"));
}

TEST_F(Pack, WhatIsDamagedOrForeignIsRefused) {
  const Checkpoint packed = PackInto("a", {.format = {.form = RowForm::kInt8}});
  const std::string path = packed.directory() + "/ple_packed.safetensors";
  const testing::TemporaryFolder other_folder;
  WriteRandomCheckpoint(testing::TinyConfig(), other_folder.path(), {.seed = 4});
  const Checkpoint other = Checkpoint::Open(other_folder.path());
  EXPECT_THAT(ErrorOf([&] { TableFor(ParsePleSpec("disk,table=" + packed.directory()), other); }),
              HasSubstr("packed from other weights"));
  EXPECT_THAT(ErrorOf([&] { TableFor(ParsePleSpec("disk,table=" + other_folder.path()), *checkpoint_); }),
              HasSubstr("is another checkpoint"));

  const PleTable table = packed.ple_table();
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(table.offset_bytes + 10);
  file.put('\x55').flush();
  EXPECT_THAT(ErrorOf([&] { packed.ple_table(); }),
              HasSubstr(path + ": rows of the packed table are damaged"));
  file.seekg(0);
  std::string header(static_cast<size_t>(table.offset_bytes), '\0');
  file.read(header.data(), std::ssize(header));
  file.seekp(static_cast<std::streamoff>(header.find(R"(\"group\":32)") + 10));
  file.put('1').flush();
  EXPECT_THAT(ErrorOf([&] { packed.ple_table(); }),
              HasSubstr("the description of the packed table is damaged"));
  fs::resize_file(path, table.offset_bytes + 5);
  EXPECT_THAT(ErrorOf([&] { packed.ple_table(); }), HasSubstr(path));
  EXPECT_THAT(ErrorOf([&] { Checkpoint::Open(packed.directory()); }), HasSubstr(path))
      << "not: a tensor is missing";
}

TEST_F(Pack, AForcedPackingThatFailsLeavesWhatWasThere) {
  const Checkpoint packed = PackInto("a", {.format = {.form = RowForm::kInt8}});
  EXPECT_THROW(PackInto("a", {.format = {.form = RowForm::kCodebook, .entries = 1000}, .force = true}),
               UserError);
  EXPECT_EQ(Rows("disk", Checkpoint::Open(packed.directory())),
            Rows("resident,transform=int8", *checkpoint_));
}

TEST_F(Pack, FoldersThatAreInUseStayAndHalfOnesGo) {
  PackInto("a", {});
  EXPECT_THAT(ErrorOf([&] { PackInto("a", {}); }), HasSubstr("--force"));
  EXPECT_NO_THROW(PackInto("a", {.force = true}));
  EXPECT_THAT(ErrorOf([&] { PackCheckpoint(*checkpoint_, original_.path(), {.force = true}); }),
              HasSubstr("is the checkpoint itself"));
  EXPECT_THAT(
      ErrorOf([&] { PackCheckpoint(Checkpoint::Open(packed_.path() + "/a"), packed_.path() + "/b", {}); }),
      HasSubstr("packed already"));
  EXPECT_THROW(PackInto("c", {.format = {.form = RowForm::kCodebook, .entries = 1000}}), UserError);
  EXPECT_FALSE(fs::exists(packed_.path() + "/c"));
}

}  // namespace pack_checkpoint_test
}  // namespace plelab
