#include "core/keeper_message.h"

#include <gtest/gtest.h>

namespace secretfs {
namespace {

using Kind = KeeperRequest::Kind;

/// A frame without its head, which must tell its length.
Bytes Body(const Bytes& frame, size_t more = 0) {
  EXPECT_EQ(FrameSize(ByteView(frame).first(kFrameHead)).value(), frame.size() - kFrameHead + more);
  return {frame.begin() + kFrameHead, frame.end()};
}

TEST(KeeperMessage, CarriesWhatIsWanted) {
  const KeeperRequest request{Kind::kWanted, {{"a", "/etc/a"}, {"b/c", "/etc/b"}}, {{"a", "/r/a"}}};
  const auto parsed = ParseKeeperRequest(Body(KeeperFrame(request)));
  ASSERT_TRUE(parsed) << parsed.error().Text();
  EXPECT_EQ(parsed->kind, Kind::kWanted);
  EXPECT_EQ(parsed->links, request.links);
  EXPECT_EQ(parsed->copies, request.copies);
  EXPECT_TRUE(parsed->content.empty());
}

TEST(KeeperMessage, CarriesACopyWhoseContentFollows) {
  const ByteView content = AsBytes("value");
  Bytes body = Body(KeeperFrame({Kind::kCopy, {}, {{"a", "/r/a"}}, content}), content.size());
  body.insert(body.end(), content.begin(), content.end());
  const auto parsed = ParseKeeperRequest(body);
  ASSERT_TRUE(parsed) << parsed.error().Text();
  EXPECT_EQ(parsed->copies, (std::vector<Kept>{{"a", "/r/a"}}));
  EXPECT_EQ(AsText(parsed->content), "value");
}

TEST(KeeperMessage, CarriesAnswers) {
  const KeeperAnswer answer{{{Code::kPermission, "may not", "/etc/a", "try"}}, {"/r/a", "/r/b"}};
  const auto parsed = ParseKeeperAnswer(Body(KeeperFrame(answer)));
  ASSERT_TRUE(parsed) << parsed.error().Text();
  ASSERT_EQ(parsed->problems.size(), 1U);
  EXPECT_EQ(parsed->problems[0].code, Code::kPermission);
  EXPECT_EQ(parsed->problems[0].Text(), "/etc/a: may not");
  EXPECT_EQ(parsed->problems[0].hint, "try");
  EXPECT_EQ(parsed->missing, answer.missing);
}

TEST(KeeperMessage, RefusesWhatIsCutOrTooLong) {
  const Bytes wanted = Body(KeeperFrame({Kind::kWanted, {{"a", "/b"}}, {{"a", "/r/a"}}}));
  for (size_t size = 0; size < wanted.size(); ++size) {
    EXPECT_FALSE(ParseKeeperRequest(ByteView(wanted).first(size))) << size;
  }
  Bytes longer = wanted;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(ParseKeeperRequest(longer));
  EXPECT_FALSE(ParseKeeperRequest(Body(KeeperFrame({Kind::kCopy, {}, {}}))));
  EXPECT_FALSE(
      ParseKeeperRequest(Body(KeeperFrame({Kind::kCopy, {}, {{"a", "/a"}, {"b", "/b"}}}))));
  EXPECT_EQ(FrameSize(AsBytes("\xFF\xFF\xFF\xFF")).error().code, Code::kTooLarge);
}

}  // namespace
}  // namespace secretfs
