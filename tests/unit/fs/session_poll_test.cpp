#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/epoll.h>

#include <array>

#include "tests/unit/fs/session_fixture.h"

namespace secretfs::fs {
namespace {

using testkit::TextEntry;

short Ready(int fd, int patience = 0) {
  pollfd wait{fd, POLLIN | POLLPRI, 0};
  ::poll(&wait, 1, patience);
  return wait.revents;
}

TEST_F(SessionTest, PollTellsOfANewerVersionUntilItIsOpenedAgain) {
  const UniqueFd old(::open(Path("dir/a").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(Ready(old.get()), POLLIN);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(Ready(old.get()), POLLIN) << "as often as one likes";
  std::jthread changer([this] {
    Publish(*entry_, "second");
    Announce();
  });
  pollfd wait{old.get(), POLLPRI, 0};  // not POLLIN, which is always there
  EXPECT_EQ(::poll(&wait, 1, kPatience), 1);
  EXPECT_EQ(wait.revents, POLLPRI | POLLERR);
  changer.join();
  EXPECT_EQ(Ready(old.get()), POLLIN | POLLPRI | POLLERR) << "it stays so";
  std::array<char, 16> buffer{};
  EXPECT_EQ(::read(old.get(), buffer.data(), buffer.size()), 5) << "the version that was opened";
  const UniqueFd reopened(::open(Path("dir/a").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(Ready(reopened.get()), POLLIN);
}

TEST_F(SessionTest, PollOfAnotherFileOrOwnerIsNotWoken) {
  const UniqueFd other(::open(Path("dir/beside").c_str(), O_RDONLY | O_CLOEXEC));
  const UniqueFd same(::open(Path("dir/a").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(Ready(other.get()), POLLIN);
  EXPECT_EQ(Ready(same.get()), POLLIN);
  Announce(false);
  EXPECT_EQ(Ready(other.get()), POLLIN);
  EXPECT_EQ(Ready(same.get()), POLLIN);
}

TEST_F(SessionTest, PollGoesByContentWhenDeclaredOtherwise) {
  const UniqueFd old(::open(Path("dir/a").c_str(), O_RDONLY | O_CLOEXEC));
  const EntryPtr other = TextEntry("dir/a");
  snapshots_.Publish(Tree({other}));
  EXPECT_EQ(Ready(old.get()), POLLIN) << "nothing newer is known";
  Publish(*other, "first");
  EXPECT_EQ(Ready(old.get()), POLLIN) << "the same content";
  Publish(*other, "second");
  EXPECT_EQ(Ready(old.get()), POLLIN | POLLPRI | POLLERR);
}

TEST_F(SessionTest, EpollIsWokenForEachOfSeveralDescriptors) {
  const UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  std::array<UniqueFd, 3> files;
  for (size_t i = 0; i < files.size(); ++i) {
    files[i] = UniqueFd(::open(Path("dir/a").c_str(), O_RDONLY | O_CLOEXEC));
    epoll_event event{};
    event.events = EPOLLPRI;
    event.data.u64 = i;
    ASSERT_EQ(::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, files[i].get(), &event), 0);
  }
  std::array<epoll_event, 3> got{};
  EXPECT_EQ(::epoll_wait(epoll.get(), got.data(), 3, 0), 0);
  files[2].reset();  // closed while it is polled
  std::jthread changer([this] {
    Publish(*entry_, "second");
    Announce();
  });
  std::set<uint64_t> told;
  while (told.size() < 2) {
    const int count = ::epoll_wait(epoll.get(), got.data(), 3, kPatience);
    ASSERT_GT(count, 0);
    for (int i = 0; i < count; ++i) told.insert(got[static_cast<size_t>(i)].data.u64);
  }
  EXPECT_EQ(told, (std::set<uint64_t>{0, 1}));
}

}  // namespace
}  // namespace secretfs::fs
