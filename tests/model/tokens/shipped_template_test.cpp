#include "model/tokens/shipped_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "model/base/error.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace shipped_template_test {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::TemporaryFolder;
using testing::WriteText;

class ShippedTemplateFolder : public ::testing::Test {
 protected:
  void Write(const std::string& name, const std::string& text) const { WriteText(folder_ / name, text); }
  std::string Text() const {
    const auto found = FindChatTemplate(folder_ / "");
    return found ? found->text : "none";
  }
  std::string ErrorOf() const {
    try {
      return "found " + Text();
    } catch (const UserError& error) {
      return error.what();
    }
  }

  TemporaryFolder folder_;
};

// The order is that in which the reference's processor and then its tokenizer look.
TEST_F(ShippedTemplateFolder, IsTheFirstThatTheReferenceFinds) {
  EXPECT_EQ(Text(), "none");
  Write("tokenizer_config.json", R"({"bos_token": "<bos>", "chat_template": null})");
  EXPECT_EQ(Text(), "none");
  Write("tokenizer_config.json", R"({"chat_template": "of the tokenizer"})");
  EXPECT_EQ(Text(), "of the tokenizer");
  std::filesystem::create_directory(folder_ / "additional_chat_templates");
  Write("additional_chat_templates/default.jinja", "of the folder");
  EXPECT_EQ(Text(), "of the folder");
  Write("chat_template.jinja", "of the file");
  EXPECT_EQ(Text(), "of the file");
  Write("chat_template.json", R"({"chat_template": "of the old file"})");
  EXPECT_EQ(Text(), "of the old file");
  Write("processor_config.json", R"({"chat_template": "of the processor"})");
  EXPECT_EQ(Text(), "of the processor");
}

TEST_F(ShippedTemplateFolder, OfSeveralIsTheDefault) {
  Write("tokenizer_config.json", R"({"chat_template": [{"name": "tool_use", "template": "t"},
                                                       {"name": "default", "template": "d"}]})");
  EXPECT_EQ(Text(), "d");
  EXPECT_THAT(FindChatTemplate(folder_ / "")->place, HasSubstr("tokenizer_config.json: 'chat_template'"));
  Write("tokenizer_config.json", R"({"chat_template": {"rag": "r", "default": "d"}})");
  EXPECT_EQ(Text(), "d");
  Write("tokenizer_config.json", R"({"chat_template": [{"name": "tool_use", "template": "t"},
                                                       {"name": "rag", "template": "d"}]})");
  EXPECT_THAT(ErrorOf(), AllOf(HasSubstr("has the chat templates rag, tool_use, and none named 'default'"),
                               HasSubstr("scripts/render_chat.py --template NAME")));
}

TEST_F(ShippedTemplateFolder, ThatIsDamagedIsTheUsersMistake) {
  for (const char* text : {"{", "[1]", R"({"chat_template": 7})", R"({"chat_template": [1]})",
                           R"({"chat_template": [{"name": "default"}]})",
                           R"({"chat_template": [{"name": "default", "template": 1}]})"}) {
    Write("tokenizer_config.json", text);
    EXPECT_THAT(ErrorOf(), HasSubstr("tokenizer_config.json: ")) << text;
  }
  std::filesystem::create_directory(folder_ / "chat_template.jinja");
  EXPECT_THAT(ErrorOf(), HasSubstr("chat_template.jinja: expected a regular file, found a folder"));
}

TEST_F(ShippedTemplateFolder, WithoutADefaultNamesTheOthers) {
  std::filesystem::create_directory(folder_ / "additional_chat_templates");
  Write("additional_chat_templates/readme.txt", "no template");
  Write("tokenizer_config.json", R"({"chat_template": "of the tokenizer"})");
  EXPECT_EQ(Text(), "of the tokenizer");
  Write("additional_chat_templates/tools.jinja", "t");
  Write("additional_chat_templates/rag.jinja", "r");
  EXPECT_THAT(ErrorOf(), HasSubstr("additional_chat_templates: has the chat templates rag, tools, and none"));
}

TEST_F(ShippedTemplateFolder, SaysWhatStandsInItsPlace) {
  const std::pair<const char*, const char*> cases[] = {
      {"[1]", "processor_config.json: expected a JSON object"},
      {R"({"chat_template": 7})", "'chat_template': expected a template in Jinja, found number"},
      {R"({"chat_template": {"default": [1]}})",
       "'chat_template': expected a template in Jinja, found array"},
      {R"({"chat_template": [{"name": 1, "template": "t"}]})", "expected a list of objects with 'name' and"},
      {R"({"chat_template": [{"name": "default"}]})",
       "expected a list of objects with 'name' and 'template'"}};
  for (const auto& [text, expected] : cases) {
    Write("processor_config.json", text);
    EXPECT_THAT(ErrorOf(), HasSubstr(expected)) << text;
  }
  Write("processor_config.json", R"({"image_seq_length": 256})");
  EXPECT_EQ(Text(), "none");
}

}  // namespace shipped_template_test
}  // namespace plelab
