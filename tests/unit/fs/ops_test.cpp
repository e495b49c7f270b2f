#include "fs/ops.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <optional>

#include "tests/testkit/entries.h"
#include "tests/testkit/fake_accounts.h"
#include "tests/testkit/fake_caller.h"
#include "tests/testkit/fake_clock.h"
#include "tests/testkit/fake_loader.h"
#include "tests/testkit/recording_audit.h"

namespace secretfs::fs {
namespace {

using std::chrono::seconds;
using testkit::AccessFor;
using testkit::FakeCaller;
using testkit::MakeTestValue;
using testkit::TextEntry;

constexpr uid_t kAlice = 1000;
constexpr uid_t kBob = 1001;

class OpsTest : public testing::Test {
 protected:
  OpsTest() {
    Access named = AccessFor(0, 0, 0400);
    named.owner = {"late", std::nullopt};
    entries_ = {TextEntry("alice"), TextEntry("dir/deep/b"), TextEntry("dir/a"), TextEntry("late")};
    const Access all = AccessFor(0, 0, 0444);
    snapshots_.Publish(Snapshot::Build({{entries_[0], AccessFor(kAlice, kAlice, 0400)},
                                        {entries_[1], all},
                                        {entries_[2], all},
                                        {entries_[3], named}},
                                       kCreated));
  }

  uint64_t Inode(std::string_view path) const {
    const SnapshotPtr snapshot = snapshots_.Load();
    const Node* node = snapshot->Find(kRootInode);
    while (node != nullptr && !path.empty()) {
      const std::string_view name = path.substr(0, path.find('/'));
      path.remove_prefix(std::min(path.size(), name.size() + 1));
      node = snapshot->Child(*node, name);
    }
    return node == nullptr ? 0 : node->inode;
  }
  std::optional<Reply<Attributes>> Attributes_(uint64_t inode) {
    std::optional<Reply<Attributes>> got;
    ops_.GetAttributes(root_, inode, [&](const Reply<Attributes>& reply) { got.emplace(reply); });
    return got;
  }
  /// The answer to an open for reading, if it came at once.
  std::optional<Reply<OpenFile>> Open(const Caller& caller, uint64_t inode, int flags = O_RDONLY) {
    std::optional<Reply<OpenFile>> got;
    ops_.Open(caller, inode, flags, [&](const Reply<OpenFile>& reply) { got.emplace(reply); });
    return got;
  }

