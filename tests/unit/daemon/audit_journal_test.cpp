#include "daemon/audit_journal.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <optional>

#include "tests/testkit/temp_dir.h"

namespace secretfs {
namespace {

/// The journal's side of the socket.
class FakeJournal {
 public:
  explicit FakeJournal(const std::string& path)
      : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }
  std::optional<std::string> Receive() const {
    std::array<char, 65536> buffer{};
    const ssize_t n = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (n < 0) return std::nullopt;
    return std::string(buffer.data(), static_cast<size_t>(n));
  }

 private:
  UniqueFd fd_;
};

class AuditJournalTest : public testing::Test {
 protected:
  testkit::TempDir folder_;
  std::string path_ = folder_.path() + "/socket";
  AuditJournal journal_{path_};
};

TEST_F(AuditJournalTest, SendsEachEntryAsADatagram) {
  const FakeJournal other_side(path_);
  journal_.Add("MESSAGE=one\n");
  journal_.Add("MESSAGE=two\n");
  ASSERT_TRUE(journal_.Flush());
  EXPECT_EQ(other_side.Receive(), "MESSAGE=one\n");
  EXPECT_EQ(other_side.Receive(), "MESSAGE=two\n");
  EXPECT_EQ(other_side.Receive(), std::nullopt);
  EXPECT_EQ(journal_.waiting(), 0U);
}

TEST_F(AuditJournalTest, WhatCannotBeSentWaitsUntilTheJournalIsThere) {
  journal_.Add("MESSAGE=early\n");
  EXPECT_FALSE(journal_.Flush());
  EXPECT_EQ(journal_.waiting(), 1U);
  const FakeJournal other_side(path_);
  EXPECT_TRUE(journal_.Flush());
  EXPECT_EQ(other_side.Receive(), "MESSAGE=early\n");
  EXPECT_EQ(journal_.lost(), 0U);
}

TEST_F(AuditJournalTest, AJournalThatWasStartedAnewIsFoundAtOnce) {
  {
    const FakeJournal first(path_);
    journal_.Add("MESSAGE=one\n");
    ASSERT_TRUE(journal_.Flush());
  }
  ::unlink(path_.c_str());
  const FakeJournal second(path_);
  journal_.Add("MESSAGE=two\n");
  EXPECT_TRUE(journal_.Flush());
  EXPECT_EQ(second.Receive(), "MESSAGE=two\n");
}

TEST_F(AuditJournalTest, AJournalThatDoesNotReadIsNotWaitedFor) {
  const FakeJournal other_side(path_);
  for (int i = 0; i < 400; ++i) journal_.Add("MESSAGE=" + std::to_string(i) + "\n");
  EXPECT_FALSE(journal_.Flush());
  EXPECT_GT(journal_.waiting(), 0U);
  int received = 0;
  for (int round = 0; round < 400 && received < 400; ++round) {
    while (const auto entry = other_side.Receive()) {
      EXPECT_EQ(*entry, "MESSAGE=" + std::to_string(received++) + "\n");
    }
    if (journal_.waiting() > 0) (void)journal_.Flush();
  }
  EXPECT_EQ(received, 400);
}

TEST_F(AuditJournalTest, BeyondSomeThousandsTheOldestGoAndAreCounted) {
  for (int i = 0; i < 10'003; ++i) journal_.Add(std::to_string(i));
  EXPECT_EQ(journal_.lost(), 3U);
  EXPECT_EQ(journal_.waiting(), 10'000U);
}

TEST_F(AuditJournalTest, AnEntryThatIsTooLargeHoldsNoOtherUp) {
  const FakeJournal other_side(path_);
  journal_.Add(std::string(size_t{16} << 20U, 'x'));
  journal_.Add("MESSAGE=next\n");
  EXPECT_TRUE(journal_.Flush());
  EXPECT_EQ(other_side.Receive(), "MESSAGE=next\n");
  EXPECT_EQ(journal_.lost(), 1U);
}

}  // namespace
}  // namespace secretfs
