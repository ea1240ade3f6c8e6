#include "model/base/sha256.h"

#include <gtest/gtest.h>

#include "model/base/error.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace sha256_test {

TEST(Sha256, KnownAnswers) {  // FIPS 180-2
  EXPECT_EQ(Sha256Hex(std::string_view("")),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256Hex(std::string_view("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, PiecesAreTheWhole) {
  Sha256 hash;
  hash.Update(std::string_view("a"));
  hash.Update(std::string_view("bc"));
  EXPECT_EQ(hash.Hex(), Sha256Hex(std::string_view("abc")));
}

TEST(Sha256, OfAFileIsOfItsBytes) {
  const testing::TemporaryFolder folder;
  const std::string text((1 << 20) + 3, 'q');
  testing::WriteText(folder / "x", text);
  EXPECT_EQ(Sha256OfFile(folder / "x"), Sha256Hex(std::string_view(text)));
  EXPECT_THROW(Sha256OfFile(folder / "y"), UserError);
}

}  // namespace sha256_test
}  // namespace plelab