  static constexpr WallTime kCreated{seconds(1'700'000'000)};
  const FakeCaller root_{0, 0};
  testkit::FakeClock clock_;
  testkit::FakeAccounts accounts_;
  testkit::FakeLoader loader_;
  testkit::RecordingAudit audit_;
  std::vector<EntryPtr> entries_;
  SnapshotCell snapshots_{Snapshot::Build({}, kCreated)};
  Ops ops_{{snapshots_, loader_, accounts_, audit_, clock_}};
};

TEST_F(OpsTest, LookupOfAnUnknownNameIsNoEntry) {
  int error = 0;
  ops_.Lookup(root_, kRootInode, "nothing",
              [&](const Reply<Attributes>& reply) { error = reply.error(); });
  EXPECT_EQ(error, ENOENT);
  ops_.Lookup(root_, Inode("alice"), "x",
              [&](const Reply<Attributes>& reply) { error = reply.error(); });
  EXPECT_EQ(error, ENOENT) << "a file has no children";
  ops_.Lookup(root_, 424242, "x", [&](const Reply<Attributes>& reply) { error = reply.error(); });
  EXPECT_EQ(error, ESTALE) << "an inode that is not there";
}

TEST_F(OpsTest, LookupOfAnOverlongNameSaysSo) {
  int error = 0;
  const auto keep = [&](const Reply<Attributes>& reply) { error = reply.error(); };
  ops_.Lookup(root_, kRootInode, std::string(255, 'n'), keep);
  EXPECT_EQ(error, ENOENT);
  ops_.Lookup(root_, kRootInode, std::string(256, 'n'), keep);
  EXPECT_EQ(error, ENAMETOOLONG);
}

TEST_F(OpsTest, DirectoriesShowTheMountsOwnerAndTheirSubdirectories) {
  const auto reply = Attributes_(Inode("dir"));
  ASSERT_TRUE(reply && reply->error() == 0);
  const struct stat& stat = reply->value().stat;
  EXPECT_EQ(stat.st_mode, S_IFDIR | 0755U);
  EXPECT_EQ(stat.st_nlink, 3U);
  EXPECT_EQ(stat.st_uid, geteuid());
  EXPECT_EQ(stat.st_mtim.tv_sec, 1'700'000'000);
  EXPECT_TRUE(reply->value().lasting);
}

TEST_F(OpsTest, FilesShowOwnerModeSizeAndTimeOfTheirValue) {
  entries_[0]->Publish(MakeTestValue("seven b", WallTime(std::chrono::milliseconds(1500))),
                       clock_.Steady(), clock_.Wall());
  const auto reply = Attributes_(Inode("alice"));
  ASSERT_TRUE(reply && reply->error() == 0);
  const struct stat& stat = reply->value().stat;
  EXPECT_EQ(stat.st_mode, S_IFREG | 0400U);
  EXPECT_EQ(stat.st_uid, kAlice);
  EXPECT_EQ(stat.st_size, 7);
  EXPECT_EQ(stat.st_blocks, 1);
  EXPECT_EQ(stat.st_mtim.tv_sec, 1);
  EXPECT_EQ(stat.st_mtim.tv_nsec, 500'000'000);
  EXPECT_TRUE(reply->value().lasting);
}

TEST_F(OpsTest, TimesBeforeTheEpochStayWellFormed) {
  entries_[0]->Publish(MakeTestValue("x", WallTime(std::chrono::milliseconds(-1500))),
                       clock_.Steady(), clock_.Wall());
  const auto reply = Attributes_(Inode("alice"));
  EXPECT_EQ(reply->value().stat.st_mtim.tv_sec, -2);
  EXPECT_EQ(reply->value().stat.st_mtim.tv_nsec, 500'000'000);
}

TEST_F(OpsTest, AFirstLookBringsTheValueInAndHoldsNoThread) {
  const auto at_once = Attributes_(Inode("alice"));
  EXPECT_FALSE(at_once) << "must wait for the loader";
  ASSERT_EQ(loader_.wishes.size(), 1U);
  EXPECT_EQ(loader_.wishes[0].entry, entries_[0]);
  EXPECT_EQ(loader_.wishes[0].deadline, clock_.Steady() + seconds(1))
      << "a stat waits a second at most";
}

TEST_F(OpsTest, ALookOfOneWhoMayNotReadFetchesNothing) {
  std::optional<Reply<Attributes>> reply;
  const auto keep = [&](const Reply<Attributes>& r) { reply.emplace(r); };
  ops_.GetAttributes(FakeCaller(kBob, kBob), Inode("alice"), keep);
  ASSERT_TRUE(reply && reply->error() == 0);
  EXPECT_EQ(reply->value().stat.st_size, 0);
  EXPECT_FALSE(reply->value().lasting);
  EXPECT_TRUE(loader_.wishes.empty());
  entries_[0]->Publish(MakeTestValue("there"), clock_.Steady(), clock_.Wall());
  ops_.GetAttributes(FakeCaller(kBob, kBob), Inode("alice"), keep);
  EXPECT_EQ(reply->value().stat.st_size, 5) << "what is there is shown to all";
}

TEST_F(OpsTest, AFailedValueShowsNoSizeAndIsAskedForAgain) {
  std::optional<Reply<Attributes>> reply;
  ops_.GetAttributes(root_, Inode("alice"), [&](const Reply<Attributes>& r) { reply.emplace(r); });
  loader_.Answer(Error{Code::kNoMatch, "no", "", ""});
  ASSERT_TRUE(reply && reply->error() == 0) << "names stay visible";
  EXPECT_EQ(reply->value().stat.st_size, 0);
  EXPECT_EQ(reply->value().stat.st_mtim.tv_sec, 1'700'000'000);
  EXPECT_FALSE(reply->value().lasting);
}

TEST_F(OpsTest, AnOwnerWhoDoesNotExistYetIsRootUntilHeDoes) {
  entries_[3]->Publish(MakeTestValue("x"), clock_.Steady(), clock_.Wall());
  auto reply = Attributes_(Inode("late"));
  EXPECT_EQ(reply->value().stat.st_uid, 0U);
  EXPECT_FALSE(reply->value().lasting) << "the kernel must ask again";
  accounts_.users["late"] = 77;
  reply = Attributes_(Inode("late"));
  EXPECT_EQ(reply->value().stat.st_uid, 77U);
  EXPECT_TRUE(reply->value().lasting);
}

TEST_F(OpsTest, OpenDeniesBeforeItFetches) {
  const auto reply = Open(FakeCaller(kBob, kBob), Inode("alice"));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->error(), EACCES);
  EXPECT_TRUE(loader_.wishes.empty());
}

TEST_F(OpsTest, OpenRecordsGrantsAndDenials) {
  entries_[0]->Publish(MakeTestValue("x"), clock_.Steady(), clock_.Wall());
  Open(FakeCaller(kBob, 5, {}, 0), Inode("alice"));
  Open(FakeCaller(kAlice, 6, {}, 0), Inode("alice"));
  const auto events = audit_.events();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_FALSE(events[0].allowed);
  EXPECT_EQ(events[0].rule, "none");
  EXPECT_EQ(events[0].uid, kBob);
  EXPECT_EQ(events[0].gid, 5U);
  EXPECT_EQ(events[0].name, "alice");
  EXPECT_EQ(events[0].operation, AuditEvent::Operation::kOpen);
  EXPECT_EQ(events[0].executable, "/usr/bin/fake");
  EXPECT_TRUE(events[1].allowed);
  EXPECT_EQ(events[1].rule, "owner");
}

TEST_F(OpsTest, TheRecordOfAnOpenHasTheVersionThatWasGiven) {
  entries_[0]->Publish(MakeTestValue("x"), clock_.Steady(), clock_.Wall());
  entries_[0]->Publish(MakeTestValue("y"), clock_.Steady(), clock_.Wall());
  FakeCaller alice(kAlice, kAlice);
  alice.units.unit = "db.service";
  Open(alice, Inode("alice"));
  const auto events = audit_.events();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].version, 2U);
  EXPECT_EQ(events[0].units.unit, "db.service");
  EXPECT_EQ(events[0].process, alice.pid());
  EXPECT_EQ(events[0].failure, "");
}

TEST_F(OpsTest, WhoWaitsIsRecordedAsHeWasWhenHeCame) {
  std::optional<Reply<OpenFile>> reply;
  {
    FakeCaller alice(kAlice, kAlice);
    alice.units.unit = "db.service";
    ops_.Open(alice, Inode("alice"), O_RDONLY, [&](const Reply<OpenFile>& r) { reply.emplace(r); });
  }
  EXPECT_TRUE(audit_.events().empty()) << "it is not known yet what he gets";
  loader_.Answer(entries_[0]->Publish(MakeTestValue("x"), clock_.Steady(), clock_.Wall()));
  const auto events = audit_.events();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].version, 1U);
  EXPECT_EQ(events[0].units.unit, "db.service");
}

TEST_F(OpsTest, AnOpenThatFailsIsRecordedAsGrantedWithItsReason) {
  for (const auto& [code, text] : {std::pair{Code::kTimeout, "not there in time"},
                                   {Code::kInterrupted, "interrupted"},
                                   {Code::kNotFound, "no such file"}}) {
    ops_.Open(FakeCaller(kAlice, kAlice), Inode("alice"), O_RDONLY, [](const auto&) {});
    loader_.Answer(Error{code, text, "", "a hint"});
    const AuditEvent event = audit_.events().back();
    EXPECT_TRUE(event.allowed);
    EXPECT_EQ(event.failure, text);
    EXPECT_EQ(event.version, 0U);
  }
  EXPECT_EQ(audit_.events().size(), 3U);
  EXPECT_EQ(entries_[0]->usage().opens, 0U);
}

TEST_F(OpsTest, TheRecordOfWhoWaitedInVainSaysForWhat) {
  ops_.Open(FakeCaller(kAlice, kAlice), Inode("alice"), O_RDONLY, [](const auto&) {});
  entries_[0]->Fail({Code::kNotFound, "no such file", "/f", "", true}, clock_.Steady());
  loader_.Answer(Error{Code::kTimeout, "not there in time", "", ""});
  ASSERT_EQ(audit_.events().size(), 1U);
  EXPECT_EQ(audit_.events()[0].failure, "not there in time: /f: no such file");
}

TEST_F(OpsTest, AFailureIsRecordedAlsoWhereGrantsAreNot) {
  audit_.wants_allowed = false;
  audit_.wants_failures = true;
  ops_.Open(root_, Inode("alice"), O_RDONLY, [](const auto&) {});
  loader_.Answer(Error{Code::kNotFound, "no such file", "", ""});
  ASSERT_EQ(audit_.events().size(), 1U);
  EXPECT_EQ(audit_.events()[0].failure, "no such file");
  ops_.Open(root_, Inode("alice"), O_RDONLY, [](const auto&) {});
  loader_.Answer(entries_[0]->Publish(MakeTestValue("x"), clock_.Steady(), clock_.Wall()));
  EXPECT_EQ(audit_.events().size(), 1U);
}

TEST_F(OpsTest, WhatMustBeOnRecordAndIsNotIsNotGiven) {
  entries_[0]->Publish(MakeTestValue("x"), clock_.Steady(), clock_.Wall());
  audit_.keeps = false;
  const auto reply = Open(FakeCaller(kAlice, kAlice), Inode("alice"));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->error(), EACCES);
  EXPECT_EQ(ops_.Access(FakeCaller(kAlice, kAlice), Inode("alice"), R_OK), EACCES);
  EXPECT_EQ(entries_[0]->usage().opens, 0U);
}

