#include "tests/unit/fs/takeover.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include <cstdio>
#include <set>

#include "fs/mount_table.h"
#include "fs/negotiation.h"
#include "fs/request.h"

namespace secretfs::fs {
namespace {

const Texts kFirst{{"dir/a", "first"}, {"dir/b", "beside"}};

TEST_F(TakeoverTest, OpenFilesAndNewOnesGoOn) {
  Server one(mount_, state_.get(), kFirst);
  const UniqueFd open = Open("dir/a");
  EXPECT_EQ(Reader(open.get()).Said(), "first");
  EXPECT_TRUE(state_->begun());
  one.Leave();
  EXPECT_TRUE(one.served);
  Server two(mount_, state_.get(), kFirst);
  ASSERT_FALSE(two.refused) << two.refused->Text();
  EXPECT_EQ(Reader(open.get()).Said(), "first");
  EXPECT_EQ(ReadAll("dir/a"), "first");
  EXPECT_EQ(state_->counters().generations, 2U);
  EXPECT_EQ(state_->counters().restored, 1U);
  two.Leave();
  Server three(mount_, state_.get(), kFirst);
  EXPECT_EQ(Reader(open.get()).Said(), "first");
}

TEST_F(TakeoverTest, WhoIsAbandonedIsLetGoThoughSomebodyKeepsTheDevice) {
  { const Server server(mount_, state_.get(), kFirst); }
  Reader reader(Path("dir/a"));
  EXPECT_GT(TakeAndDie(), 0U);
  EXPECT_FALSE(reader.ended());
  EXPECT_TRUE(Abandon(mount_.path));  // the device is open still
  EXPECT_EQ(reader.Said(), '#' + std::to_string(ECONNABORTED));
  EXPECT_FALSE(*FindMount(mount_.path));
}

TEST_F(TakeoverTest, WhatChangedMeanwhileIsStale) {
  auto one = std::make_unique<Server>(mount_, state_.get(), kFirst);
  const UniqueFd a = Open("dir/a");
  const UniqueFd b = Open("dir/b");
  const UniqueFd gone = Open("dir/b");
  EXPECT_EQ(Reader(a.get()).Said(), "first");
  one.reset();
  one = std::make_unique<Server>(mount_, state_.get(), Texts{{"dir/a", "other"}});
  EXPECT_EQ(Reader(a.get()).Said(), "#" + std::to_string(ESTALE)) << "never other bytes";
  EXPECT_EQ(Reader(gone.get()).Said(), "#" + std::to_string(ESTALE));
  EXPECT_EQ(state_->counters().stale, 2U);
  EXPECT_EQ(state_->not_reopened(ReopenFailure::Reason::kChanged), 1U);
  EXPECT_EQ(state_->not_reopened(ReopenFailure::Reason::kGone), 1U);
  EXPECT_EQ(ReadAll("dir/a"), "other");
  one.reset();
  one = std::make_unique<Server>(mount_, state_.get(), kFirst);
  EXPECT_EQ(Reader(a.get()).Said(), "first") << "its version is back";
  EXPECT_EQ(Reader(b.get()).Said(), "beside");
}

TEST_F(TakeoverTest, WithoutAFingerprintItIsStale) {
  auto one = std::make_unique<Server>(mount_, state_.get(), Texts{{"a", std::nullopt}});
  one->entries["a"]->Publish(testkit::MakeTestValue("same"), one->clock.Steady(),
                             one->clock.Wall());
  const UniqueFd a = Open("a");
  EXPECT_EQ(Reader(a.get()).Said(), "same");
  one.reset();
  one = std::make_unique<Server>(mount_, state_.get(), Texts{{"a", "same"}});
  EXPECT_EQ(Reader(a.get()).Said(), "#" + std::to_string(ESTALE));
  EXPECT_EQ(state_->not_reopened(ReopenFailure::Reason::kUnknown), 1U);
}

TEST_F(TakeoverTest, WhatCannotBeHadForTheMomentIsNotStale) {
  auto one = std::make_unique<Server>(mount_, state_.get(), kFirst);
  const UniqueFd a = Open("dir/a");
  ASSERT_TRUE(a);
  one.reset();
  Server two(mount_, state_.get(), Texts{{"dir/a", std::nullopt}});
  const auto said = [&](const Error& error) {
    Reader reader(a.get());
    EXPECT_TRUE(Becomes([&] { return two.loader.waiting() == 1; }));
    two.loader.Answer(error);
    return reader.Said();
  };
  EXPECT_EQ(said({Code::kTimeout, "late", "", ""}), "#" + std::to_string(ETIMEDOUT));
  EXPECT_EQ(said({Code::kResource, "no memory", "", ""}), "#" + std::to_string(ENOMEM));
  EXPECT_EQ(state_->counters().stale, 0U);
  EXPECT_EQ(state_->not_reopened(ReopenFailure::Reason::kLate), 1U);
  EXPECT_EQ(state_->not_reopened(ReopenFailure::Reason::kFailed), 1U);
  EXPECT_EQ(two.not_reopened, 2);
  PublishMarked(*two.entries["dir/a"], "first");
  EXPECT_EQ(Reader(a.get()).Said(), "first");
}

TEST_F(TakeoverTest, WhoLeavesNotesNoFailureOfWhatTheNextOneGoesOnWith) {
  auto one = std::make_unique<Server>(mount_, state_.get(), kFirst);
  const UniqueFd a = Open("dir/a");
  ASSERT_TRUE(a);
  one.reset();
  Server two(mount_, state_.get(), Texts{{"dir/a", std::nullopt}});
  Reader reader(a.get());
  ASSERT_TRUE(Becomes([&] { return two.loader.waiting() == 1; }));
  two.session->Leave();
  ASSERT_TRUE(Becomes([&] { return two.served.load(); }));
  two.loader.Answer(Error{Code::kUnavailable, "secretfs is stopping", "", ""});
  EXPECT_FALSE(reader.ended());
  EXPECT_EQ(state_->not_reopened(ReopenFailure::Reason::kFailed), 0U);
  EXPECT_EQ(two.not_reopened, 0);
  two.Leave();
  Server three(mount_, state_.get(), kFirst);
  EXPECT_EQ(reader.Said(), "first");
}

TEST_F(TakeoverTest, ClosedFilesLeaveNothing) {
  Server one(mount_, state_.get(), kFirst);
  {
    const UniqueFd a = Open("dir/a");
    const UniqueFd dir = Open("dir");
    EXPECT_EQ(used_records(), 1U) << "none of the folder";
    one.Leave();
  }
  Server two(mount_, state_.get(), kFirst);
  EXPECT_TRUE(Becomes([&] { return used_records() == 0; })) << "a RELEASE that the next one gets";
}

TEST_F(TakeoverTest, AValueThatIsNotThereYetIsWaitedFor) {
  auto one = std::make_unique<Server>(mount_, state_.get(), kFirst);
  const UniqueFd a = Open("dir/a");
  ASSERT_TRUE(a);
  one.reset();
  Server two(mount_, state_.get(), Texts{{"dir/a", std::nullopt}});
  Reader reader(a.get());
  ASSERT_TRUE(Becomes([&] { return used_slots() == 1; }));
  EXPECT_FALSE(reader.ended());
  PublishMarked(*two.entries["dir/a"], "first");
  two.loader.Answer(two.entries["dir/a"]->value());
  EXPECT_EQ(reader.Said(), "first");
  EXPECT_EQ(used_slots(), 0U);
}

class RecoveryTest : public TakeoverTest, public testing::WithParamInterface<Recovery> {};

TEST_P(RecoveryTest, WhoWaitedForTheFirstIsAnsweredByTheSecond) {
  auto one = std::make_unique<Server>(mount_, state_.get(),
                                      Texts{{"a", std::nullopt}, {"b", std::nullopt}}, GetParam());
  Reader waits(Path("a"));
  Reader waits_too(Path("b"));
  ASSERT_TRUE(Becomes([&] { return one->loader.waiting() == 2; }));
  one.reset();
  EXPECT_FALSE(waits.ended());
  Server two(mount_, state_.get(), Texts{{"a", "found"}, {"b", "too"}}, GetParam());
  EXPECT_EQ(waits.Said(), "found");
  EXPECT_EQ(waits_too.Said(), "too");
  EXPECT_EQ(used_slots(), 0U);
  EXPECT_TRUE(Becomes([&] { return used_records() == 0; }));
  EXPECT_EQ(state_->counters().resent + state_->counters().replayed, 2U);
}

TEST_P(RecoveryTest, WhatWasReceivedWhenItDiedIsAnsweredByTheNext) {
  auto one = std::make_unique<Server>(mount_, state_.get(), kFirst, GetParam());
  const UniqueFd a = Open("dir/a");
  EXPECT_EQ(Reader(a.get()).Said(), "first");
  one.reset();
  for (int died = 0; died < 3; ++died) {
    Reader reader(a.get());
    ASSERT_GT(TakeAndDie(), 0U);
    EXPECT_FALSE(reader.ended());
    Server next(mount_, state_.get(), kFirst, GetParam());
    EXPECT_EQ(reader.Said(), "first");
  }
}

TEST_P(RecoveryTest, ManyGenerationsAnswerOneWhoWaits) {
  std::optional<Reader> waits;
  for (int i = 0; i < 5; ++i) {
    const Server server(mount_, state_.get(), Texts{{"a", std::nullopt}}, GetParam());
    if (!waits) waits.emplace(Path("a"));
    ASSERT_TRUE(Becomes([&] { return server.loader.waiting() > 0; }));
    EXPECT_FALSE(waits->ended());
  }
  Server last(mount_, state_.get(), Texts{{"a", "at last"}}, GetParam());
  EXPECT_EQ(waits->Said(), "at last");
}

TEST_P(RecoveryTest, AnInitThatNobodyAnsweredIsAnswered) {
  ASSERT_GT(TakeAndDie(), 0U);
  state_->counters().generations = 1;
  Server server(mount_, state_.get(), kFirst, GetParam());
  EXPECT_EQ(ReadAll("dir/a"), "first");
}

TEST_P(RecoveryTest, AnInitWhoseAnswerWasNotSentIsAnsweredAsAgreed) {
  {
    testkit::TempDir folder;
    const Mount other = *MountAt(folder / "mnt");
    {
      Server server(other, state_.get(), kFirst, GetParam());
      struct stat st {};
      ASSERT_EQ(::stat(other.path.c_str(), &st), 0);
    }
    EXPECT_TRUE(Unmount(other.path));
  }
  ASSERT_TRUE(state_->begun());
  ASSERT_GT(TakeAndDie(), 0U);
  Server server(mount_, state_.get(), kFirst, GetParam());
  EXPECT_EQ(ReadAll("dir/a"), "first");
}

bool KernelResends() {
  utsname name{};
  int major = 0;
  int minor = 0;
  ::uname(&name);
  return std::sscanf(name.release, "%d.%d", &major, &minor) == 2 &&
         (major > 6 || (major == 6 && minor >= 9));
}

INSTANTIATE_TEST_SUITE_P(Slots, RecoveryTest, testing::Values(kBySlots));
INSTANTIATE_TEST_SUITE_P(Both, RecoveryTest, testing::Values(Recovery{}));
class ResendTest : public RecoveryTest {};
INSTANTIATE_TEST_SUITE_P(Resend, RecoveryTest,
                         testing::ValuesIn(KernelResends() ? std::vector{kByResend}
                                                           : std::vector<Recovery>{}));
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ResendTest);

/// The other tests of recovery can fail.
TEST_F(TakeoverTest, WithNeitherRecoveryTheReaderHangs) {
  auto one = std::make_unique<Server>(mount_, state_.get(), kFirst, kNone);
  const UniqueFd a = Open("dir/a");
  EXPECT_EQ(Reader(a.get()).Said(), "first");
  one.reset();
  Reader reader(a.get());
  ASSERT_GT(TakeAndDie(), 0U);
  Server two(mount_, state_.get(), kFirst, kNone);
  EXPECT_EQ(ReadAll("dir/b"), "beside") << "others are served";
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_FALSE(reader.ended());
  Abort();
  EXPECT_EQ(reader.Said(), "#" + std::to_string(ECONNABORTED));
}

TEST_F(TakeoverTest, LateAnswersOfWhoLeftAreNotGiven) {
  auto one = std::make_unique<Server>(mount_, state_.get(), Texts{{"a", std::nullopt}}, kBySlots);
  Reader waits(Path("a"));
  ASSERT_TRUE(Becomes([&] { return used_slots() == 1; }));
  one->session->Leave();
  ASSERT_TRUE(Becomes([&] { return one->served.load(); }));
  PublishMarked(*one->entries["a"], "too late");
  one->loader.Answer(one->entries["a"]->value());
  EXPECT_FALSE(waits.ended());
  EXPECT_EQ(used_slots(), 1U) << "it is the next one's";
  EXPECT_EQ(used_records(), 0U);
  Server two(mount_, state_.get(), Texts{{"a", "in time"}}, kBySlots);
  EXPECT_EQ(waits.Said(), "in time");
  one->Forget();
}

/// The next server cannot know that the reader has his answer already.
TEST_F(TakeoverTest, AnOpenThatWasAnsweredAndIsServedAgainStaysOpen) {
  auto server = std::make_unique<Server>(mount_, state_.get(), kFirst, kBySlots);
  const UniqueFd a = Open("dir/a");
  ASSERT_EQ(used_records(), 1U);
  const OpenRecord& record = state_->layout().records[0];
  const uint64_t handle = record.handle;
  server.reset();
  fuse_in_header head{};
  const fuse_open_in open{};
  head.len = sizeof(head) + sizeof(open);
  head.opcode = FUSE_OPEN;
  head.unique = record.unique;
  head.nodeid = record.inode;
  std::memcpy(state_->layout().landing.data(), &head, sizeof(head));
  std::memcpy(state_->layout().landing.data() + sizeof(head), &open, sizeof(open));
  server = std::make_unique<Server>(mount_, state_.get(), kFirst, kBySlots);
  EXPECT_EQ(Reader(a.get()).Said(), "first");
  EXPECT_EQ(state_->counters().replayed, 1U);
  EXPECT_TRUE(Becomes([&] { return used_records() == 1; }));
  EXPECT_EQ(record.handle, handle) << "that of the second try is gone";
}

TEST_F(TakeoverTest, AnOpenThatWasNotAnsweredLeavesOneRecord) {
  auto server = std::make_unique<Server>(mount_, state_.get(), kFirst, kBySlots);
  EXPECT_EQ(ReadAll("dir/a"), "first");
  ASSERT_TRUE(Becomes([&] { return used_records() == 0; }));
  server.reset();
  UniqueFd a;
  std::jthread opens([&] { a = Open("dir/a"); });
  ASSERT_GT(TakeAndDie(), 0U);
  const auto head = *HeadOf(state_->layout().landing);
  ASSERT_EQ(head.opcode, static_cast<uint32_t>(FUSE_OPEN));
  OpenRecords died(state_.get());  // after the record, before the reply
  died.Adopt();
  (void)died.Add({head.unique, head.nodeid, false}, FingerprintOf("first"));
  EXPECT_EQ(used_records(), 1U);
  server = std::make_unique<Server>(mount_, state_.get(), kFirst, kBySlots);
  opens.join();
  ASSERT_TRUE(a);
  EXPECT_TRUE(Becomes([&] { return used_records() == 1; }));
  server = nullptr;
  server = std::make_unique<Server>(mount_, state_.get(), kFirst, kBySlots);
  EXPECT_EQ(Reader(a.get()).Said(), "first");
}

TEST_F(TakeoverTest, ARequestThatServersDieOfIsRefusedAtLast) {
  auto server = std::make_unique<Server>(mount_, state_.get(), kFirst, kBySlots);
  const UniqueFd a = Open("dir/a");
  EXPECT_EQ(Reader(a.get()).Said(), "first");
  server.reset();
  Reader reader(a.get());
  ASSERT_GT(TakeAndDie(), 0U);
  for (int died = 0; died < 5; ++died) {
    state_->layout().suspect = HeadOf(state_->layout().landing)->unique;
    (void)Journal(state_.get()).TakeLeft();
  }
  server = std::make_unique<Server>(mount_, state_.get(), kFirst, kBySlots);
  EXPECT_EQ(reader.Said(), "#" + std::to_string(EIO));
  EXPECT_EQ(Reader(a.get()).Said(), "first");
}

/// The threads that fetch values can be what dies.
TEST_F(TakeoverTest, WhatServersDieOfLaterIsFoundToo) {
  const Texts missing{{"a", std::nullopt}, {"b", std::nullopt}};
  auto server = std::make_unique<Server>(mount_, state_.get(), missing, kBySlots);
  Reader a(Path("a"));
  ASSERT_TRUE(Becomes([&] { return used_slots() == 1; }));
  Reader b(Path("b"));
  ASSERT_TRUE(Becomes([&] { return used_slots() == 2; }));
  server.reset();
  for (int died = 0; died < 5; ++died) {
    EXPECT_FALSE(a.ended());
    state_->layout().starts = 10;
    server = std::make_unique<Server>(mount_, state_.get(), missing, kBySlots);
    ASSERT_TRUE(Becomes([&] { return server->loader.waiting() == 2; }));
    server->Leave();
    const auto& notes = server->loader.notes();
    EXPECT_EQ(notes[0].suspect, state_->layout().slots[0].unique);
    EXPECT_EQ(notes[1].suspect, state_->layout().slots[1].unique);
    EXPECT_GE(notes[1].time - notes[0].time, std::chrono::milliseconds(50)) << "to die in";
    EXPECT_EQ(state_->layout().suspect, 0U);
    state_->layout().suspect = notes[0].suspect;
  }
  server.reset();
  server = std::make_unique<Server>(mount_, state_.get(), Texts{{"a", "a"}, {"b", "b"}}, kBySlots);
  EXPECT_EQ(a.Said(), "#" + std::to_string(EIO));
  EXPECT_EQ(b.Said(), "b");
}

TEST_F(TakeoverTest, AnotherAgreementIsRefused) {
  auto one = std::make_unique<Server>(mount_, state_.get(), kFirst);
  EXPECT_EQ(ReadAll("dir/a"), "first");
  one.reset();
  auto* const agreed = reinterpret_cast<fuse_init_out*>(state_->layout().agreement.reply.data() +
                                                        sizeof(fuse_out_header));
  agreed->max_write /= 2;
  const Server two(mount_, state_.get(), kFirst);
  ASSERT_TRUE(two.refused);
  EXPECT_EQ(two.refused->code, Code::kUnsupported);
  agreed->max_write *= 2;
  agreed->flags &= ~static_cast<uint32_t>(FUSE_PARALLEL_DIROPS);
  EXPECT_FALSE(Server(mount_, state_.get(), kFirst).refused) << "it offers no more than that";
}

TEST_F(TakeoverTest, FoldersAreListedOn) {
  auto server = std::make_unique<Server>(mount_, state_.get(), kFirst);
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(Path("dir").c_str()), ::closedir);
  EXPECT_EQ(used_records(), 0U) << "who opens folders takes nothing from others";
  ASSERT_NE(dir, nullptr);
  server.reset();
  server = std::make_unique<Server>(mount_, state_.get(), kFirst);
  std::set<std::string> names;
  while (const dirent* entry = ::readdir(dir.get())) names.insert(entry->d_name);
  EXPECT_EQ(names, (std::set<std::string>{".", "..", "a", "b"}));
}

