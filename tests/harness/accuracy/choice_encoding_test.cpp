#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/accuracy/choice_task.h"
#include "model/base/error.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace choice_encoding_test {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::TemporaryFolder;
using testing::WriteText;

TEST(ChoiceEncoding, ATaskThatIsNotUtf8IsRefusedByItsLineAndByte) {
  const TemporaryFolder folder;
  const std::string good = R"({"context": "It is", "choices": ["a", "b"], "gold": 0})";
  WriteText(folder / "t.jsonl",
            good + "\n{\"context\": \"caf\xE9\", \"choices\": [\"a\", \"b\"], \"gold\": 0}\n");
  try {
    ReadChoiceTask(folder / "t.jsonl");
    FAIL();
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("t.jsonl: byte 0xE9 at offset 71, line 2 is not UTF-8; "),
                                    HasSubstr("iconv -f ENCODING -t UTF-8")));
  }
}

}  // namespace choice_encoding_test
}  // namespace plelab