TEST_F(OpsTest, OurOwnFilesAreGivenAlsoWhenNothingCanBeRecorded) {
  const EntryPtr own = std::make_shared<Entry>(EntrySpec{.name = ".secretfs/status.json",
                                                         .origin = "status",
                                                         .inputs = {},
                                                         .make = {},
                                                         .fresh = true});
  snapshots_.Publish(Snapshot::Build({{own, AccessFor(0, 0, 0444)}}, kCreated));
  audit_.keeps = false;
  std::optional<Reply<OpenFile>> reply;
  ops_.Open(root_, Inode(".secretfs/status.json"), O_RDONLY,
            [&](const Reply<OpenFile>& r) { reply.emplace(r); });
  loader_.Answer(own->Publish(MakeTestValue("{}"), clock_.Steady(), clock_.Wall()));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->error(), 0);
  EXPECT_EQ(ops_.Access(root_, Inode(".secretfs/status.json"), R_OK), 0);
  EXPECT_EQ(audit_.events().size(), 2U) << "it was tried";
}

TEST_F(OpsTest, WhatWasPublishedFromTheStartIsGivenAtOnce) {
  const EntryPtr own = std::make_shared<Entry>(
      EntrySpec{.name = "alive", .origin = "status", .inputs = {}, .make = {}, .fresh = true});
  own->Publish(MakeTestValue("yes"), clock_.Steady(), clock_.Wall());
  snapshots_.Publish(Snapshot::Build({{own, AccessFor(0, 0, 0444)}}, kCreated));
  const auto may_not_wait = [](auto) -> std::optional<std::chrono::milliseconds> {
    ADD_FAILURE() << "it waits";
    return {};
  };
  const auto sized = [](const Reply<Attributes>& reply) {
    ASSERT_EQ(reply.error(), 0);
    EXPECT_EQ(reply.value().stat.st_size, 3);
    EXPECT_FALSE(reply.value().lasting);
  };
  ops_.Lookup(root_, kRootInode, "alive", sized, may_not_wait);
  ops_.GetAttributes(root_, Inode("alive"), sized, may_not_wait);
  std::optional<Reply<OpenFile>> reply;
  ops_.Open(
      root_, Inode("alive"), O_RDONLY, [&](const Reply<OpenFile>& r) { reply.emplace(r); },
      may_not_wait);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->error(), 0);
}

