#include "remote/helper_answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testkit/secret_text.h"

namespace secretfs::remote {
namespace {

using testing::HasSubstr;
using testing::SizeIs;
using testkit::TextOf;

const Error kMissing{Code::kUnavailable, "missing", "", ""};

std::vector<FetchedSecret> Answered(const std::vector<std::string>& refs,
                                    const std::vector<std::string>& lines) {
  HelperAnswers answers(refs);
  for (const std::string& line : lines) EXPECT_TRUE(answers.Take(AsBytes(line))) << line;
  return std::move(answers).Finish(kMissing);
}

Result<SecretBytes> AnswerOf(const std::string& line) {
  auto all = Answered({"a"}, {line});
  return std::move(all.at(0).value);
}

Error Fails(const std::string& line) {
  HelperAnswers answers({"a"});
  const Status taken = answers.Take(AsBytes(line));
  EXPECT_FALSE(taken) << line;
  return taken ? Error{} : taken.error();
}

TEST(HelperRequest, IsALineOfJson) {
  EXPECT_EQ(HelperRequest({"a", "b \"c\"\n"}), "{\"refs\":[\"a\",\"b \\\"c\\\"\\n\"]}\n");
}

TEST(HelperAnswers, GiveEachReferenceItsValue) {
  const auto all = Answered(
      {"a", "b", "c"}, {R"({"ref":"b","value_b64":"AAEC"})", R"({"ref":"a","value":"text\n"})", "",
                        " \r", R"({"ref":"c","value":"","more":[1]})"});
  ASSERT_THAT(all, SizeIs(3));
  EXPECT_EQ(all[0].ref, "a");
  EXPECT_EQ(TextOf(all[0].value), "text\n");
  EXPECT_EQ(TextOf(all[1].value), std::string("\0\1\2", 3));
  EXPECT_EQ(TextOf(all[2].value), "");
}

TEST(HelperAnswers, GiveEachReferenceItsError) {
  const std::vector<std::pair<std::string, Code>> classes{
      {"unavailable", Code::kUnavailable}, {"timeout", Code::kTimeout},
      {"limited", Code::kLimited},         {"refused", Code::kRefused},
      {"permission", Code::kPermission},   {"not_found", Code::kNotFound},
      {"invalid", Code::kInvalid},         {"of tomorrow", Code::kUnavailable}};
  for (const auto& [name, code] : classes) {
    const auto value =
        AnswerOf(R"({"ref":"a","error":"no\u001b way","retry_after":7.5,"class":")" + name + "\"}");
    ASSERT_FALSE(value);
    EXPECT_EQ(value.error().code, code) << name;
    EXPECT_EQ(value.error().what, "no\\x1b way");
    EXPECT_EQ(value.error().retry_after, std::chrono::seconds(7));
  }
  EXPECT_EQ(AnswerOf(R"({"ref":"a","error":"x"})").error().code, Code::kUnavailable);
  EXPECT_EQ(AnswerOf(R"({"ref":"a","error":"x","retry_after":1e300})").error().retry_after,
            std::chrono::hours(24));
  EXPECT_EQ(AnswerOf(R"({"ref":"a","error":"x","retry_after":-1})").error().retry_after.count(), 0);
  EXPECT_THAT(AnswerOf(R"({"ref":"a","error":")" + std::string(5000, 'x') + "\"}").error().what,
              SizeIs(200));
}

TEST(HelperAnswers, AMalformedValueFailsItsReferenceAlone) {
  for (const std::string line :
       {R"({"ref":"a"})", R"({"ref":"a","value":1})", R"({"ref":"a","value_b64":"AA"})",
        R"({"ref":"a","value_b64":"AA==\n"})", R"({"ref":"a","value_b64":[]})",
        R"({"ref":"a","value":"x","error":"y"})", R"({"ref":"a","value":"x","value_b64":""})"}) {
    const auto value = AnswerOf(line);
    ASSERT_FALSE(value) << line;
    EXPECT_EQ(value.error().code, Code::kIo) << line;
  }
}

TEST(HelperAnswers, TwoAnswersForOneReferenceAreNone) {
  const auto all = Answered({"a", "b"}, {R"({"ref":"a","value":"1"})", R"({"ref":"b","value":"2"})",
                                         R"({"ref":"a","value":"3"})"});
  EXPECT_THAT(TextOf(all[0].value), HasSubstr("two answers"));
  EXPECT_EQ(TextOf(all[1].value), "2");
}

TEST(HelperAnswers, PassOverWhatWasNotAskedFor) {
  const auto all = Answered({"a"}, {R"({"ref":"z","value":"1"})", R"({"ref":"a","value":"2"})"});
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(TextOf(all[0].value), "2");
}

TEST(HelperAnswers, WhatHasNoAnswerIsMissing) {
  const auto all = Answered({"a", "b"}, {R"({"ref":"b","value":"1"})", R"({"done":true})"});
  EXPECT_EQ(TextOf(all[0].value), "error: missing");
}

TEST(HelperAnswers, AreCompleteWhenAllAreAnsweredOrTheHelperIsDone) {
  HelperAnswers answers({"a", "b"});
  EXPECT_FALSE(answers.complete());
  EXPECT_FALSE(answers.any());
  EXPECT_TRUE(answers.Take(AsBytes(R"({"ref":"a","error":"x"})")));
  EXPECT_TRUE(answers.any());
  EXPECT_FALSE(answers.complete());
  EXPECT_TRUE(answers.Take(AsBytes(R"({"ref":"b","value":"x"})")));
  EXPECT_TRUE(answers.complete());
  EXPECT_FALSE(answers.done());
  HelperAnswers others({"a"});
  EXPECT_TRUE(others.Take(AsBytes(R"({"done":true})")));
  EXPECT_TRUE(others.complete());
}

TEST(HelperAnswers, WhatIsNoAnswerEndsThem) {
  for (const std::string line : {"no JSON", "[]", "1", "{}", R"({"done":false})", R"({"ref":1})",
                                 R"({"ref":"a","value":"x"} {"ref":"a"})", "{\"ref\":\"\xff\"}"}) {
    const Error error = Fails(line);
    EXPECT_EQ(error.code, Code::kIo) << line;
  }
}

TEST(HelperAnswers, AnErrorForNoReferenceEndsThemWithItsClass) {
  const Error error = Fails(R"({"error":"not today","class":"limited","retry_after":60})");
  EXPECT_EQ(error.code, Code::kLimited);
  EXPECT_EQ(error.what, "not today");
  EXPECT_EQ(error.retry_after, std::chrono::minutes(1));
}

TEST(HelperAnswers, NeverQuoteWhatCannotBeRead) {
  EXPECT_THAT(Fails(R"({"ref":"a","value":"hush)").what, testing::Not(HasSubstr("hush")));
}

TEST(HelperAnswers, AreNotMoreThanWereAskedFor) {
  HelperAnswers answers({"a"});
  for (int i = 0; i < 66; ++i) ASSERT_TRUE(answers.Take(AsBytes(R"({"ref":"z","value":""})")));
  EXPECT_FALSE(answers.Take(AsBytes(R"({"ref":"z","value":""})")));
}

}  // namespace
}  // namespace secretfs::remote
