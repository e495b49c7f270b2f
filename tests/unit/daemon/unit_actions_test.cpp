#include "daemon/unit_actions.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <csignal>
#include <cstring>

#include "base/unique_fd.h"
#include "tests/testkit/recording_log.h"
#include "tests/testkit/temp_dir.h"

namespace secretfs {
namespace {

using Action = OnChange::Action;

/// The helper's end.
class Receiver {
 public:
  explicit Receiver(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  }
  std::string Next() {
    pollfd wait{fd_.get(), POLLIN, 0};
    if (::poll(&wait, 1, 60'000) != 1) return "nothing";
    std::array<char, 1024> buffer{};
    const ssize_t n = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    return n < 0 ? "nothing" : std::string(buffer.data(), static_cast<size_t>(n));
  }

 private:
  UniqueFd fd_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
};

template <class Condition>
bool Comes(const Condition& condition) {
  for (int i = 0; i < 6000 && !condition(); ++i) ::poll(nullptr, 0, 10);
  return condition();
}

TEST(UnitActions, AreAskedForInTheirOrder) {
  const testkit::TempDir folder;
  testkit::RecordingLog log;
  Receiver receiver(folder / "sock");
  const auto actions = UnitActions::Make(folder / "sock", log);
  // More than a socket's queue holds.
  constexpr int kMany = 2000;
  for (int i = 0; i < kMany; ++i) {
    actions->Ask({Action::kRestart, "u" + std::to_string(i) + ".service"}, "secret");
  }
  actions->Ask({Action::kReload, "b.service"}, "secret");
  actions->Ask({Action::kSignal, "c.service", SIGHUP}, "db/password");
  for (int i = 0; i < kMany; ++i) {
    ASSERT_EQ(receiver.Next(), "restart u" + std::to_string(i) + ".service");
  }
  EXPECT_EQ(receiver.Next(), "reload b.service");
  EXPECT_EQ(receiver.Next(), "signal c.service 1");
  const std::string last = "info event=unit_asked action=signal unit=c.service secret=db/password";
  EXPECT_TRUE(Comes([&] { return log.lines().size() == kMany + 2; }));
  EXPECT_EQ(log.lines().back(), last);
}

TEST(UnitActions, WithoutTheHelperAreSaidAndTheHintOnce) {
  const testkit::TempDir folder;
  testkit::RecordingLog log;
  const auto actions = UnitActions::Make(folder / "sock", log);
  actions->Ask({Action::kRestart, "a.service"}, "x");
  actions->Ask({Action::kRestart, "b.service"}, "x");
  ASSERT_TRUE(Comes([&] { return log.lines().size() == 2; }));
  const auto lines = log.lines();
  EXPECT_NE(lines[0].find("event=unit_not_asked action=restart unit=a.service"), std::string::npos);
  EXPECT_NE(lines[0].find("secretfs-actor.socket"), std::string::npos);
  EXPECT_NE(lines[1].find("unit=b.service"), std::string::npos);
  EXPECT_EQ(lines[1].find("hint"), std::string::npos);
  const Receiver receiver(folder / "sock");  // installed at last
  actions->Ask({Action::kRestart, "c.service"}, "x");
  EXPECT_TRUE(Comes([&] { return log.lines().size() == 3; }));
  EXPECT_EQ(log.lines()[2], "info event=unit_asked action=restart unit=c.service secret=x");
}

TEST(UnitActions, EndWithoutWaitingForTheHelper) {
  const testkit::TempDir folder;
  testkit::RecordingLog log;
  const Receiver asleep(folder / "sock");
  const auto actions = UnitActions::Make(folder / "sock", log);
  for (int i = 0; i < 3000; ++i) actions->Ask({Action::kRestart, "a.service"}, "x");
}

}  // namespace
}  // namespace secretfs