class MeanwhileTest : public OpsTest {
 protected:
  /// What Alice gets who waits for her file while the tree becomes this one.
  int ErrorWhen(const std::vector<File>& files) {
    std::optional<int> error;
    {
      const FakeCaller alice(kAlice, kAlice);
      ops_.Open(alice, Inode("alice"), O_RDONLY,
                [&](const Reply<OpenFile>& reply) { error = reply.error(); });
    }
    EXPECT_FALSE(error) << "must wait";
    snapshots_.Publish(Snapshot::Build(files, kCreated));
    loader_.Answer(entries_[0]->Publish(MakeTestValue("x"), clock_.Steady(), clock_.Wall()));
    return error.value_or(-1);
  }
};

TEST_F(MeanwhileTest, WhoMayNotReadAnyMoreIsRefused) {
  EXPECT_EQ(ErrorWhen({{entries_[0], AccessFor(kBob, kBob, 0400)}}), EACCES);
  ASSERT_EQ(audit_.events().size(), 1U);
  EXPECT_FALSE(audit_.events()[0].allowed);
  EXPECT_EQ(audit_.events()[0].uid, kAlice);
  EXPECT_EQ(entries_[0]->usage().denials, 1U);
  EXPECT_EQ(entries_[0]->usage().opens, 0U);
}

