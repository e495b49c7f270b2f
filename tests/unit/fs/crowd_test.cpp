// More who wait than can be written down. A socket stands for the kernel, so that thousands of
// callers need no process.
#include <gtest/gtest.h>
#include <linux/fuse.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <functional>
#include <optional>
#include <thread>

#include "fs/bridge.h"
#include "fs/mount.h"
#include "fs/ops.h"
#include "fs/session.h"
#include "tests/testkit/entries.h"
#include "tests/testkit/fake_accounts.h"
#include "tests/testkit/fake_clock.h"
#include "tests/testkit/fake_loader.h"
#include "tests/testkit/recording_audit.h"

namespace secretfs::fs {
namespace {

constexpr size_t kCrowd = kSlotCount + 104;
constexpr uid_t kGreedy = 1000;
constexpr uid_t kOther = 1001;
constexpr uint32_t kHasResend = 1U << 7U;  // of `flags2`

struct Sockets {
  explicit Sockets(int type) {
    std::array<int, 2> pair{};
    EXPECT_EQ(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair.data()), 0);
    kernel = UniqueFd(pair[0]);
    device = UniqueFd(pair[1]);
  }
  UniqueFd kernel;
  UniqueFd device;
};

class CrowdTest : public testing::Test {
 protected:
  CrowdTest() {
    const EntryPtr missing = testkit::TextEntry("missing");
    snapshots_.Publish(Snapshot::Build({{missing, testkit::AccessFor(0, 0, 0444)}}, WallTime{}));
    inode_ = snapshots_.Load()->FindPath("missing")->inode;
  }
  template <class Body>
  void Send(uint32_t opcode, uint64_t unique, uint64_t node, uid_t user, const Body& body) {
    fuse_in_header head{};
    head.len = sizeof(head) + sizeof(body);
    head.opcode = opcode;
    head.unique = unique;
    head.nodeid = node;
    head.uid = user;
    std::array<std::byte, sizeof(head) + sizeof(body)> request{};
    std::memcpy(request.data(), &head, sizeof(head));
    std::memcpy(request.data() + sizeof(head), &body, sizeof(body));
    ASSERT_EQ(::send(sockets_->kernel.get(), request.data(), request.size(), 0),
              static_cast<ssize_t>(request.size()));
  }
  void SendInit(uint32_t flags2) {
    fuse_init_in init{};
    init.major = FUSE_KERNEL_VERSION;
    init.minor = FUSE_KERNEL_MINOR_VERSION;
    init.flags = FUSE_INIT_EXT;
    init.flags2 = flags2;
    Send(FUSE_INIT, 2, 0, 0, init);
    const auto reply = Receive();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->unique, 2U);
  }
  /// A reply; what is no reply is passed over. Nothing when there is none now, with MSG_DONTWAIT.
  std::optional<fuse_out_header> Receive(int flags = 0) {
    for (;;) {
      std::array<std::byte, 4096> reply{};
      fuse_out_header head{};
      const ssize_t size = ::recv(sockets_->kernel.get(), reply.data(), reply.size(), flags);
      if (size < static_cast<ssize_t>(sizeof(head))) return std::nullopt;
      std::memcpy(&head, reply.data(), sizeof(head));
      if (head.unique != 0) return head;
    }
  }
  /// How many of the requests are refused, once all are served.
  template <class Unique>
  size_t Refused(size_t count, uid_t user, const Unique& unique) {
    constexpr uint64_t kLast = 1'000'000'000;
    size_t refused = 0;
    const auto note = [&](const fuse_out_header& reply) {
      EXPECT_EQ(reply.error, -EAGAIN);
      ++refused;
    };
    for (size_t i = 0; i < count; ++i) {
      Send(FUSE_OPEN, unique(i), inode_, user, fuse_open_in{});
      while (const auto reply = Receive(MSG_DONTWAIT)) note(*reply);
    }
    Send(FUSE_GETATTR, kLast, FUSE_ROOT_ID, 0, fuse_getattr_in{});
    for (auto reply = Receive(); reply && reply->unique != kLast; reply = Receive()) note(*reply);
    return refused;
  }
  void Serve(const std::function<void()>& kernel) {
    sockets_.emplace(SOCK_SEQPACKET);
    Mount mount;
    mount.path = "/nowhere";
    mount.device = std::move(sockets_->device);
    auto session = Session::Create(mount, ops_, groups_, state_.get());
    ASSERT_TRUE(session) << session.error().Text();
    std::jthread serves([&] { EXPECT_TRUE((*session)->Serve()); });
    kernel();
    (*session)->Leave();
    ::shutdown(sockets_->kernel.get(), SHUT_WR);
    serves.join();
    wishes_ = loader_.wishes.size();
    loader_.wishes.clear();
  }

