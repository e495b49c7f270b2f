#include "daemon/takeover.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include <csignal>

#include "daemon/control.h"
#include "daemon/legacy.h"
#include "daemon/premount.h"

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

TEST(SupervisorLink, TellsOfAConnectionThatIsLostAndOfNoOtherError) {
  auto pair = MakeControlSocket();
  ASSERT_TRUE(pair);
  const SupervisorLink link(std::move(pair->theirs));
  char word = 0;
  for (const Code code : {Code::kResource, Code::kIo, Code::kPermission, Code::kNotFound}) {
    EXPECT_FALSE(link.Told(Status(Error{code, "not now", "", ""})));
    EXPECT_EQ(ReceiveControl(pair->ours.get(), word), Heard::kNothing);
  }
  for (const Code code : {Code::kUnsupported, Code::kInvalid}) {
    EXPECT_FALSE(link.Told(Status(Error{code, "never", "", ""})));
    EXPECT_EQ(ReceiveControl(pair->ours.get(), word), Heard::kMessage);
    EXPECT_EQ(word, 'x');
  }
  EXPECT_TRUE(link.Told(Status(Ok{})));
  EXPECT_EQ(ReceiveControl(pair->ours.get(), word), Heard::kNothing);
}

TEST(Preparing, SaysThatItLivesAtOnce) {
  auto pair = MakeControlSocket();
  ASSERT_TRUE(pair);
  const Preparing preparing(pair->theirs.get());
  char word = 0;
  EXPECT_EQ(::recv(pair->ours.get(), &word, 1, 0), 1);
  EXPECT_EQ(word, 'b');
}

TEST(AwaitGo, RemembersAHangup) {
  auto pair = MakeControlSocket();
  ASSERT_TRUE(pair);
  SupervisorLink link(std::move(pair->theirs));
  sigset_t hangup;
  sigset_t before;
  sigemptyset(&hangup);
  sigaddset(&hangup, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &hangup, &before);
  const UniqueFd received(::signalfd(-1, &hangup, SFD_CLOEXEC));
  const sigval nothing{};
  pthread_sigqueue(pthread_self(), SIGHUP, nothing);
  SendControl(pair->ours.get(), 'g');
  const Going going = AwaitGo(link, received.get());
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  EXPECT_TRUE(going.go);
  EXPECT_TRUE(going.reload);
}

TEST(Legacy, IsReadAsItIsWritten) {
  const auto legacy = ParseLegacy("10,11,-1,1234,12,1235,13,-900");
  ASSERT_TRUE(legacy);
  EXPECT_EQ(legacy->device, 10);
  EXPECT_EQ(legacy->root, -1);
  EXPECT_EQ(legacy->server, 1234);
  EXPECT_EQ(legacy->next_control, 13);
  EXPECT_EQ(legacy->oom_score, -900);
  EXPECT_EQ(LegacyText(*legacy), "10,11,-1,1234,12,1235,13,-900");
  EXPECT_FALSE(ParseLegacy(LegacyText({}))->oom_score);
  for (const char* wrong :
       {"", "1,2,3", "1,2,3,4,5,6,7,8,9", "1,2,3,4,5,6,7,x", "1,2,3,4,5,6,7,8 "}) {
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
