#include "providers/plain_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <thread>

#include "base/file.h"
#include "tests/testkit/temp_dir.h"

namespace secretfs {
namespace {

TEST(PlainFile, GivesTheContentAndTheFilesTime) {
  const testkit::TempDir folder;
  const std::string file = folder.path() + "/secret";
  ASSERT_TRUE(ReplaceFile(file, AsBytes(std::string_view("a\0b\n", 4)), 0600));
  const auto value = MakePlainFileProvider()->Fetch({file}, {}, {});
  ASSERT_TRUE(value);
  EXPECT_EQ(AsText(value->bytes.Expose()), std::string_view("a\0b\n", 4));
  EXPECT_EQ(value->modified, StampOf(file)->modified);
}

TEST(PlainFile, MayComeWhenItIsNotThere) {
  const testkit::TempDir folder;
  const auto provider = MakePlainFileProvider();
  EXPECT_TRUE(provider->Fetch({folder / "never"}, {}, {}).error().may_come);
  EXPECT_TRUE(provider->Fetch({folder / "never/below"}, {}, {}).error().may_come);
  EXPECT_FALSE(provider->Fetch({folder.path()}, {}, {}).error().may_come) << "a folder";
}

TEST(PlainFile, SaysHowAUnitGetsWhatIsRoots) {
  const testkit::TempDir folder;
  const std::string file = folder / "secret";
  ASSERT_TRUE(ReplaceFile(file, AsBytes("x"), 0000));
  Error error;
  std::thread([&] {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct none[2]{};
    ASSERT_EQ(syscall(SYS_capset, &header, none), 0);  // of this thread
    const auto value = MakePlainFileProvider()->Fetch({file}, {}, {});
    ASSERT_FALSE(value);
    error = value.error();
  }).join();
  EXPECT_EQ(error.code, Code::kPermission);
  EXPECT_NE(error.hint.find("LoadCredential="), std::string::npos) << error.hint;
  EXPECT_FALSE(error.may_come);
}

TEST(PlainFile, RefusesWhatIsNoFile) {
  const testkit::TempDir folder;
  const auto provider = MakePlainFileProvider();
  EXPECT_EQ(provider->Fetch({folder.path()}, {}, {}).error().code, Code::kInvalid);
  EXPECT_EQ(provider->Fetch({folder.path() + "/none"}, {}, {}).error().code, Code::kNotFound);
}

class LargePlainFileTest : public testing::Test {
 protected:
  /// A sparse file.
  void Resize(off_t size) {
    const UniqueFd fd(::open(file_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    ASSERT_EQ(::ftruncate(fd.get(), size), 0);
  }
  void WriteAt(off_t offset, std::string_view text) {
    const UniqueFd fd(::open(file_.c_str(), O_WRONLY | O_CLOEXEC));
    ASSERT_EQ(::pwrite(fd.get(), text.data(), text.size(), offset),
              static_cast<ssize_t>(text.size()));
  }
  Result<Value> Fetch() { return MakePlainFileProvider()->Fetch({file_}, {}, {}); }
  static Result<std::string> Read(const Value& value, uint64_t offset, size_t size) {
    std::string text(size, '?');
    TRY(value.content->ReadAt(offset, std::as_writable_bytes(std::span(text))));
    return text;
  }
  static constexpr auto kLimit = static_cast<off_t>(kMaxValueBytes);
  const testkit::TempDir folder_;
  const std::string file_ = folder_ / "large";
};

TEST_F(LargePlainFileTest, IsHeldInMemoryUpToTheLimitAndReadByOffsetBeyond) {
  Resize(kLimit);
  EXPECT_EQ(Fetch()->bytes.size(), kMaxValueBytes);
  Resize(kLimit + 10);
  WriteAt(kLimit, "0123456789");
  const auto value = Fetch();
  ASSERT_TRUE(value && value->content);
  EXPECT_TRUE(value->bytes.empty());
  EXPECT_EQ(value->size(), kMaxValueBytes + 10);
  EXPECT_EQ(value->modified, StampOf(file_)->modified);
  EXPECT_EQ(*Read(*value, kMaxValueBytes + 2, 8), "23456789");
  EXPECT_EQ(*Read(*value, 0, 3), std::string(3, '\0'));
}

TEST_F(LargePlainFileTest, GivesNothingOnceItWasWrittenTo) {
  Resize(kLimit + 10);
  const auto value = Fetch().value();
  ASSERT_TRUE(Read(value, 5, 5));
  WriteAt(100, "x");
  const auto altered = Read(value, 5, 5);
  ASSERT_FALSE(altered);
  EXPECT_EQ(altered.error().code, Code::kInvalid);
  EXPECT_EQ(altered.error().Text(), file_ + ": was written to while it was in use");
  EXPECT_TRUE(Read(Fetch().value(), 5, 5)) << "made anew it is right";
  const auto newer = Fetch().value();
  Resize(kLimit + 5);
  EXPECT_EQ(Read(newer, kMaxValueBytes + 1, 8).error().code, Code::kInvalid) << "truncated";
}

TEST_F(LargePlainFileTest, GoesOnAfterItWasReplacedOrRemoved) {
  Resize(kLimit + 10);
  WriteAt(0, "old");
  const auto value = Fetch().value();
  ASSERT_EQ(unlink(file_.c_str()), 0);
  ASSERT_TRUE(ReplaceFile(file_, AsBytes("new"), 0600));
  EXPECT_EQ(*Read(value, 0, 3), "old");
}

TEST_F(LargePlainFileTest, IsAnotherWhenOthersPutItsTimeAndSizeBack) {
  Resize(kLimit + 10);
  const auto set_time = [this] {
    const struct timespec times[2]{{1, 0}, {1, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, file_.c_str(), times, 0), 0);
  };
  set_time();
  const auto before = Fetch().value();
  EXPECT_EQ(*before.content->Identify(), *Fetch().value().content->Identify());
  const FileStamp stamp = *StampOf(file_);
  do {
    WriteAt(0, "other");
    set_time();
  } while (StampOf(file_)->changed == stamp.changed);  // the file system's clock has ticks
  const auto after = Fetch().value();
  EXPECT_EQ(after.modified, before.modified);
  EXPECT_EQ(after.size(), before.size());
  EXPECT_NE(*after.content->Identify(), *before.content->Identify());
}

}  // namespace
}  // namespace secretfs