TEST_F(MeanwhileTest, WhatWentIsNotGiven) {
  EXPECT_EQ(ErrorWhen({{entries_[1], AccessFor(0, 0, 0444)}}), ENOENT);
}

TEST_F(MeanwhileTest, WhoStillMayReadGetsIt) {
  EXPECT_EQ(ErrorWhen({{entries_[0], AccessFor(kAlice, kAlice, 0440)}}), 0);
  ASSERT_EQ(audit_.events().size(), 1U);
  EXPECT_TRUE(audit_.events()[0].allowed);
}

TEST_F(OpsTest, OpensAndDenialsAreCounted) {
  entries_[0]->Publish(MakeTestValue("x"), clock_.Steady(), clock_.Wall());
  Open(FakeCaller(kAlice, kAlice), Inode("alice"));
  Open(root_, Inode("alice"));
  Open(FakeCaller(kBob, kBob), Inode("alice"));
  EXPECT_EQ(entries_[0]->usage().opens, 2U);
  EXPECT_EQ(entries_[0]->usage().denials, 1U);
}

TEST_F(OpsTest, WhoWaitedBeforeWaitsForTheRest) {
  const auto ignore = [](const auto&) {};
  ops_.Open(root_, Inode("alice"), O_RDONLY, ignore, [](std::chrono::milliseconds wait) {
    EXPECT_EQ(wait, seconds(10));
    return std::optional(wait / 5);
  });
  ops_.GetAttributes(root_, Inode("alice"), ignore, [](std::chrono::milliseconds wait) {
    EXPECT_EQ(wait, seconds(1));
    return std::optional(std::chrono::milliseconds(0));
  });
  ASSERT_EQ(loader_.wishes.size(), 2U);
  EXPECT_EQ(loader_.wishes[0].deadline, clock_.Steady() + seconds(2));
  EXPECT_EQ(loader_.wishes[1].deadline, clock_.Steady());
}

TEST_F(OpsTest, OpenWaitsAsLongAsTheEntrySays) {
  std::optional<Reply<OpenFile>> reply;
  ops_.Open(FakeCaller(kAlice, kAlice), Inode("alice"), O_RDONLY,
            [&](const Reply<OpenFile>& r) { reply.emplace(r); });
  ASSERT_EQ(loader_.wishes.size(), 1U);
  EXPECT_EQ(loader_.wishes[0].deadline, clock_.Steady() + seconds(10));
  EXPECT_FALSE(reply);
  loader_.Answer(entries_[0]->Publish(MakeTestValue("late value"), clock_.Steady(), clock_.Wall()));
  ASSERT_TRUE(reply && reply->error() == 0);
  EXPECT_EQ(AsText(Ops::Read(reply->value(), 0, 100)), "late value");
}

TEST_F(OpsTest, OpenForWritingIsReadOnlyFileSystem) {
  for (const int flags : {O_WRONLY, O_RDWR, O_RDONLY | O_TRUNC}) {
    const auto reply = Open(FakeCaller(0, 0), Inode("alice"), flags);
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->error(), EROFS) << flags;
  }
  EXPECT_TRUE(audit_.events().empty());
}

TEST_F(OpsTest, OpenOfWhatIsNoFileFails) {
  EXPECT_EQ(Open(FakeCaller(0, 0), Inode("dir"))->error(), EISDIR);
  EXPECT_EQ(Open(FakeCaller(0, 0), 999)->error(), ESTALE);
}

