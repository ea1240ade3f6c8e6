#include "experiments/replay/tables/geometries.h"

#include <gtest/gtest.h>

#include <set>

#include "model/base/error.h"

namespace plelab {
namespace {

TEST(Geometries, AreAsLongAsThePublishedTables) {
  EXPECT_EQ(GeometryNamed("gemma3n_e2b").table.row_bytes(), 15'360);
  EXPECT_EQ(GeometryNamed("gemma3n_e2b").bytes(), 2 * int64_t{2'013'265'920});  // parameters, in bfloat16
  EXPECT_EQ(GeometryNamed("gemma3n_e4b").bytes(), 2 * int64_t{2'348'810'240});
  EXPECT_EQ(GeometryNamed("gemma4_e2b").table.row_bytes(), 2 * 35 * 256);
  EXPECT_EQ(GeometryNamed("gemma4_e4b").table.row_bytes(), 2 * 42 * 256);
  EXPECT_EQ(GeometryNamed("qwen3_8_flash_next").bytes() >> 30, 47);  // GiB
  EXPECT_EQ(GeometryNamed("deepseek_v4_1_flash").bytes(), 264 * (int64_t{384'006'168} + 384'016'682));
}

TEST(Geometries, ReadAsManyRowsPerTokenAsTheirModels) {
  EXPECT_EQ(GeometryNamed("gemma3n_e2b").rows_per_token(), 1);
  EXPECT_EQ(GeometryNamed("qwen3_8_flash_next").rows_per_token(), 16);
  EXPECT_EQ(GeometryNamed("deepseek_v4_1_flash").rows_per_token(), 48);
}

TEST(Geometries, SayWhatWasAssumedWhereRowsAreHashed) {
  for (const ReplayGeometry& geometry : KnownGeometries()) {
    EXPECT_FALSE(geometry.source.empty()) << geometry.name;
    if (geometry.rows_of == RowsOf::kNgramHash) {
      EXPECT_NE(geometry.assumed.find("hash"), std::string::npos) << geometry.name;
    }
  }
}

TEST(Geometries, GroupsLieOneBehindTheOtherAndAreNeededWithinTheModel) {
  for (const ReplayGeometry& geometry : KnownGeometries()) {
    int64_t next = 0;
    for (const RowGroup& group : geometry.groups) {
      EXPECT_EQ(group.first_row, next);
      EXPECT_LT(group.needed_after_layer, geometry.model_layers);
      next += group.rows;
    }
    EXPECT_EQ(next, geometry.table.vocab) << geometry.name;
  }
}

TEST(Geometries, ACutTableKeepsItsGroupsInProportion) {
  const ReplayGeometry& whole = GeometryNamed("deepseek_v4_1_flash");
  const ReplayGeometry cut = CutTo(whole, whole.bytes() / 100);
  EXPECT_LE(cut.bytes(), whole.bytes() / 100);
  EXPECT_GE(cut.bytes(), whole.bytes() / 100 - 2 * 264);
  EXPECT_EQ(cut.groups[0].rows, 3'840'061);
  EXPECT_EQ(cut.groups[1].first_row, cut.groups[0].rows);
  EXPECT_EQ(cut.table.vocab, cut.groups[0].rows + cut.groups[1].rows);
}

TEST(Geometries, ATableThatFitsIsNotCut) {
  const ReplayGeometry& whole = GeometryNamed("gemma3n_e2b");
  EXPECT_EQ(CutTo(whole, whole.bytes()).table.vocab, 262'144);
}

TEST(Geometries, NothingIsLeftOfATableWithoutRoomForARow) {
  EXPECT_THROW(CutTo(GeometryNamed("gemma3n_e2b"), 15'359), UserError);
  EXPECT_EQ(CutTo(GeometryNamed("gemma3n_e2b"), 15'360).table.vocab, 1);
}

TEST(Geometries, RowsPerTokenAreDividedAmongTheTables) {
  const ReplayGeometry changed = WithRowsPerToken(GeometryNamed("deepseek_v4_1_flash"), 10);
  EXPECT_EQ(changed.groups[0].rows_per_token, 5);
  EXPECT_EQ(changed.groups[1].rows_per_token, 5);
  EXPECT_THROW(WithRowsPerToken(GeometryNamed("deepseek_v4_1_flash"), 9), UserError);
  EXPECT_THROW(WithRowsPerToken(GeometryNamed("gemma3n_e2b"), 0), UserError);
}

TEST(Geometries, AnUnknownNameIsToldTheNearestOne) {
  try {
    GeometryNamed("gemma3n_e2");
    FAIL();
  } catch (const UserError& error) {
    EXPECT_NE(std::string(error.what()).find("did you mean 'gemma3n_e2b'?"), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace plelab