TEST_F(TakeoverTest, WhoPollsIsWokenAndToldOfWhatChanged) {
  auto server = std::make_unique<Server>(mount_, state_.get(), kFirst);
  const UniqueFd a = Open("dir/a");
  const UniqueFd b = Open("dir/b");
  std::atomic<bool> asked = false;
  std::array<pollfd, 2> waits{{{a.get(), POLLPRI, 0}, {b.get(), POLLPRI, 0}}};
  ::poll(waits.data(), waits.size(), 0);
  EXPECT_EQ(waits[0].revents, 0);
  std::jthread poller([&] {
    asked = true;
    ::poll(waits.data(), waits.size(), kPatienceMs);
  });
  ASSERT_TRUE(Becomes([&] { return asked.load(); }));
  server.reset();
  server = std::make_unique<Server>(mount_, state_.get(),
                                    Texts{{"dir/a", "other"}, {"dir/b", "beside"}});
  struct stat st {};
  ASSERT_EQ(::stat(mount_.path.c_str(), &st), 0);
  server->session->AnnounceAll(*server->snapshots.Load());
  poller.join();
  EXPECT_EQ(waits[0].revents, POLLPRI | POLLERR);
  EXPECT_EQ(waits[1].revents, 0);
}

TEST_F(TakeoverTest, WhatTheKernelKnewIsForgotten) {
  auto server = std::make_unique<Server>(mount_, state_.get(), kFirst);
  struct stat st {};
  ASSERT_EQ(::stat(Path("dir/a").c_str(), &st), 0);
  EXPECT_EQ(st.st_size, 5);
  server.reset();
  server = std::make_unique<Server>(mount_, state_.get(), Texts{{"dir/a", "longer than that"}});
  server->session->AnnounceAll(*server->snapshots.Load());
  ASSERT_EQ(::stat(Path("dir/a").c_str(), &st), 0);
  EXPECT_EQ(st.st_size, 16);
  EXPECT_EQ(::stat(Path("dir/b").c_str(), &st), -1);
}

