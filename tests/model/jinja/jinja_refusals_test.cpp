// What a template may not do, and how much of what it may.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "model/jinja/jinja_template.h"

namespace plelab {
namespace jinja_refusals_test {

using ::testing::HasSubstr;

JinjaValue ListOf(size_t count) { return {JinjaList(count, JinjaValue{int64_t{1}})}; }

std::string RefusalOf(const std::string& source, const JinjaMap& variables = {}) {
  try {
    RenderJinja(source, variables);
  } catch (const JinjaUnsupported& error) {
    return error.what();
  }
  return "not refused";
}

TEST(JinjaRefusals, SayWhereATemplateLeavesWhatItKnows) {
  const std::pair<const char*, const char*> cases[] = {
      {"{{ 'abc'[0] }}", "an index into a text"},
      {"{{ 'abc'[1:] }}", "a slice of what is not a list"},
      {"{{ 5 | length }}", "the length of a value that has none"},
      {"{{ l }}", "a list or a map that is shown as text"},
      {"{{ 'é' | upper }}", "the case of a letter beyond ASCII"},
      {"{{ x | default('a', 'b', 'c') }}", "the filter 'default'"},
      {"{{ 'a' | trim('b') }}", "the filter 'trim'"},
      {"{{ 1 is odd }}", "the test 'odd'"},
      {"{{ 'a'.strip('a') }}", "the method 'strip'"},
      {"{{ m.get() }}", "the method 'get'"},
      {"{{ 'a'.startswith() }}", "the method 'startswith'"},
      {"{{ 5 // 0 }}", "a product of negative or large numbers"},
      {"{{ 5 % 0 }}", "a product of negative or large numbers"},
      {"{{ -1 * 2 }}", "a product of negative or large numbers"},
      {"{{ 2 * -1 }}", "a product of negative or large numbers"},
      {"{{ 2147483649 * 1 }}", "a product of negative or large numbers"},
      {"{{ 1 * 2147483649 }}", "a product of negative or large numbers"},
      {"{{ 1234567890123456789 }}", "not a small integer"},
      {"{{ 1 + 'a' }}", "not an integer"},
      {"{{ 1 ! 2 }}", "the character '!' in a tag"},
      {"{{ 2 ** 3 }}", "'**' at this place"},
      {"{{ {'a': 1} }}", "'{' at this place"},
      {"{{ [1 2] }}", "'2' at this place"},
      {"{{ if }}", "'if' at this place"},
      {"{{ m.1 }}", "'1' at this place"},
      {"{{ 1 + }}", "not complete"},
      {"{{ 1 +}}", "not complete"},
      {"{{ m. }}", "not complete"},
      {"{{ raise_exception() }}", "without one message"},
      {"{{ raise_exception('a', 'b') }}", "without one message"},
      {"{{ raise_exception(message='a') }}", "the named argument 'message'"},
      {"{{ namespace(1) }}", "namespace() of something without a name"},
      {"{{ [m] }}", "a map or a list within another"},
      {"{% set x.y = 1 %}", "'x', which is no namespace"},
      {"{% set n = namespace() %}{% for n in [1] %}{% set n.y = 2 %}{% endfor %}",
       "'n', which is no namespace"},
      {"{% set x %}a{% endset %}", "the statement 'set'"},
      {"{% set a = %}", "a 'set' other than"},
      {"{% set 1 = 2 %}", "a 'set' other than"},
      {"{% set a, b = 1, 2 %}", "a 'set' other than"},
      {"{% set n.a = %}", "a 'set' other than"},
      {"{% for x in m %}{% endfor %}", "a 'for' over what is not a list"},
      {"{% for x in %}{% endfor %}", "a 'for' other than"},
      {"{% for x of l %}{% endfor %}", "a 'for' other than"},
      {"{% for 1 in l %}{% endfor %}", "a 'for' other than"},
      {"{% for x in l %}a{% else %}b{% endfor %}", "a 'for' other than"},
      {"{% for x in l %}", "without its {% endfor %}"},
      {"{% %}", "an empty tag"},
      {"{% 1 %}", "an empty tag"},
      {"{{", "a tag that is not closed"},
      {"{{ 1 -", "a tag that is not closed"},
      {"{#", "a comment that is not closed"},
      {"{{ 'a\\x' }}", "an escape other than"},
      {"{{ 'a\\", "an escape other than"},
  };
  const JinjaMap some = {{"l", ListOf(1)}, {"m", {JinjaMap{{"a", {int64_t{1}}}}}}};
  for (const auto& [source, expected] : cases) {
    EXPECT_THAT(RefusalOf(source, some), HasSubstr(expected)) << source;
  }
}

// What is still accepted, and one more.
TEST(JinjaRefusals, ComeRightBehindTheLimits) {
  const auto times = [](int count, const std::string& text) {
    std::string all;
    for (int i = 0; i < count; ++i) all += text;
    return all;
  };
  EXPECT_EQ(RenderJinja("{{ -1" + times(199, " + 1") + " }}", {}), "198");
  EXPECT_THAT(RefusalOf("{{ 1" + times(200, " + 1") + " }}"), HasSubstr("more than 400 parts"));
  EXPECT_EQ(RenderJinja(times(50, "{% if true %}") + "x" + times(50, "{% endif %}"), {}), "x");
  EXPECT_THAT(RefusalOf(times(51, "{% if true %}") + "x" + times(51, "{% endif %}")), HasSubstr("50 deep"));
  const std::string most(65'536, 's');
  EXPECT_EQ(RenderJinja("{{ s }}", {{"s", {most}}}), most);
  EXPECT_THAT(RefusalOf("{{ s }}s", {{"s", {most}}}), HasSubstr("more than 64 KiB"));
  const std::string loop = "{% for a in l %}{{ '' }}{% endfor %}";  // one statement, and one for each item
  EXPECT_EQ(RenderJinja(loop, {{"l", ListOf(99'999)}}), "");
  EXPECT_THAT(RefusalOf(loop, {{"l", ListOf(100'000)}}), HasSubstr("more than 100,000 statements"));
}

}  // namespace jinja_refusals_test
}  // namespace plelab
