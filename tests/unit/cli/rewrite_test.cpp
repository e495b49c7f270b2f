#include "cli/rewrite.h"

#include <gtest/gtest.h>

#include <functional>
#include <future>

#include "cli/folder_lock.h"
#include "crypto/age.h"
#include "crypto/encryption.h"
#include "crypto/identity_file.h"
#include "crypto/x25519.h"
#include "tests/testkit/temp_dir.h"

namespace secretfs {
namespace {

using testkit::TempDir;

age::IdentityPtr Key(char fill) {
  return age::MakeX25519Identity(SecretBytes::CopyOf(AsBytes(std::string(32, fill))).value())
      .value();
}
age::RecipientPtr RecipientOf(char fill) { return Key(fill)->ToRecipient().value(); }

/// Does something else before it wraps, for a moment that no test could hit.
class Interrupting final : public age::Recipient {
 public:
  Interrupting(age::RecipientPtr real, std::function<void()> first)
      : real_(std::move(real)), first_(std::move(first)) {}
  [[nodiscard]] Result<age::Wrapped> Wrap(const SecretBytes& file_key) const override {
    first_();
    return real_->Wrap(file_key);
  }
  [[nodiscard]] std::string Text() const override { return real_->Text(); }

 private:
  age::RecipientPtr real_;
  std::function<void()> first_;
};

/// Wraps another key than it is given.
class Lying final : public age::Recipient {
 public:
  explicit Lying(age::RecipientPtr real) : real_(std::move(real)) {}
  [[nodiscard]] Result<age::Wrapped> Wrap(const SecretBytes& /*file_key*/) const override {
    return real_->Wrap(SecretBytes::CopyOf(AsBytes("another file key")).value());
  }
  [[nodiscard]] std::string Text() const override { return real_->Text(); }

 private:
  age::RecipientPtr real_;
};

class Rekey : public testing::Test {
 protected:
  void Encrypt(std::string_view content, char to, const age::EncryptionOptions& options = {}) {
    age::MemorySink sink;
    ASSERT_TRUE(age::EncryptAll(AsBytes(content), std::vector{RecipientOf(to)}, options, sink));
    ASSERT_TRUE(ReplaceFile(path_, sink.bytes(), 0640));
  }
  Result<bool> To(const std::vector<age::RecipientPtr>& recipients,
                  const RekeyOptions& options = {}) {
    return RekeyFile(path_, std::vector{Key('a')}, recipients, options);
  }
  std::string OpenedBy(char key) {
    const Bytes file = ReadFile(path_, 10'000'000).value();
    age::MemorySource in(file);
    const auto content = age::DecryptAll(in, std::vector{Key(key)}, 10'000'000);
    return content ? std::string(AsText(content->Expose())) : content.error().what;
  }
  [[nodiscard]] bool OnlyTheFile() const {
    return folder_.Names() == std::set<std::string>{"x.age"};
  }

