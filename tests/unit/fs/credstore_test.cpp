// .credstore as Ops serves it: to each caller what its unit may have, and no word of the rest.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <optional>

#include "fs/ops.h"
#include "tests/testkit/entries.h"
#include "tests/testkit/fake_accounts.h"
#include "tests/testkit/fake_caller.h"
#include "tests/testkit/fake_clock.h"
#include "tests/testkit/fake_loader.h"
#include "tests/testkit/recording_audit.h"

namespace secretfs::fs {
namespace {

using testing::ElementsAre;
using testkit::AccessFor;
using testkit::FakeCaller;
using testkit::TextEntry;

Access ReadByUnit(const std::string& unit) {
  Access access = AccessFor(0, 0, 0444);
  access.readers = {{CallerRule::Kind::kUnit, {}, unit, "unit:" + unit}};
  return access;
}

FakeCaller InUnit(const std::string& unit) {
  FakeCaller caller(0, 0);
  caller.units.unit = unit;
  return caller;
}

class CredstoreTest : public testing::Test {
 protected:
  CredstoreTest() {
    const EntryPtr password = TextEntry("db/password");
    password->Publish(testkit::MakeTestValue("secret"), clock_.Steady(), clock_.Wall());
    snapshots_.Publish(Snapshot::Build({{password, ReadByUnit("db.service")},
                                        {TextEntry("db/user"), ReadByUnit("db.service")},
                                        {TextEntry("web"), ReadByUnit("web.service")},
                                        {TextEntry("plain"), AccessFor(0, 0, 0444)},
                                        {TextEntry(".secretfs/status"), ReadByUnit("*")}},
                                       {}));
  }

  const Node& Folder() const {
    const SnapshotPtr snapshot = snapshots_.Load();  // the cell has it as well
    return *snapshot->Child(*snapshot->Find(kRootInode), ".credstore");
  }
  uint64_t Inode(std::string_view name) const {
    return snapshots_.Load()->Child(Folder(), name)->inode;
  }
  Reply<Attributes> Lookup(const Caller& caller, std::string_view name) const {
    std::optional<Reply<Attributes>> got;
    ops_.Lookup(caller, Folder().inode, name,
                [&](const Reply<Attributes>& reply) { got.emplace(reply); });
    return *got;
  }
  int OpenError(const Caller& caller, std::string_view name) const {
    int error = -1;
    ops_.Open(caller, Inode(name), O_RDONLY,
              [&](const Reply<OpenFile>& reply) { error = reply.error(); });
    return error;
  }
  std::vector<std::string> List(const Caller& caller, uint64_t inode) const {
    const auto directory = ops_.OpenDir(caller, inode);
    std::vector<std::string> names;
    for (size_t i = 2; !Ops::EntryAt(directory.value(), i).name.empty(); ++i)
      names.emplace_back(Ops::EntryAt(directory.value(), i).name);
    return names;
  }

  const FakeCaller db_ = InUnit("db.service");
  const FakeCaller web_ = InUnit("web.service");
  const FakeCaller other_ = InUnit("other.service");
  testkit::FakeClock clock_;
  testkit::FakeAccounts accounts_;
  testkit::FakeLoader loader_;
  testkit::RecordingAudit audit_;
  SnapshotCell snapshots_{Snapshot::Build({}, {})};
  Ops ops_{{snapshots_, loader_, accounts_, audit_, clock_}};
};

TEST_F(CredstoreTest, ListsWhatTheUnitMayHave) {
  EXPECT_THAT(List(db_, Folder().inode), ElementsAre("db.password", "db.user"));
  EXPECT_THAT(List(web_, Folder().inode), ElementsAre("web"));
  EXPECT_THAT(List(other_, Folder().inode), ElementsAre());
  EXPECT_THAT(List(FakeCaller(0, 0), Folder().inode), ElementsAre()) << "being root is not enough";
}

TEST_F(CredstoreTest, ListingItIsNotKept) {
  EXPECT_FALSE(ops_.OpenDir(db_, Folder().inode).value().same_for_all);
  EXPECT_TRUE(ops_.OpenDir(db_, kRootInode).value().same_for_all);
  EXPECT_THAT(List(other_, kRootInode),
              ElementsAre(".credstore", ".secretfs", "db", "plain", "web"));
}

TEST_F(CredstoreTest, FindsWhatTheUnitMayHaveAndForgetsIt) {
  const auto found = Lookup(db_, "db.password");
  ASSERT_EQ(found.error(), 0);
  EXPECT_TRUE(found.value().hidden);
  EXPECT_FALSE(found.value().lasting);
  EXPECT_EQ(OpenError(db_, "db.password"), 0);
}

TEST_F(CredstoreTest, WhatTheUnitMayNotHaveIsNotThere) {
  for (const Caller* caller : {&web_, &other_}) {
    EXPECT_EQ(Lookup(*caller, "db.password").error(), ENOENT);
    EXPECT_EQ(OpenError(*caller, "db.password"), ENOENT);
    EXPECT_EQ(ops_.Access(*caller, Inode("db.password"), R_OK), ENOENT);
    EXPECT_EQ(Lookup(*caller, "plain").error(), ENOENT) << "though all may read it";
  }
  EXPECT_TRUE(loader_.wishes.empty()) << "nothing was fetched for them";
}

TEST_F(CredstoreTest, OurOwnFilesAreNoCredentials) {
  EXPECT_EQ(Lookup(db_, ".secretfs.status").error(), ENOENT);
  EXPECT_EQ(Lookup(db_, "nothing").error(), ENOENT);
  EXPECT_TRUE(audit_.events().empty());
}

TEST_F(CredstoreTest, ARefusedLookupIsOnRecord) {
  (void)Lookup(other_, "db.password");
  ASSERT_EQ(audit_.events().size(), 1U);
  const AuditEvent event = audit_.events().front();
  EXPECT_EQ(event.operation, AuditEvent::Operation::kLookup);
  EXPECT_FALSE(event.allowed);
  EXPECT_EQ(event.name, "db/password");
  EXPECT_EQ(event.units.unit, "other.service");
  (void)Lookup(db_, "db.password");
  EXPECT_EQ(audit_.events().size(), 1U) << "what is given is recorded when it is opened";
}

TEST_F(CredstoreTest, TheSameFileInTheTreeIsNotHidden) {
  std::optional<Reply<Attributes>> got;
  ops_.Lookup(other_, kRootInode, "plain",
              [&](const Reply<Attributes>& reply) { got.emplace(reply); });
  ASSERT_FALSE(got.has_value()) << "its size is not known yet";
  loader_.Answer(loader_.wishes.front().entry->Publish(testkit::MakeTestValue("text"),
                                                       clock_.Steady(), clock_.Wall()));
  ASSERT_TRUE(got.has_value());
  ASSERT_EQ(got->error(), 0);
  EXPECT_FALSE(got->value().hidden);
}

}  // namespace
}  // namespace secretfs::fs