TEST_F(OpsTest, AnOpenFileKeepsItsVersion) {
  entries_[0]->Publish(MakeTestValue("first"), clock_.Steady(), clock_.Wall());
  const auto first = Open(FakeCaller(kAlice, kAlice), Inode("alice"));
  entries_[0]->Publish(MakeTestValue("second!"), clock_.Steady(), clock_.Wall());
  EXPECT_EQ(AsText(Ops::Read(first->value(), 0, 100)), "first");
  const auto second = Open(FakeCaller(kAlice, kAlice), Inode("alice"));
  EXPECT_EQ(AsText(Ops::Read(second->value(), 0, 100)), "second!");
}

TEST_F(OpsTest, ReadsAreClippedToTheFile) {
  const OpenFile file{
      entries_[0]->Publish(MakeTestValue("0123456789"), clock_.Steady(), clock_.Wall())};
  EXPECT_EQ(AsText(Ops::Read(file, 0, 4)), "0123");
  EXPECT_EQ(AsText(Ops::Read(file, 8, 100)), "89");
  EXPECT_TRUE(Ops::Read(file, 10, 1).empty());
  EXPECT_TRUE(Ops::Read(file, UINT64_MAX, SIZE_MAX).empty());
  EXPECT_EQ(Ops::Read(file, 1, SIZE_MAX).size(), 9U);
}

class ContentOpsTest : public OpsTest {
 protected:
  /// The answer to a read, if it came.
  struct Answer {
    int error = 0;
    std::string bytes;
  };
  std::optional<Answer>& Read(uint64_t offset, size_t size) {
    answer_.reset();
    ops_.ReadContent(file_, offset, size, [this](const Reply<ByteView>& reply) {
      answer_ = reply.error() != 0 ? Answer{reply.error(), ""}
                                   : Answer{0, std::string(AsText(reply.value()))};
    });
    return answer_;
  }
  const std::shared_ptr<testkit::TextContent> content_ =
      std::make_shared<testkit::TextContent>("0123456789");
  const ValuePtr value_ =
      entries_[0]->Publish(testkit::ValueWithContent(content_), clock_.Steady(), clock_.Wall());
  const OpenFile file_{value_, entries_[0]};
  std::optional<Answer> answer_;
};

TEST_F(ContentOpsTest, ShowsTheContentsSizeAndAsksForItEachTime) {
  const auto reply = Attributes_(Inode("alice"));
  ASSERT_TRUE(reply && reply->error() == 0);
  EXPECT_EQ(reply->value().stat.st_size, 10);
  EXPECT_EQ(reply->value().stat.st_blocks, 1);
  EXPECT_FALSE(reply->value().lasting) << "it is made anew when its source was found changed";
}

TEST_F(ContentOpsTest, OpenKnowsWhoseContentItIs) {
  const auto open = Open(FakeCaller(kAlice, kAlice), Inode("alice"));
  ASSERT_TRUE(open && open->error() == 0);
  EXPECT_EQ(open->value().value, value_);
  EXPECT_EQ(open->value().entry, entries_[0]);
}

TEST_F(ContentOpsTest, ReadsWaitForTheLoaderAndHoldNoThread) {
  EXPECT_FALSE(Read(2, 5)) << "must wait";
  ASSERT_EQ(loader_.parts.size(), 1U);
  const Part& part = loader_.parts[0].part;
  EXPECT_EQ(part.entry, entries_[0]);
  EXPECT_EQ(part.value, value_);
  EXPECT_EQ(part.offset, 2U);
  EXPECT_EQ(part.size, 5U);
  loader_.parts[0].done(AsBytes("23456"));
  ASSERT_TRUE(answer_);
  EXPECT_EQ(answer_->bytes, "23456");
}

TEST_F(ContentOpsTest, ReadsAreClippedToTheContent) {
  Read(8, 100);
  ASSERT_EQ(loader_.parts.size(), 1U);
  EXPECT_EQ(loader_.parts[0].part.size, 2U);
  Read(1, SIZE_MAX);
  EXPECT_EQ(loader_.parts[1].part.size, 9U);
  for (const auto& [offset, size] :
       {std::pair<uint64_t, size_t>{10, 1}, {UINT64_MAX, SIZE_MAX}, {3, 0}}) {
    const auto answer = Read(offset, size);
    ASSERT_TRUE(answer) << "nothing needs to be read";
    EXPECT_EQ(answer->error, 0);
    EXPECT_EQ(answer->bytes, "");
  }
  EXPECT_EQ(loader_.parts.size(), 2U);
}

