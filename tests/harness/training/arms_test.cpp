// The arms of configs/training/series.json are what their names say.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/training/training_config.h"
#include "harness/training/training_cost.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace arms_test {

const std::string kSource = PLELAB_SOURCE_DIR "/";

// Numbers of weights differ by a few FFN columns, because widths are whole numbers.
constexpr double kNearly = 2e-3;

class ShippedArms : public ::testing::Test {
 protected:
  const nlohmann::json series_ =
      nlohmann::json::parse(testing::ReadText(kSource + "configs/training/series.json"));

  TrainingConfig Config(const std::string& arm) const {
    std::vector<std::string> sets = series_["arms"][arm];
    sets.push_back("arm.shape=" + kSource + "configs/models/arm.json");
    return ReadTrainingConfig(kSource + series_["base"].get<std::string>(), sets);
  }
  ParameterTotals Count(const std::string& arm) const {
    const ArmSection section = Config(arm).arm;
    TextTrainee trainee =
        MakeTrainee(ParseConfig(ArmConfigJson(section), arm), section.ple, 0, DType::kFloat32);
    return CountTrained(trainee);
  }
};

TEST_F(ShippedArms, WithoutHasNoTableAndLessOfEverything) {
  EXPECT_GT(Count("with").ple_table, 700'000);
  EXPECT_EQ(Count("without").ple_table, 0);
  EXPECT_LT(Count("without").trained, Count("with").resident());
}

TEST_F(ShippedArms, EqualTotalHasAsManyParametersInAll) {
  EXPECT_EQ(Count("without_equal_total").ple_table, 0);
  const auto with = static_cast<double>(Count("with").trained);
  EXPECT_NEAR(static_cast<double>(Count("without_equal_total").trained), with, kNearly * with);
}

TEST_F(ShippedArms, EqualFastHasAsManyOutsideTheTable) {
  EXPECT_EQ(Count("without_equal_fast").ple_table, 0);
  const auto with = static_cast<double>(Count("with").resident());
  EXPECT_NEAR(static_cast<double>(Count("without_equal_fast").trained), with, kNearly * with);
}

TEST_F(ShippedArms, TheOthersHaveThePartOfTheTableThatTheyName) {
  const int64_t table = Count("with").ple_table;
  EXPECT_EQ(Count("half_dim").ple_table, table / 2);
  EXPECT_EQ(Count("quarter_dim").ple_table, table / 4);
  EXPECT_EQ(Count("shared").ple_table, table / 6) << "one layer's, for all six";
  EXPECT_LT(Count("first_third").trained, Count("with").trained);
  EXPECT_EQ(Count("first_third").trained, Count("last_third").trained);
}

TEST_F(ShippedArms, EverySeriesNamesArmsThatThereAre) {
  for (const auto& [name, series] : series_["series"].items()) {
    for (const std::string arm : series["arms"])
      EXPECT_TRUE(series_["arms"].contains(arm)) << name << ": " << arm;
    EXPECT_FALSE(series["points"].empty()) << name;
  }
}

}  // namespace arms_test
}  // namespace plelab
