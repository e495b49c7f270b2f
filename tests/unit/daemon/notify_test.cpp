#include "daemon/notify.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/unique_fd.h"
#include "tests/testkit/temp_dir.h"

namespace secretfs {
namespace {

class NotifierTest : public testing::Test {
 protected:
  NotifierTest() {
    const std::string path = folder_ / "notify";
    ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    EXPECT_EQ(::bind(manager_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }
  ~NotifierTest() override { ::unsetenv("NOTIFY_SOCKET"); }
  /// What the manager hears next; "" when there is nothing.
  std::string Hear() {
    std::array<char, 100> text{};
    const ssize_t n = ::recv(manager_.get(), text.data(), text.size(), MSG_DONTWAIT);
    return {text.data(), n < 0 ? 0 : static_cast<size_t>(n)};
  }

  testkit::TempDir folder_;
  const UniqueFd manager_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
};

TEST_F(NotifierTest, TellsTheManager) {
  Notifier notifier;
  notifier.Tell("READY=1");
  notifier.Mention("WATCHDOG=1");
  EXPECT_EQ(Hear(), "READY=1");
  EXPECT_EQ(Hear(), "WATCHDOG=1");
  EXPECT_EQ(Hear(), "");
}

TEST_F(NotifierTest, NeverWaitsForAManagerThatDoesNotListen) {
  Notifier notifier;
  for (int i = 0; i < 10'000; ++i) notifier.Mention("WATCHDOG=1");
  notifier.Tell("FDSTOREREMOVE=1");
  notifier.Tell("STOPPING=1");
  while (Hear() == "WATCHDOG=1") {
  }
  EXPECT_EQ(Hear(), "");
  notifier.Flush();
  EXPECT_EQ(Hear(), "FDSTOREREMOVE=1");
  EXPECT_EQ(Hear(), "STOPPING=1");
}

TEST(Notifier, SaysNothingWithoutAManager) {
  ::unsetenv("NOTIFY_SOCKET");
  Notifier notifier;
  notifier.Tell("READY=1");
  notifier.Flush();
}

}  // namespace
}  // namespace secretfs