TEST_F(ContentOpsTest, AReadThatFailsSaysWhatIsWrongWithTheSource) {
  for (const auto& [code, want] : {std::pair{Code::kPayload, EBADMSG},
                                   {Code::kInvalid, EBADMSG},
                                   {Code::kIo, EIO},
                                   {Code::kResource, ENOMEM},
                                   {Code::kUnavailable, EIO},
                                   {Code::kTimeout, ETIMEDOUT}}) {
    Read(0, 1);
    loader_.parts.back().done(Error{code, "no", "", ""});
    ASSERT_TRUE(answer_);
    EXPECT_EQ(answer_->error, want);
  }
}

TEST_F(OpsTest, AccessSaysWhatOpenWouldDo) {
  const uint64_t alice = Inode("alice");
  EXPECT_EQ(ops_.Access(FakeCaller(kAlice, kAlice), alice, R_OK), 0);
  EXPECT_EQ(ops_.Access(FakeCaller(kBob, kBob), alice, R_OK), EACCES);
  EXPECT_EQ(ops_.Access(FakeCaller(kBob, kBob), alice, F_OK), 0) << "names are visible";
  EXPECT_EQ(ops_.Access(FakeCaller(0, 0), alice, W_OK), EROFS);
  EXPECT_EQ(ops_.Access(FakeCaller(0, 0), alice, X_OK), EACCES);
  EXPECT_EQ(ops_.Access(FakeCaller(kBob, kBob), Inode("dir"), R_OK | X_OK), 0);
  EXPECT_EQ(ops_.Access(FakeCaller(kBob, kBob), 999, R_OK), ESTALE);
  const auto events = audit_.events();
  ASSERT_EQ(events.size(), 2U) << "only questions about content are decisions";
  EXPECT_EQ(events[0].operation, AuditEvent::Operation::kAccess);
  EXPECT_FALSE(events[1].allowed);
}

TEST_F(OpsTest, DirectoriesListTheirEntriesByName) {
  const auto directory = ops_.OpenDir(root_, Inode("dir"));
  ASSERT_EQ(directory.error(), 0);
  std::vector<std::string> names;
  for (size_t i = 0; !Ops::EntryAt(directory.value(), i).name.empty(); ++i) {
    names.emplace_back(Ops::EntryAt(directory.value(), i).name);
  }
  EXPECT_EQ(names, (std::vector<std::string>{".", "..", "a", "deep"}));
  EXPECT_EQ(Ops::EntryAt(directory.value(), 1).inode, kRootInode);
  EXPECT_TRUE(Ops::EntryAt(directory.value(), 3).is_directory);
  EXPECT_FALSE(Ops::EntryAt(directory.value(), 2).is_directory);
  EXPECT_EQ(ops_.OpenDir(root_, Inode("alice")).error(), ENOTDIR);
  EXPECT_EQ(ops_.OpenDir(root_, 999).error(), ESTALE);
}

TEST_F(OpsTest, AnOpenDirectoryOutlivesItsSnapshot) {
  const auto directory = ops_.OpenDir(root_, Inode("dir"));
  const std::weak_ptr<const Entry> entry = entries_[2];
  entries_.clear();
  snapshots_.Publish(Snapshot::Build({}, kCreated));
  EXPECT_EQ(Ops::EntryAt(directory.value(), 2).name, "a");
  EXPECT_TRUE(entry.expired()) << "anybody could keep secrets in memory";
}

TEST_F(OpsTest, AWaitingReaderOutlivesItsSnapshot) {
  std::optional<Reply<Attributes>> reply;
  ops_.GetAttributes(root_, Inode("alice"), [&](const Reply<Attributes>& r) { reply.emplace(r); });
  snapshots_.Publish(Snapshot::Build({}, kCreated));
  loader_.Answer(entries_[0]->Publish(MakeTestValue("12345"), clock_.Steady(), clock_.Wall()));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->value().stat.st_size, 5);
  EXPECT_FALSE(reply->value().lasting) << "nobody would tell the kernel to forget it";
  EXPECT_TRUE(reply->value().hidden);
}

