#include "model/kernels/products/matvec.h"

#include <cmath>
#include <utility>

#include "model/base/error.h"
#include "tests/model/kernels/kernel_test.h"

namespace plelab {
namespace matvec_test {

using testing::ForEachTarget;
using testing::kAllTypes;
using testing::OperandOf;
using testing::RandomMatrix;
using testing::RandomVector;

// Compares every output with a float64 sum, within what float32 accumulation of `inputs` terms may lose.
void ExpectProduct(const RandomMatrix& w, const ConstVectors& x, const Vectors& y) {
  for (int64_t v = 0; v < x.count; ++v) {
    const std::vector<double> operand = OperandOf(x.data + v * x.stride, w.view().cols, w.view().type);
    for (int64_t o = 0; o < w.view().rows; ++o) {
      double expected = 0, magnitude = 0;
      for (int64_t i = 0; i < w.view().cols; ++i) {
        const double term = w.at(o, i) * operand[i];
        expected += term;
        magnitude += std::abs(term);
      }
      ASSERT_NEAR(y.data[v * y.stride + o], expected, 1e-6 * magnitude) << "vector " << v << " output " << o;
    }
  }
}

TEST(MatVec, AgreesWithFloat64ForEverySizeTypeAndNumberOfVectors) {
  ForEachTarget([] {
    for (const ElementType type : kAllTypes) {
      for (const auto& [rows, columns] : std::vector<std::pair<int64_t, int64_t>>{
               {1, 1}, {3, 17}, {17, 3}, {5, 255}, {255, 31}, {6, 2048}, {33, 1000}}) {
        const RandomMatrix w(rows, columns, type, rows * 1000 + columns);
        const int64_t cols = w.view().cols;
        for (int64_t count = 1; count <= kMaxVectors; ++count) {
          const int64_t x_stride = cols + 3, y_stride = rows + 1;
          const std::vector<float> x = RandomVector(count * x_stride, cols);
          std::vector<float> y(count * y_stride, NAN);
          MatVec(w.view(), {x.data(), count, x_stride}, {y.data(), y_stride});
          ExpectProduct(w, {x.data(), count, x_stride}, {y.data(), y_stride});
          for (int64_t v = 0; v < count; ++v)
            EXPECT_TRUE(std::isnan(y[v * y_stride + rows])) << "wrote beyond a row";
        }
      }
    }
  });
}

TEST(MatVec, VectorsTogetherGiveTheBitsOfEachAlone) {
  ForEachTarget([] {
    for (const ElementType type : kAllTypes) {
      const RandomMatrix w(301, 203, type, 1);
      const int64_t cols = w.view().cols;
      const std::vector<float> x = RandomVector(kMaxVectors * cols, 2);
      std::vector<float> together(kMaxVectors * 301), alone(301);
      MatVec(w.view(), {x.data(), kMaxVectors, cols}, {together.data(), 301});
      for (int64_t v = 0; v < kMaxVectors; ++v) {
        MatVec(w.view(), {x.data() + v * cols, 1, cols}, {alone.data(), 301});
        EXPECT_EQ(std::memcmp(alone.data(), together.data() + v * 301, 301 * sizeof(float)), 0)
            << "vector " << v;
      }
    }
  });
}

TEST(MatVec, JobsOfOneCallGiveTheBitsOfEachAlone) {
  const RandomMatrix a(700, 301, ElementType::kBFloat16, 1), b(1, 301, ElementType::kFloat32, 2),
      c(413, 301, ElementType::kBFloat16, 3);
  const std::vector<float> x = RandomVector(2 * 301, 4);
  const ConstVectors in{x.data(), 2, 301};
  std::vector<std::vector<float>> together(3, std::vector<float>(1400)), alone = together;
  const MatVecJob jobs[] = {{a.view(), {together[0].data(), 700}},
                            {b.view(), {together[1].data(), 700}},
                            {c.view(), {together[2].data(), 700}}};
  MatVec(jobs, in);
  MatVec(a.view(), in, {alone[0].data(), 700});
  MatVec(b.view(), in, {alone[1].data(), 700});
  MatVec(c.view(), in, {alone[2].data(), 700});
  EXPECT_EQ(together, alone);
}

TEST(MatVecRows, ComputesTheListedRowsWithTheBitsOfTheWhole) {
  ForEachTarget([] {
    for (const ElementType type : kAllTypes) {
      const RandomMatrix w(600, 257, type, 5);
      const int64_t cols = w.view().cols;
      const std::vector<float> x = RandomVector(3 * cols, 6);
      const ConstVectors in{x.data(), 3, cols};
      std::vector<int32_t> listed;
      for (int32_t row = 0; row < 600; row += 1 + row % 7) listed.push_back(row);
      std::vector<float> whole(3 * 600), some(3 * 600, NAN);
      MatVec(w.view(), in, {whole.data(), 600});
      MatVecRows(w.view(), listed, in, {some.data(), 600});
      size_t next = 0;
      for (int32_t row = 0; row < 600; ++row) {
        const bool is_listed = next < listed.size() && listed[next] == row;
        next += is_listed;
        for (int64_t v = 0; v < 3; ++v) {
          if (is_listed) {
            EXPECT_EQ(some[v * 600 + row], whole[v * 600 + row]);
          } else {
            EXPECT_TRUE(std::isnan(some[v * 600 + row]));
          }
        }
      }
    }
  });
}

TEST(MatVec, Int4WithGroupsOf128) {
  ForEachTarget([] {
    for (const int64_t cols : {128, 384, 1024, 2176}) {
      const RandomMatrix w(21, cols, ElementType::kInt4, 9, 128);
      const std::vector<float> x = RandomVector(5 * cols, 10);
      std::vector<float> y(5 * 21);
      MatVec(w.view(), {x.data(), 5, cols}, {y.data(), 21});
      ExpectProduct(w, {x.data(), 5, cols}, {y.data(), 21});
    }
  });
}

TEST(MatVec, QuantisedOutputsOfVectorsThatAreNotFiniteAreNaN) {
  ForEachTarget([] {
    for (const ElementType type : {ElementType::kInt8, ElementType::kInt4}) {
      const RandomMatrix w(3, 160, type, 11);
      for (const float value : {INFINITY, -INFINITY, NAN}) {
        for (const int64_t at : {0, 77, 159}) {
          std::vector<float> x = RandomVector(160, 12), y(3);
          x[static_cast<size_t>(at)] = value;
          MatVec(w.view(), {x.data(), 1, 160}, {y.data(), 3});
          for (const float output : y) EXPECT_TRUE(std::isnan(output)) << value << " at " << at;
        }
      }
    }
  });
}

TEST(MatVec, QuantisedOutputsOfZerosAreZero) {
  for (const ElementType type : {ElementType::kInt8, ElementType::kInt4}) {
    const RandomMatrix w(3, 160, type, 11);
    const std::vector<float> x(160);
    std::vector<float> y(3, NAN);
    MatVec(w.view(), {x.data(), 1, 160}, {y.data(), 3});
    EXPECT_EQ(y, std::vector<float>(3, 0.0f));
  }
}

TEST(MatVecRows, WithoutRowsTouchesNothing) {
  const RandomMatrix w(4, 4, ElementType::kFloat32, 7);
  const std::vector<float> x(4, 1.0f);
  std::vector<float> y(4, 5.0f);
  MatVecRows(w.view(), {}, {x.data(), 1, 4}, {y.data(), 4});
  EXPECT_EQ(y, std::vector<float>(4, 5.0f));
}

TEST(MatVec, TakesOneToEightVectors) {
  const RandomMatrix w(4, 4, ElementType::kFloat32, 7);
  const std::vector<float> x(40, 1.0f);
  std::vector<float> y(40);
  const std::vector<int32_t> rows = {1};
  for (const int64_t count : {0, 9}) {
    EXPECT_THROW(MatVec(w.view(), {x.data(), count, 4}, {y.data(), 4}), RunError) << count;
    EXPECT_THROW(MatVecRows(w.view(), rows, {x.data(), count, 4}, {y.data(), 4}), RunError) << count;
  }
}

}  // namespace matvec_test
}  // namespace plelab
