// `folded` may differ by rounding: the bounds in both dtypes, from both sides.
#include "harness/measure/near_output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace plelab {
namespace near_output_test {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Largest 4, root mean square √(30 / 4).
torch::Tensor Reference() { return torch::tensor({1.0F, -2.0F, 3.0F, -4.0F}); }

std::string Far(const torch::Tensor& logits, DType dtype) {
  return FarFrom(logits, Reference(), dtype, "decode step 3", "resident");
}

// One logit of four differs by d: the largest difference is d of 4.
TEST(NearOutput, Float32IsHeldToTwoTenThousandthsOfTheLargestLogit) {
  torch::Tensor logits = Reference();
  logits[0] += 4 * 1.9e-4F;
  EXPECT_THAT(Far(logits, DType::kFloat32), IsEmpty());
  logits[0] += 4 * 0.2e-4F;
  EXPECT_THAT(Far(logits, DType::kFloat32),
              ::testing::AllOf(HasSubstr("decode step 3: its logits differ from those of 'resident'"),
                               HasSubstr("of the largest"), HasSubstr("rounding in float32")));
}

// Every logit is off by a share s of itself: so is their root mean square.
TEST(NearOutput, BFloat16IsHeldToATenthOfTheRootMeanSquare) {
  for (const float share : {0.009F, 0.034F, 0.099F, -0.099F}) {
    EXPECT_THAT(Far(Reference() * (1 + share), DType::kBFloat16), IsEmpty()) << share;
    EXPECT_THAT(Far(Reference() * (1 + share), DType::kFloat32), HasSubstr("float32")) << share;
  }
  for (const float share : {0.101F, -0.101F, 0.35F}) {
    EXPECT_THAT(Far(Reference() * (1 + share), DType::kBFloat16),
                ::testing::AllOf(HasSubstr("of their root mean square"), HasSubstr("rounding in bfloat16")))
        << share;
  }
}

// The reference is what the difference is a share of: a difference to zeros is all of it.
TEST(NearOutput, TheReferenceAndNotTheLogitsIsTheMeasure) {
  EXPECT_THAT(Far(Reference() * 0, DType::kBFloat16), HasSubstr("by 1 of"));
  EXPECT_THAT(Far(Reference() * 3, DType::kBFloat16), HasSubstr("by 2 of"));
}

TEST(NearOutput, ALogitThatIsNoNumberIsFar) {
  for (const DType dtype : {DType::kFloat32, DType::kBFloat16}) {
    torch::Tensor logits = Reference();
    logits[2] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_NE(Far(logits, dtype), "");
  }
}

}  // namespace near_output_test
}  // namespace plelab