TEST(OpsErrno, TellsApartWhatAnAdministratorCanMend) {
  EXPECT_EQ(Ops::ErrnoFor(Code::kNoMatch), ENOKEY);
  EXPECT_EQ(Ops::ErrnoFor(Code::kMac), EBADMSG);
  EXPECT_EQ(Ops::ErrnoFor(Code::kPayload), EBADMSG);
  EXPECT_EQ(Ops::ErrnoFor(Code::kNotFound), ENODATA);
  EXPECT_EQ(Ops::ErrnoFor(Code::kTimeout), ETIMEDOUT);
  EXPECT_EQ(Ops::ErrnoFor(Code::kTooLarge), EFBIG);
  EXPECT_EQ(Ops::ErrnoFor(Code::kPermission), EIO) << "the daemon's trouble, not the reader's";
}

TEST_F(OpsTest, WhoWaitsIsToldBeforeAndCanBeCancelled) {
  int waits = 0;
  std::optional<int> error;
  const auto ticket = ops_.Open(
      root_, Inode("alice"), O_RDONLY, [&](const Reply<OpenFile>& reply) { error = reply.error(); },
      [&](std::chrono::milliseconds wait) {
        EXPECT_TRUE(loader_.wishes.empty()) << "told too late";
        ++waits;
        return std::optional(wait);
      });
  EXPECT_EQ(waits, 1);
  ASSERT_NE(ticket, 0U);
  EXPECT_FALSE(error);
  ops_.Cancel(ticket);
  EXPECT_EQ(error, EINTR);
}

TEST_F(OpsTest, WhoMayNotWaitIsToldToTryAgain) {
  const auto may_not = [](auto) -> std::optional<std::chrono::milliseconds> { return {}; };
  std::optional<int> error;
  const auto opened = [&](const Reply<OpenFile>& reply) { error = reply.error(); };
  EXPECT_EQ(ops_.Open(root_, Inode("alice"), O_RDONLY, opened, may_not), 0U);
  EXPECT_EQ(error, EAGAIN);
  std::optional<off_t> size;
  ops_.GetAttributes(
      root_, Inode("alice"),
      [&](const Reply<Attributes>& reply) { size = reply.value().stat.st_size; }, may_not);
  EXPECT_EQ(size, 0) << "as while it is not known";
  EXPECT_TRUE(loader_.wishes.empty());
}

TEST_F(OpsTest, WhatIsInMemoryIsOpenedWithoutWaiting) {
  entries_[0]->Publish(MakeTestValue("x"), clock_.Steady(), clock_.Wall());
  int waits = 0;
  int opened = 0;
  const auto ticket = ops_.Open(
      root_, Inode("alice"), O_RDONLY,
      [&](const Reply<OpenFile>& reply) { opened += reply.error() == 0 ? 1 : 0; },
      [&](std::chrono::milliseconds wait) {
        ++waits;
        return std::optional(wait);
      });
  EXPECT_EQ(ticket, 0U);
  EXPECT_EQ(opened, 1);
  EXPECT_EQ(waits, 0);
}

TEST_F(OpsTest, OneWhoLooksAndIsInterruptedGetsAttributesAtOnce) {
  std::optional<off_t> size;
  const auto ticket = ops_.GetAttributes(
      root_, Inode("alice"),
      [&](const Reply<Attributes>& reply) { size = reply.value().stat.st_size; });
  ASSERT_NE(ticket, 0U);
  EXPECT_FALSE(size);
  ops_.Cancel(ticket);
  EXPECT_EQ(size, 0);
}

TEST_F(OpsTest, OpensWaitForWhatMayComeAndLooksDoNot) {
  ops_.Open(root_, Inode("alice"), O_RDONLY, [](const auto&) {});
  ops_.GetAttributes(root_, Inode("alice"), [](const auto&) {});
  ASSERT_EQ(loader_.wishes.size(), 2U);
  EXPECT_EQ(loader_.wishes[0].patience, Loader::Patience::kUntilDeadline);
  EXPECT_EQ(loader_.wishes[1].patience, Loader::Patience::kNone);
}

}  // namespace
}  // namespace secretfs::fs
