#include "cli/rewrite.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "cli/folder_lock.h"
#include "crypto/age.h"
#include "crypto/encryption.h"
#include "crypto/inspect.h"
#include "providers/fd_source.h"

namespace secretfs {
namespace {

constexpr mode_t kNewMode = 0600;
constexpr std::chrono::seconds kLockPatience{10};

Status Rewind(int fd, const std::string& path) {
  if (::lseek(fd, 0, SEEK_SET) == 0) return Ok{};
  return SystemError(errno, "cannot read again", path);
}

/// Gives the size of the plaintext.
Result<uint64_t> Copy(age::Decryption& from, age::Encryption& to) {
  uint64_t size = 0;
  for (;;) {
    const ByteView chunk = TRY(from.Next());
    if (chunk.empty()) break;
    TRY(to.Write(chunk));
    size += chunk.size();
  }
  TRY(to.Finish());
  return size;
}

Error WrittenWrongly(const std::string& path) {
  return {Code::kIo, "the new file did not read back as it was written", path,
          "the old file is still in its place"};
}

/// That the file is well formed and of the right size shows without a key.
Status CheckForm(int fd, uint64_t size, const std::string& path) {
  TRY(Rewind(fd, path));
  FdSource source(fd, path);
  const auto found = age::Inspect(source);
  return found && found->sizes.payload == size ? Status(Ok{}) : WrittenWrongly(path);
}

/// Both come in chunks of the same size. What cannot be opened cannot be compared.
Status CheckContent(int old_fd, int new_fd, std::span<const age::IdentityPtr> identities,
                    const std::string& path) {
  TRY(Rewind(old_fd, path));
  TRY(Rewind(new_fd, path));
  FdSource new_source(new_fd, path);
  auto written = age::Decryption::Open(new_source, identities);
  if (!written && written.error().code == Code::kNoMatch) return Ok{};
  if (!written) return WrittenWrongly(path);
  FdSource old_source(old_fd, path);
  auto old = TRY(age::Decryption::Open(old_source, identities));
  for (;;) {
    const auto chunk = written->Next();
    const ByteView expected = TRY(old.Next());
    if (!chunk || !ConstantTimeEqual(*chunk, expected)) return WrittenWrongly(path);
    if (expected.empty()) return Ok{};
  }
}

}  // namespace

Result<FileState> StateOf(const std::string& path) {
  auto stamp = StampOf(path);
  if (stamp) return FileState(*stamp);
  if (stamp.error().code == Code::kNotFound) return FileState();
  return std::move(stamp).error();
}

Status EnsureUnchanged(const std::string& path, const FileState& before) {
  if (TRY(StateOf(path)) == before) return Ok{};
  return Error{Code::kUnavailable, "was changed by somebody else in the meantime", path,
               "try again"};
}

Status CommitIfUnchanged(ReplacementFile& file, const std::string& path, const FileState& before) {
  TRY(file.Prepare());
  // Some file systems of the network have no such locks; what is left then is a short moment.
  const auto lock = LockFolderOf(file.target(), kLockPatience);
  if (!lock && lock.error().code == Code::kTimeout) return lock.error();
  TRY(EnsureUnchanged(path, before));
  return file.Commit();
}

Result<bool> RekeyFile(const std::string& path, std::span<const age::IdentityPtr> identities,
                       std::span<const age::RecipientPtr> recipients, const RekeyOptions& options) {
  const UniqueFd old = TRY(OpenRegular(path));
  const FileState before = TRY(StampOf(old.get(), path));
  FdSource source(old.get(), path);
  auto decryption = TRY(age::Decryption::Open(source, identities));
  if (options.warn) std::ranges::for_each(decryption.warnings(), options.warn);
  if (!options.force && TRY(decryption.IsMarkedFor(recipients))) return false;
  if (options.dry_run) return true;
  ReplacementFile file = TRY(ReplacementFile::Open(path, kNewMode));
  ReplacementSink sink(file);
  age::EncryptionOptions form;
  form.armored = options.armored.value_or(decryption.armored());
  form.marked = true;
  auto encryption = TRY(age::Encryption::Begin(sink, recipients, form));
  const uint64_t size = TRY(Copy(decryption, encryption));
  TRY(CheckForm(file.fd(), size, path));
  TRY(EnsureUnchanged(path, before));  // or the old content would seem to be damaged
  TRY(CheckContent(old.get(), file.fd(), identities, path));
  TRY(CommitIfUnchanged(file, path, before));
  return true;
}

}  // namespace secretfs