/// Makes this thread one that may not open by handle while it lives.
class Unprivileged {
 public:
  Unprivileged() {
    ::syscall(SYS_capget, &head_, before_.data());
    auto less = before_;
    less[0].effective &= ~(1U << CAP_DAC_READ_SEARCH);
    ::syscall(SYS_capset, &head_, less.data());
  }
  Unprivileged(const Unprivileged&) = delete;
  Unprivileged& operator=(const Unprivileged&) = delete;
  ~Unprivileged() { ::syscall(SYS_capset, &head_, before_.data()); }

 private:
  __user_cap_header_struct head_{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> before_{};
};

TEST_F(TakeoverTest, WatchersAreToldByPathToo) {
  mount_.root = *WritableCopy(mount_);
  std::optional<Server> server;
  {
    const Unprivileged self;
    ASSERT_FALSE(MayOpenByHandle());
    server.emplace(mount_, state_.get(), kFirst);
  }
  std::jthread toucher([&] { server->session->ServeTouches(); });
  const UniqueFd watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  ASSERT_GE(::inotify_add_watch(watch.get(), Path("dir/a").c_str(), IN_CLOSE_WRITE), 0);
  const SnapshotPtr tree = server->snapshots.Load();
  Changes changes;
  changes.files.push_back({tree->FindPath("dir/a")->inode, "dir/a", true});
  changes.files.push_back({tree->FindPath("dir/b")->inode + 1, "dir/b", true});  // another by now
  const size_t recorded = server->audit.events().size();
  server->session->Announce(changes);
  std::array<char, 4096> told{};
  EXPECT_TRUE(Becomes([&] { return ::read(watch.get(), told.data(), told.size()) > 0; }));
  EXPECT_EQ(server->audit.events().size(), recorded);
  server->session->StopTouches();
  toucher.join();
  EXPECT_EQ(ReadAll("dir/a"), "first");
}

TEST_F(TakeoverTest, NoValueIsEverInTheState) {
  auto server = std::make_unique<Server>(mount_, state_.get(), Texts{{"a", "PLAINTEXT-MARK"}});
  const UniqueFd a = Open("a");
  EXPECT_EQ(Reader(a.get()).Said(), "PLAINTEXT-MARK");
  server->entries["a"]->Publish(
      testkit::ValueWithContent(std::make_shared<testkit::TextContent>("PLAINTEXT-MARK")),
      server->clock.Steady(), server->clock.Wall());
  server.reset();
  // The marks of this test are made of the text's beginning, as those of real servers are not.
  for (OpenRecord& record : state_->layout().records) record.fingerprint = {};
  const std::string_view all(reinterpret_cast<const char*>(&state_->layout()), sizeof(StateLayout));
  EXPECT_EQ(all.find("PLAINTEXT-MARK"), std::string_view::npos);
}

}  // namespace
}  // namespace secretfs::fs
