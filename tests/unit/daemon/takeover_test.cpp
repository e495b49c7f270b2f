#include "daemon/takeover.h"

#include <gtest/gtest.h>

#include "daemon/control.h"
#include "daemon/premount.h"
#include "daemon/supervisor.h"

namespace secretfs {
namespace {

using Order = SupervisorLink::Order;

TEST(SupervisorLink, HearsWhatIsSentAndTheEndOnce) {
  auto pair = MakeControlSocket();
  ASSERT_TRUE(pair);
  SupervisorLink link(std::move(pair->theirs));
  EXPECT_EQ(link.Next(), Order::kNone);
  for (const char word : {'g', 'l', 'e', '?'}) SendControl(pair->ours.get(), word);
  EXPECT_EQ(link.Next(), Order::kGo);
  EXPECT_EQ(link.Next(), Order::kLeave);
  EXPECT_EQ(link.Next(), Order::kEnd);
  EXPECT_EQ(link.Next(), Order::kNone);
  link.Say('h');
  char word = 0;
  EXPECT_EQ(ReceiveControl(pair->ours.get(), word), Heard::kMessage);
  EXPECT_EQ(word, 'h');
  pair->ours.reset();
  EXPECT_TRUE(link.there());
  EXPECT_EQ(link.Next(), Order::kGone);
  EXPECT_FALSE(link.there());
  EXPECT_EQ(link.fd(), -1);
  link.Say('h');  // to nobody
}

TEST(Legacy, IsReadAsItIsWritten) {
  const auto legacy = ParseLegacy("10,11,-1,1234,12,1235,13");
  ASSERT_TRUE(legacy);
  EXPECT_EQ(legacy->device, 10);
  EXPECT_EQ(legacy->root, -1);
  EXPECT_EQ(legacy->server, 1234);
  EXPECT_EQ(legacy->next_control, 13);
  for (const char* wrong : {"", "1,2,3", "1,2,3,4,5,6,7,8", "1,2,3,4,5,6,x", "1,2,3,4,5,6,7 "}) {
    EXPECT_FALSE(ParseLegacy(wrong)) << wrong;
  }
}

TEST(Unmount, IsForStopsThatNoStartFollows) {
  EXPECT_TRUE(IsRealStop("stop", {}));
  EXPECT_TRUE(IsRealStop("stop", {"exited", "0"}));
  EXPECT_TRUE(IsRealStop("", {"exited", "3"}));
  EXPECT_TRUE(IsRealStop("start", {"exited", "2"}));
  EXPECT_FALSE(IsRealStop("restart", {"exited", "3"}));
  EXPECT_FALSE(IsRealStop("restart", {"exited", "0"}));
  EXPECT_FALSE(IsRealStop("", {"killed", "KILL"}));
  EXPECT_FALSE(IsRealStop("", {"exited", "0"}));
  EXPECT_FALSE(IsRealStop("start", {"exited", "1"}));
}

}  // namespace
}  // namespace secretfs