  testkit::FakeClock clock_;
  testkit::FakeAccounts accounts_;
  testkit::FakeLoader loader_;
  testkit::RecordingAudit audit_;
  SnapshotCell snapshots_{Snapshot::Build({}, WallTime{})};
  const Ops ops_{{snapshots_, loader_, accounts_, audit_, clock_}};
  ProcGroups groups_{clock_};
  UniqueFd memory_ = *State::Make();
  std::unique_ptr<State> state_ = *State::Open(memory_.get());
  std::optional<Sockets> sockets_;
  uint64_t inode_ = 0;
  size_t wishes_ = 0;
};

uint64_t Early(size_t i) { return 4 + 2 * i; }
uint64_t Late(size_t i) { return 100'000 + 2 * i; }

TEST_F(CrowdTest, IsNotRefusedIfTheKernelCanSendAgain) {
  Serve([this] {
    SendInit(kHasResend);
    EXPECT_EQ(Refused(kCrowd, kGreedy, Early), 0U);
    EXPECT_EQ(Refused(1, kOther, Late), 0U);
  });
  EXPECT_EQ(wishes_, kCrowd + 1);
  Serve([this] {
    EXPECT_EQ(Refused(kCrowd, kGreedy, [](size_t i) { return Early(i) | kResentMark; }), 0U)
        << "nor by the next server";
  });
  EXPECT_EQ(wishes_, kCrowd);
}

TEST_F(CrowdTest, OfOneUserLeavesSlotsForOthersElse) {
  Serve([this] {
    SendInit(0);
    EXPECT_EQ(Refused(kCrowd, kGreedy, Early), kCrowd - kSlotShare);
    EXPECT_EQ(Refused(10, kOther, Late), 0U);
  });
  EXPECT_EQ(wishes_, kSlotShare + 10);
}

TEST_F(CrowdTest, WhatCouldNotBeAnsweredIsKept) {
  Sockets sockets(SOCK_DGRAM);
  Device device(sockets.device.get());
  BridgeState bridge(ops_, groups_, device, state_.get(), true);
  const auto land = [&](uint64_t unique) {
    fuse_in_header head{};
    head.len = sizeof(head);
    head.opcode = FUSE_READ;
    head.unique = unique;
    std::memcpy(bridge.journal.landing().data(), &head, sizeof(head));
    bridge.journal.Landed(head.len);
    bridge.journal.EndTurn();
  };
  const auto reply = [&](uint64_t unique, size_t size) {
    Bytes body(size);
    fuse_out_header head{static_cast<uint32_t>(sizeof(head) + size), 0, unique};
    std::array<iovec, 2> parts{{{&head, sizeof(head)}, {body.data(), body.size()}}};
    return WriteReply(-1, parts.data(), 2, &bridge);
  };
  constexpr int kSmall = 4096;
  ::setsockopt(sockets.device.get(), SOL_SOCKET, SO_SNDBUF, &kSmall, sizeof(kSmall));
  land(2);
  EXPECT_EQ(reply(2, 1 << 20), -1);
  EXPECT_EQ(errno, EMSGSIZE);
  EXPECT_FALSE(bridge.journal.Keeps(2));
  fuse_out_header told{};
  ASSERT_EQ(::recv(sockets.kernel.get(), &told, sizeof(told), MSG_DONTWAIT),
            static_cast<ssize_t>(sizeof(told)));
  EXPECT_EQ(told.unique, 2U);
  EXPECT_EQ(told.error, -EIO) << "rather than nothing";
  land(4);
  sockets.kernel = {};
  EXPECT_EQ(reply(4, 8), -1);
  EXPECT_TRUE(bridge.journal.Keeps(4)) << "for the next server";
}

}  // namespace
}  // namespace secretfs::fs
