#include "remote/op_inject.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace secretfs::remote {
namespace {

using testing::HasSubstr;

/// What op makes of a template, with one value for each reference.
std::string Injected(std::string text, const std::vector<std::string>& values) {
  for (const std::string& value : values) {
    const size_t begin = text.find("{{ ");
    text.replace(begin, text.find(" }}") + 3 - begin, value);
  }
  return text;
}

OpReference Ref(const std::string& text) { return ParseOpReference(text).value(); }

TEST(OpTemplate, HasReferencesByIdForOp) {
  OpTemplate form;
  EXPECT_TRUE(form.Add(Ref("op://v/i/user name"), "vid", "iid"));
  EXPECT_TRUE(form.Add(Ref("op://v/i/s/key?ssh-format=openssh"), "vid", "iid"));
  EXPECT_THAT(form.Text(), HasSubstr("{{ op://vid/iid/user name }}"));
  EXPECT_THAT(form.Text(), HasSubstr("{{ op://vid/iid/s/key?ssh-format=openssh }}"));
}

TEST(OpTemplate, TakesNoCharactersThatOpCannotRead) {
  OpTemplate form;
  EXPECT_FALSE(form.Add(Ref("op://v/i/100%25"), "vid", "iid"));
  EXPECT_FALSE(form.Add(Ref("op://v/i/a%7d%7d"), "vid", "iid"));
  EXPECT_TRUE(form.Add(Ref("op://v%2f/i%2f/plain"), "vid", "iid"));
  EXPECT_EQ(form.Split(AsBytes(Injected(form.Text(), {"x"})))->size(), 1U);
}

TEST(OpTemplate, GivesEachValueWhateverItIs) {
  OpTemplate form;
  const std::vector<std::string> values{"plain", "", "two\nlines\n", "<0>{{ op://a/b/c }}"};
  for (size_t i = 0; i < values.size(); ++i) ASSERT_TRUE(form.Add(Ref("op://v/i/f"), "v", "i"));
  const std::string prefix = form.Text().substr(0, form.Text().find("{{"));
  std::string output;
  for (size_t i = 0; i <= values.size(); ++i) {
    std::string delimiter = prefix;
    delimiter.replace(delimiter.rfind(":0"), 2, ":" + std::to_string(i));
    output += delimiter + (i < values.size() ? values[i] : "\n");
  }
  const auto split = form.Split(AsBytes(output));
  ASSERT_TRUE(split) << split.error().Text();
  for (size_t i = 0; i < values.size(); ++i) EXPECT_EQ(AsText((*split)[i].Expose()), values[i]);
}

TEST(OpTemplate, RefusesWhatIsNotTheTemplate) {
  OpTemplate form;
  ASSERT_TRUE(form.Add(Ref("op://v/i/f"), "v", "i"));
  const std::string good = Injected(form.Text(), {"value"});
  EXPECT_TRUE(form.Split(AsBytes(good)));
  for (const std::string& output :
       {std::string(), good.substr(1), good.substr(0, good.size() / 2), "x" + good, good + "x"}) {
    EXPECT_FALSE(form.Split(AsBytes(output))) << output;
  }
  OpTemplate other;
  ASSERT_TRUE(other.Add(Ref("op://v/i/f"), "v", "i"));
  EXPECT_FALSE(other.Split(AsBytes(good)));
}

}  // namespace
}  // namespace secretfs::remote