  TempDir folder_;
  std::string path_ = folder_ / "x.age";
};

TEST_F(Rekey, OfAnUnmarkedFileWritesItOnce) {
  Encrypt("content", 'a');
  EXPECT_TRUE(To({RecipientOf('a')}).value());
  const FileState state = StateOf(path_).value();
  EXPECT_FALSE(To({RecipientOf('a')}).value());
  EXPECT_EQ(StateOf(path_).value(), state);
  EXPECT_EQ(OpenedBy('a'), "content");
}

TEST_F(Rekey, ForOthersWritesIt) {
  Encrypt("content", 'a', {.armored = false, .marked = true});
  EXPECT_TRUE(To({RecipientOf('a'), RecipientOf('b')}).value());
  EXPECT_EQ(OpenedBy('b'), "content");
  EXPECT_TRUE(To({RecipientOf('b')}).value());
  EXPECT_EQ(OpenedBy('b'), "content");
  EXPECT_NE(OpenedBy('a'), "content");
  EXPECT_TRUE(OnlyTheFile());
}

TEST_F(Rekey, KeepsArmorAndModeUnlessTold) {
  Encrypt("content", 'a', {.armored = true, .marked = true});
  const auto is_armored = [&] { return TempDir::Read(path_).starts_with("-----BEGIN"); };
  EXPECT_TRUE(To({RecipientOf('a')}, {.force = true}).value());
  EXPECT_TRUE(is_armored());
  EXPECT_TRUE(To({RecipientOf('a')}, {.armored = false, .force = true}).value());
  EXPECT_FALSE(is_armored());
  struct stat st {};
  ASSERT_EQ(::stat(path_.c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777U, 0640U);
}

TEST_F(Rekey, ADryRunWritesNothing) {
  Encrypt("content", 'a');
  const FileState state = StateOf(path_).value();
  EXPECT_TRUE(To({RecipientOf('a')}, {.dry_run = true}).value());
  EXPECT_EQ(StateOf(path_).value(), state);
}

TEST_F(Rekey, OfALargeFileIsWhole) {
  const std::string content(300'000, 'x');
  Encrypt(content, 'a');
  EXPECT_TRUE(To({RecipientOf('a')}).value());
  EXPECT_EQ(OpenedBy('a'), content);
}

TEST_F(Rekey, OfADamagedFileLeavesIt) {
  Encrypt(std::string(200'000, 'x'), 'a');
  std::string damaged = TempDir::Read(path_);
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  ASSERT_TRUE(ReplaceFile(path_, AsBytes(damaged), 0640));
  const auto rekeyed = To({RecipientOf('a')});
  ASSERT_FALSE(rekeyed);
  EXPECT_EQ(rekeyed.error().code, Code::kPayload);
  EXPECT_EQ(TempDir::Read(path_), damaged);
  EXPECT_TRUE(OnlyTheFile());
}

TEST_F(Rekey, OfAFileThatAnotherChangesMeanwhileLeavesIt) {
  Encrypt("content", 'a');
  const auto change = [&] { (void)folder_.Write("x.age", "by another"); };
  const auto rekeyed = To({std::make_shared<Interrupting>(RecipientOf('a'), change)});
  ASSERT_FALSE(rekeyed);
  EXPECT_EQ(rekeyed.error().code, Code::kUnavailable);
  EXPECT_EQ(TempDir::Read(path_), "by another");
  EXPECT_TRUE(OnlyTheFile());
}

TEST_F(Rekey, ReadsBackWhatItWrote) {
  Encrypt("content", 'a');
  const auto rekeyed = To({std::make_shared<Lying>(RecipientOf('a'))});
  ASSERT_FALSE(rekeyed);
  EXPECT_EQ(rekeyed.error().what, "the new file did not read back as it was written");
  EXPECT_EQ(OpenedBy('a'), "content");
  EXPECT_TRUE(OnlyTheFile());
}

TEST_F(Rekey, WithAForeignIdentitySaysSo) {
  Encrypt("content", 'b');
  EXPECT_EQ(To({RecipientOf('a')}).error().code, Code::kNoMatch);
}

/// A change between the sync, which may take long, and the change of names.
TEST(CommitIfUnchanged, WaitsForTheFolderAndLooksAfterThat) {
  const TempDir folder;
  const std::string path = folder.Write("x", "old");
  const FileState before = StateOf(path).value();
  auto file = ReplacementFile::Open(path, 0600);
  ASSERT_TRUE(file->Write(AsBytes("mine")));
  auto lock = LockFolderOf(path, std::chrono::milliseconds(0));
  ASSERT_TRUE(lock);
  auto committed =
      std::async(std::launch::async, [&] { return CommitIfUnchanged(*file, path, before); });
  EXPECT_EQ(committed.wait_for(std::chrono::milliseconds(100)), std::future_status::timeout);
  (void)folder.Write("x", "by another");
  lock->reset();
  const Status done = committed.get();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::kUnavailable);
  EXPECT_EQ(TempDir::Read(path), "by another");
}

TEST(CommitIfUnchanged, LetsTheFirstOfTwoWin) {
  const TempDir folder;
  const std::string path = folder.Write("x", "old");
  const FileState before = StateOf(path).value();
  auto one = ReplacementFile::Open(path, 0600);
  auto two = ReplacementFile::Open(path, 0600);
  ASSERT_TRUE(one->Write(AsBytes("one")));
  ASSERT_TRUE(two->Write(AsBytes("two")));
  EXPECT_TRUE(CommitIfUnchanged(*one, path, before));
  EXPECT_FALSE(CommitIfUnchanged(*two, path, before));
  EXPECT_EQ(TempDir::Read(path), "one");
}

TEST(EnsureUnchanged, TellsFilesThatComeAndGo) {
  const TempDir folder;
  const std::string path = folder / "x";
  EXPECT_TRUE(EnsureUnchanged(path, StateOf(path).value()));
  const FileState absent = StateOf(path).value();
  (void)folder.Write("x", "content");
  EXPECT_FALSE(EnsureUnchanged(path, absent));
  const FileState present = StateOf(path).value();
  EXPECT_TRUE(EnsureUnchanged(path, present));
  std::filesystem::remove(path);
  EXPECT_FALSE(EnsureUnchanged(path, present));
}

}  // namespace
}  // namespace secretfs
